// Package fault names the errors that cross Step Functions.
//
// A Name is a wire contract: it stands in the ErrorEquals lists under
// statemachines/, and a test there holds the two together. Errors are named
// once, where they are understood, and survive any number of %w wraps.
package fault

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/smithy-go"
)

// Name is the errorType that Step Functions sees.
type Name string

// The names a state machine may match.
const (
	InvalidInput Name = "InvalidInputError" // the caller's fault; never retried
	NotReady     Name = "NotReadyError"     // no room yet; the workflow waits
	Throttled    Name = "ThrottledError"    // AWS or our own budget said slow down; retried with full jitter
	Conflict     Name = "ConflictError"     // somebody else did it already
	Capacity     Name = "CapacityError"     // this rung of the ladder gave no cluster, the next one may
	JobFailed    Name = "JobFailedError"    // the run cannot go on
	Timeout      Name = "TimeoutError"      // a deadline of ours has passed
	Cancelled    Name = "CancelledError"    // the owner asked for it
	Internal     Name = "InternalError"     // everything unclassified
)

// Names lists every Name, for the contract test of the state machines.
var Names = []Name{InvalidInput, NotReady, Throttled, Conflict, Capacity, JobFailed, Timeout, Cancelled, Internal}

// Error carries a Name through wraps.
type Error struct {
	Name Name
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error named name; format may use %w.
func New(name Name, format string, args ...any) error {
	return &Error{Name: name, Err: fmt.Errorf(format, args...)}
}

// NameOf classifies err. A Name given by us wins over what the cause suggests.
func NameOf(err error) Name {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Name
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	switch Code(err) {
	case "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "ThrottledException",
		"ProvisionedThroughputExceededException", "RequestThrottled", "SlowDown", "Throttling":
		return Throttled
	case "ValidationException", "InvalidRequestException":
		return InvalidInput
	}
	return Internal
}

// Code returns the AWS error code in err's chain, or "".
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Refused says whether err is AWS's own answer that nothing was done, or that
// of our call budget; after any other error of a call nobody knows.
func Refused(err error) bool {
	if NameOf(err) == Throttled {
		return true
	}
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorFault() == smithy.FaultClient || NameOf(err) != Internal)
}

// Lambda converts err into the value that aws-lambda-go reports verbatim. It
// must be returned by value and unwrapped: anything else arrives as the bare
// Go type name.
func Lambda(err error) error {
	if err == nil {
		return nil
	}
	return messages.InvokeResponse_Error{Type: string(NameOf(err)), Message: err.Error()}
}
