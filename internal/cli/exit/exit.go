// Package exit carries an exit code from where it is known to main.
//
// The codes are a promise to scripts: 0 it worked, 1 the run failed or
// something went wrong, 2 the command line or the request is wrong, 130
// interrupted. Only submit ends with others: those of the job that it ran,
// job.NothingToDo among them.
package exit

import (
	"errors"
	"fmt"
)

// The codes.
const (
	OK          = 0
	Failed      = 1
	Usage       = 2 // the command line is wrong, or the request was rejected
	Interrupted = 130
)

// Error is an error with its exit code. Without Err everything was said before.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Silently ends the program with code, after everything was said. Nil for 0.
func Silently(code int) error {
	if code == OK {
		return nil
	}
	return &Error{Code: code}
}

// Misuse says what is wrong with the command line; format may use %w.
func Misuse(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// CodeOf returns the code that err ends the program with.
func CodeOf(err error) int {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Failed
}

// Silent says whether there is nothing left to tell of err.
func Silent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil
}
