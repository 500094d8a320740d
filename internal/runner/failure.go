package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"ephemr/internal/job"
	"ephemr/internal/quality"
	"ephemr/internal/runner/archive"
)

// failure is an error with its class and exit code.
type failure struct {
	class job.Class
	code  int
	err   error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func invalid(format string, args ...any) error {
	return &failure{job.ClassInvalid, exitInvalid, fmt.Errorf(format, args...)}
}

// explain adds the operation that failed, in one line, and classifies the error.
func explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return classify(fmt.Errorf("%s: %w", what, err))
}

func classify(err error) error {
	switch err = brief(err); errCode(err) {
	case "NoSuchKey", "NoSuchBucket", "NotFound":
		return &failure{job.ClassInvalid, exitInvalid, fmt.Errorf("%w (it does not exist)", err)}
	case "AccessDenied", "AccessDeniedException", "Forbidden", "AllAccessDisabled", "KMS.DisabledException",
		"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
		return &failure{job.ClassPermission, exitPermission, fmt.Errorf("%w (or it does not exist and the role may not list the bucket)", err)}
	}
	return err
}

// briefError reduces an AWS error to its code and message.
type briefError struct {
	text string
	err  error
}

func (e *briefError) Error() string { return e.text }
func (e *briefError) Unwrap() error { return e.err }

// brief removes what the SDK adds: the call, the request ids, the tries.
func brief(err error) error {
	op, ok := errors.AsType[*smithy.OperationError](err)
	api, refused := errors.AsType[smithy.APIError](err)
	if !ok || !refused {
		return err
	}
	return &briefError{strings.Replace(err.Error(), op.Error(), api.ErrorCode()+": "+api.ErrorMessage(), 1), err}
}

// final reports whether a retry cannot succeed.
func final(err error) bool {
	_, classed := errors.AsType[*failure](err)
	_, taken := asConflict(err)
	return classed || taken
}

// ended turns the error that ended an attempt into its Result.
func ended(ctx context.Context, err error) job.Result {
	res := job.Result{Class: job.ClassInternal, ExitCode: exitInternal, Reason: err.Error()}
	f, classed := errors.AsType[*failure](err)
	_, badZip := errors.AsType[*archive.InvalidError](err)
	_, badCheck := errors.AsType[*quality.InvalidError](err)
	switch {
	case classed:
		res.Class, res.ExitCode = f.class, f.code
	case badZip, badCheck, isFull(err):
		res.Class, res.ExitCode = job.ClassInvalid, exitInvalid
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		res.Class, res.ExitCode = job.ClassTimeout, exitTimeout
	case ctx.Err() != nil:
		res.Class, res.ExitCode, res.Reason = job.ClassCancelled, exitCancelled, "cancelled before the program had started"
	}
	return res
}

func errCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
