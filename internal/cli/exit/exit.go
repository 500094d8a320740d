// Package exit carries an exit code from where it is decided to main.
//
// Scripts rely on the codes: 0 success, 1 the run failed or an error occurred,
// 2 the command line or the request is wrong, 3 apply would change something (diff and
// apply --dry-run), 130 interrupted. Only submit exits with others: those of the job
// that it ran, including job.NothingToDo.
package exit

import (
	"errors"
	"fmt"
)

// The codes.
const (
	CodeOK          = 0
	CodeFailed      = 1
	CodeUsage       = 2 // the command line is wrong, or the request was rejected
	CodeDifferent   = 3 // diff and apply --dry-run: apply would change something
	CodeInterrupted = 130
)

// Error is an error with its exit code. Without Err, nothing is printed.
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

// Silent returns an error that ends the program with code and prints nothing;
// nil for 0.
func Silent(code int) error {
	if code == CodeOK {
		return nil
	}
	return &Error{Code: code}
}

// Usage returns an error in the command line or the request; format may use %w.
func Usage(format string, args ...any) error {
	return &Error{Code: CodeUsage, Err: fmt.Errorf(format, args...)}
}

// CodeOf returns the code that err ends the program with.
func CodeOf(err error) int {
	if err == nil {
		return CodeOK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeFailed
}

// IsSilent reports whether nothing is printed for err.
func IsSilent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil
}
