// Package awsapi narrows the SDK's clients to the operations that functions
// call.
//
// A client that is converted to an interface costs a function megabytes: where
// anything in the binary uses reflect's MethodByName, as text/template does, Go's
// linker keeps every exported method of every type that may be in an interface,
// and with the methods of a client all operations of its service, their types and
// their serializers. The values of this package hold method values of the
// operations instead of the client, so that no interface leads to the client's
// type. Nothing else in a function may convert a client to an interface.
package awsapi

import "context"

// Operation is one operation of a service, as a method of its client.
type Operation[In, Out, Options any] = func(context.Context, *In, ...func(*Options)) (*Out, error)
