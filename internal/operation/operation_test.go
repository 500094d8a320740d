package operation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/audit"
	"ephemr/internal/entry"
	"ephemr/internal/operation"
)

// What the operations do to runs and clusters is shown in statemachines, in
// internal/emr/cluster and in internal/emr/resize.

type request struct {
	RunID string `json:"runId"`
	Kill  bool   `json:"kill,omitempty"`
}

// handler answers with the operation's name and its request.
func handler() *operation.Handler {
	echo := func(op operation.Op) operation.Func {
		return operation.Of(func(_ context.Context, in request) (map[operation.Op]request, error) {
			if in.RunID == "broken" {
				return nil, errors.New("broken")
			}
			return map[operation.Op]request{op: in}, nil
		})
	}
	return &operation.Handler{
		Cancel: echo(operation.Cancel), Approve: echo(operation.Approve), Retry: echo(operation.Retry), Resize: echo(operation.Resize), Terminate: echo(operation.Terminate),
		Redo: echo(operation.Redo), Feed: echo(operation.Feed),
		Pause: echo(operation.Pause), Resume: echo(operation.Resume), Delete: echo(operation.Delete), Rollback: echo(operation.Rollback),
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	for _, op := range []operation.Op{
		operation.Cancel, operation.Retry, operation.Resize, operation.Terminate, operation.Approve, operation.Redo, operation.Feed,
		operation.Pause, operation.Resume, operation.Delete, operation.Rollback,
	} {
		in := request{RunID: "r", Kill: op == operation.Cancel}
		payload, err := operation.Payload(op, in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := handler().Handle(t.Context(), payload)
		if err != nil {
			t.Errorf("%s: %v", op, err)
		}
		if diff := cmp.Diff(any(map[operation.Op]request{op: in}), out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", op, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const list = `; the operations are cancel, retry, approve, resize, terminate, redo, feed, pause, resume, delete, rollback, unpublish, silence, backfill, pause-backfill, resume-backfill, cancel-backfill, retry-backfill (example: {"op": "cancel", "runId": "…"})`
	for payload, want := range map[string]string{ //nolint:gosec // the token is refused
		`{"op": "abort", "runId": "r"}`: `there is no operation "abort"`,
		`{"runId": "r"}`:                "the request names no operation",
		`{"op": 1}`:                     "the request names no operation",
		`{"op": null}`:                  "the request names no operation",
		`{}`:                            "the request names no operation",
		`null`:                          "the request names no operation",
		`[]`:                            "read request: ",
		`{"op": "cancel", "runid": "r", "why2": ""}`:     `cancel: unknown field "why2"`,
		`{"op": "retry", "runId": "r", "token": "t"}`:    `retry: unknown field "token"`,
		`{"op": "cancel", "runId": 7}`:                   "cancel: cannot unmarshal number",
		`{"cancel": {"runId": "r"}}`:                     "the request names no operation",
		`{"op": "terminate", "hand": {"clusterId": ""}}`: `terminate: unknown field "hand"`,
	} {
		_, err := entry.Wrap(handler().Handle)(t.Context(), json.RawMessage(payload))
		e, _ := errors.AsType[messages.InvokeResponse_Error](err)
		if e.Type != "InvalidInputError" || !strings.HasPrefix(e.Message, want) || !strings.HasSuffix(e.Message, list) {
			t.Errorf("%s: %s: %s", payload, e.Type, e.Message)
		}
	}
	_, err := handler().Handle(t.Context(), json.RawMessage(`{"op": "retry", "runId": "broken"}`))
	if err == nil || err.Error() != "broken" {
		t.Errorf("an error of an operation is %v", err)
	}
}

// trail keeps what was recorded, in order: a request before it is carried out, and its outcome.
type trail struct{ lines []string }

func (r *trail) Begin(_ context.Context, e audit.Entry) (func(context.Context, error), error) {
	if e.By == "nobody" {
		return nil, errors.New("no record")
	}
	r.lines = append(r.lines, fmt.Sprintf("%s %s %s%s %s", e.By, e.Action, e.RunID, e.Pipeline, e.Detail))
	return func(_ context.Context, err error) { r.lines = append(r.lines, fmt.Sprint(err)) }, nil
}

// Who asks for an operation is recorded with its options, and without params; without a record nothing is done.
func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	done := 0
	do := operation.Of(func(_ context.Context, in map[string]any) (struct{}, error) {
		done++
		if in["runId"] == "broken" {
			return struct{}{}, errors.New("broken")
		}
		return struct{}{}, nil
	})
	r := &trail{}
	h := &operation.Handler{Trail: r, Cancel: do, Approve: do, Silence: do, Resize: do, Backfill: do}
	for _, payload := range []string{
		`{"op": "cancel", "caller": "anna", "runId": "r", "why": "wrong input", "kill": true}`,
		`{"op": "cancel", "caller": "anna", "runId": "broken"}`,
		`{"op": "approve", "caller": "anna", "by": "arn:aws:iam::1:user/anna", "runId": "r", "refuse": true}`,
		`{"op": "silence", "caller": "anna", "pipeline": "p"}`,
		`{"op": "resize", "caller": "anna", "runId": "r", "look": true}`,
		`{"op": "backfill", "caller": "anna", "pipeline": "p", "params": {"password": "hunter2"}}`,
		`{"op": "cancel", "caller": "nobody", "runId": "r"}`,
		`{"op": "abort", "caller": "anna"}`,
	} {
		_, _ = h.Handle(t.Context(), json.RawMessage(payload))
	}
	want := []string{
		"anna cancel r map[kill:true why:wrong input]", "<nil>", "anna cancel broken map[]", "broken",
		"arn:aws:iam::1:user/anna approve r map[refuse:true]", "<nil>", "anna unsilence p map[]", "<nil>", "anna backfill p map[]", "<nil>",
	}
	if diff := cmp.Diff(want, r.lines); diff != "" || done != 6 {
		t.Errorf("%d done (-want +got):\n%s", done, diff)
	}
}
