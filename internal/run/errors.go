package run

import (
	"errors"
	"fmt"
)

// UsedError is the error for a request id that was used for a different request.
type UsedError struct{ RequestID, RunID string }

func (e *UsedError) Error() string {
	return fmt.Sprintf("request id %s was used before, for something else, and made run %s; send a new id with each request", e.RequestID, e.RunID)
}

// TakenError is the error for a request whose run would have the id of a run that
// another request made.
type TakenError struct{ RunID string }

func (e *TakenError) Error() string {
	return "run " + e.RunID + " was made by another request and has the id that this one would get; change the request id or the logical time"
}

// IsRefused reports whether err is, or wraps, a UsedError or a TakenError: the
// request can never become a run.
func IsRefused(err error) bool {
	_, used := errors.AsType[*UsedError](err)
	_, taken := errors.AsType[*TakenError](err)
	return used || taken
}

// UnknownError is the error for a run that does not exist.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string {
	return "run " + e.ID + " is not known; ephemr runs lists those that are"
}

// IsUnknown reports whether err is, or wraps, an UnknownError.
func IsUnknown(err error) bool {
	_, ok := errors.AsType[*UnknownError](err)
	return ok
}
