// Package operation is the control function: the operations on runs, clusters and
// registered pipelines that people start, a closed set. A request names its operation and has the
// fields of that operation's request, like
//
//	{"op": "cancel", "runId": "flights-daily-20260102T0300-0a1b2c3d", "why": "wrong input"}
//
// No request carries a task token: who may invoke the function must not be able
// to register one.
package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ephemr/internal/audit"
	"ephemr/internal/fault"
)

// Op names an operation.
type Op string

// The operations.
const (
	Cancel    Op = "cancel"
	Approve   Op = "approve"
	Retry     Op = "retry"
	Resize    Op = "resize"
	Terminate Op = "terminate"
	Redo      Op = "redo"
	Feed      Op = "feed"
	Pause     Op = "pause"
	Resume    Op = "resume"
	Delete    Op = "delete"
	Rollback  Op = "rollback"
	Unpublish Op = "unpublish"
	Silence   Op = "silence"

	Backfill       Op = "backfill"
	PauseBackfill  Op = "pause-backfill"
	ResumeBackfill Op = "resume-backfill"
	CancelBackfill Op = "cancel-backfill"
	RetryBackfill  Op = "retry-backfill"
)

// all are the operations in the order of messages.
var all = []Op{Cancel, Retry, Approve, Resize, Terminate, Redo, Feed, Pause, Resume, Delete, Rollback, Unpublish, Silence, Backfill, PauseBackfill, ResumeBackfill, CancelBackfill, RetryBackfill}

// Payload is the request of an operation as the function reads it.
func Payload(op Op, request any) (json.RawMessage, error) { return PayloadFrom("", op, request) }

// PayloadFrom is Payload with the name of the caller, for the record.
func PayloadFrom(caller string, op Op, request any) (json.RawMessage, error) {
	fields, err := fieldsOf(request)
	if err != nil {
		return nil, fmt.Errorf("encode request to %s: %w", op, err)
	}
	if fields["op"], err = json.Marshal(op); err != nil {
		return nil, fmt.Errorf("encode request to %s: %w", op, err)
	}
	if caller != "" {
		if fields["caller"], err = json.Marshal(caller); err != nil {
			return nil, fmt.Errorf("encode request to %s: %w", op, err)
		}
	}
	return json.Marshal(fields)
}

func fieldsOf(request any) (map[string]json.RawMessage, error) {
	data, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	return fields, json.Unmarshal(data, &fields)
}

// Func carries out an operation. Its argument is the request without its op.
type Func func(ctx context.Context, request json.RawMessage) (any, error)

// Of makes a Func of do, which refuses requests with fields that do does not have.
func Of[In, Out any](do func(context.Context, In) (Out, error)) Func {
	return func(ctx context.Context, request json.RawMessage) (any, error) {
		d := json.NewDecoder(bytes.NewReader(request))
		d.DisallowUnknownFields()
		var in In
		if err := d.Decode(&in); err != nil {
			return nil, &requestError{err}
		}
		return do(ctx, in)
	}
}

// requestError says what is wrong with the fields of a request.
type requestError struct{ err error }

func (e *requestError) Error() string { return strings.TrimPrefix(e.err.Error(), "json: ") }

// Trail records requests before they are carried out, and their outcome.
type Trail interface {
	Begin(ctx context.Context, e audit.Entry) (end func(context.Context, error), _ error)
}

// Handler is the control function.
type Handler struct {
	Trail Trail // nil = none

	Cancel    Func
	Approve   Func
	Retry     Func
	Resize    Func
	Terminate Func
	Redo      Func
	Feed      Func
	Pause     Func
	Resume    Func
	Delete    Func
	Rollback  Func
	Unpublish Func
	Silence   Func

	Backfill       Func
	PauseBackfill  Func
	ResumeBackfill Func
	CancelBackfill Func
	RetryBackfill  Func
}

// of is what carries out an operation, or nil.
func (h *Handler) of(op Op) Func {
	return map[Op]Func{
		Cancel: h.Cancel, Retry: h.Retry, Resize: h.Resize, Terminate: h.Terminate, Approve: h.Approve, Redo: h.Redo, Feed: h.Feed,
		Pause: h.Pause, Resume: h.Resume, Delete: h.Delete, Rollback: h.Rollback, Unpublish: h.Unpublish, Silence: h.Silence,
		Backfill: h.Backfill, PauseBackfill: h.PauseBackfill, ResumeBackfill: h.ResumeBackfill, CancelBackfill: h.CancelBackfill, RetryBackfill: h.RetryBackfill,
	}[op]
}

// Handle carries out the operation that the request names.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return nil, refused("read request: %w", err)
	}
	var op Op
	if err := json.Unmarshal(fields["op"], &op); err != nil || op == "" {
		return nil, refused("the request names no operation")
	}
	do := h.of(op)
	if do == nil {
		return nil, refused("there is no operation %q", op)
	}
	end, err := h.begin(ctx, op, fields)
	if err != nil {
		return nil, err
	}
	out, err := carryOut(ctx, op, do, fields)
	end(ctx, err)
	return out, err
}

// carryOut calls do with the fields of its request.
func carryOut(ctx context.Context, op Op, do Func, fields map[string]json.RawMessage) (any, error) {
	delete(fields, "op")
	delete(fields, "caller")
	request, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encode request to %s: %w", op, err)
	}
	out, err := do(ctx, request)
	if wrong, ok := errors.AsType[*requestError](err); ok {
		return nil, refused("%s: %s", op, wrong)
	}
	return out, err
}

// refused lists the operations.
func refused(format string, args ...any) error {
	var names []string
	for _, op := range all {
		names = append(names, string(op))
	}
	return fault.New(fault.InvalidInput, format+`; the operations are %s (example: {"op": "cancel", "runId": "…"})`,
		append(args, strings.Join(names, ", "))...)
}
