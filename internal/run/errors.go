package run

import (
	"errors"
	"fmt"
)

// UsedError says that a request id was used before, for something else.
type UsedError struct{ RequestID, RunID string }

func (e *UsedError) Error() string {
	return fmt.Sprintf("request id %s was used before, for something else, and made run %s; send a new id with each request", e.RequestID, e.RunID)
}

// UnknownError says that there is no run with this id.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string {
	return "run " + e.ID + " is not known; ephemr runs lists those that are"
}

// IsUnknown says whether err is, or wraps, an UnknownError.
func IsUnknown(err error) bool {
	_, ok := errors.AsType[*UnknownError](err)
	return ok
}
