// Package fault names the errors that cross Step Functions.
//
// A Name is part of a wire contract: the ErrorEquals lists under statemachines/
// match it, and a test there compares the two. Errors are named once, where
// their cause is known, and keep the name through any number of %w wraps.
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
	InvalidInput Name = "InvalidInputError" // the input is wrong; never retried
	Permission   Name = "PermissionError"   // AWS denied access; never retried
	NotReady     Name = "NotReadyError"     // limits are reached; the workflow waits
	Throttled    Name = "ThrottledError"    // throttled by AWS or by our call budget; retried with full jitter
	Conflict     Name = "ConflictError"     // another caller has changed it already
	Limit        Name = "LimitError"        // a limit of AWS is reached; never retried
	CostLimit    Name = "CostLimitError"    // the run would cost more than its pipeline allows
	Capacity     Name = "CapacityError"     // no cluster with this fallback of the profile; the next one may succeed
	Data         Name = "DataError"         // the data that a run has written is not as it must be
	JobFailed    Name = "JobFailedError"    // the run cannot continue
	Timeout      Name = "TimeoutError"      // a deadline has passed
	Cancelled    Name = "CancelledError"    // cancelled on request
	Internal     Name = "InternalError"     // everything unclassified
)

// Names lists every Name, for the contract test of the state machines.
var Names = []Name{InvalidInput, Permission, NotReady, Throttled, Conflict, Limit, CostLimit, Capacity, Data, JobFailed, Timeout, Cancelled, Internal}

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

// NameOf classifies err. A Name that was set takes precedence over the AWS error code.
func NameOf(err error) Name {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Name
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	return codes[Code(err)].nameOr(Internal)
}

// Code returns the AWS error code in err's chain, or "".
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Lambda converts err into the value that aws-lambda-go reports as errorType and
// message. It must be returned by value and unwrapped: for any other error the
// errorType is the name of its Go type.
func Lambda(err error) error {
	if err == nil {
		return nil
	}
	return messages.InvokeResponse_Error{Type: string(NameOf(err)), Message: err.Error()}
}
