package asl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/asl"
)

func parse(t testing.TB, def string) *asl.Machine {
	t.Helper()
	m, err := asl.Parse([]byte(def))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func named(name string) error { return messages.InvokeResponse_Error{Type: name, Message: "because"} }

// answers returns a function that answers its calls in turn: an error, or the
// JSON of a value. The last one repeats.
func answers(list ...any) asl.Function {
	i := -1
	return func(context.Context, json.RawMessage) (json.RawMessage, error) {
		i = min(i+1, len(list)-1)
		if err, ok := list[i].(error); ok {
			return nil, err
		}
		return json.Marshal(list[i])
	}
}

func start1(t *testing.T, e *asl.Engine, m *asl.Machine, fn asl.Function) string {
	t.Helper()
	out, err := e.StartExecution(t.Context(), &sfn.StartExecutionInput{
		StateMachineArn: new(e.Deploy("work", m, asl.Functions{"WorkFunction": fn})), Name: new("x"), Input: new(`{"s":"text"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ExecutionArn
}

func echo(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }

// taskWith is a machine of one task with the fields in more, and the states A
// and B if something leads there.
func taskWith(more string) string {
	def := `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
		"Parameters":{"FunctionName":"${WorkFunction}","Payload.$":"$"},"ResultSelector":{"got.$":"$.Payload"},"End":true` + more + `}`
	for _, s := range []string{"A", "B"} {
		if strings.Contains(more, `"Next":"`+s+`"`) {
			def += `,"` + s + `":{"Type":"Succeed"}`
		}
	}
	return def + "}}"
}

func TestRetryAndCatch(t *testing.T) {
	t.Parallel()
	slow := func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	large := func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.Marshal(strings.Repeat("x", 256<<10))
	}
	tests := map[string]struct {
		more    string
		fn      asl.Function
		status  asl.Status
		err     string
		path    []string
		took    time.Duration
		retries int
	}{
		"defaults are three retries from a second, doubling": {
			more: `,"Retry":[{"ErrorEquals":["E"]}]`, fn: answers(named("E")), status: asl.Failed, err: "E", took: 7 * time.Second, retries: 3,
		},
		"success after retries": {
			more: `,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":2,"BackoffRate":1}]`, fn: answers(named("E"), named("E"), 1), status: asl.Succeeded, took: 4 * time.Second, retries: 2,
		},
		"delay is capped": {
			more: `,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":10,"BackoffRate":3,"MaxDelaySeconds":20,"MaxAttempts":3}]`, fn: answers(named("E")), status: asl.Failed, err: "E", took: 50 * time.Second, retries: 3,
		},
		"no attempts": {
			more: `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":0}]`, fn: answers(named("E")), status: asl.Failed, err: "E",
		},
		"retriers count apart": {
			more: `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1},{"ErrorEquals":["F"],"MaxAttempts":1,"IntervalSeconds":5}]`,
			fn:   answers(named("E"), named("F"), named("E")), status: asl.Failed, err: "E", took: 6 * time.Second, retries: 2,
		},
		"the first match decides": {
			more: `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1},{"ErrorEquals":["States.ALL"],"MaxAttempts":9}]`, fn: answers(named("E")), status: asl.Failed, err: "E", took: time.Second, retries: 1,
		},
		"catch after the retries": {
			more: `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}],"Catch":[{"ErrorEquals":["F"],"Next":"A"},{"ErrorEquals":["States.ALL"],"Next":"B"}]`,
			fn:   answers(named("E")), status: asl.Succeeded, path: []string{"Work", "B"}, took: time.Second, retries: 1,
		},
		"TaskFailed matches any task error": {
			more: `,"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"A"}]`, fn: answers(named("E")), status: asl.Succeeded, path: []string{"Work", "A"},
		},
		"TaskFailed does not match a timeout": {
			more: `,"TimeoutSeconds":60,"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"A"},{"ErrorEquals":["States.Timeout"],"Next":"B"}]`,
			fn:   slow, status: asl.Succeeded, path: []string{"Work", "B"}, took: time.Minute,
		},
		"ALL matches a timeout": {
			more: `,"TimeoutSeconds":60,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"}]`, fn: slow, status: asl.Succeeded, path: []string{"Work", "A"}, took: time.Minute,
		},
		"a timeout without a catcher fails": {
			more: `,"TimeoutSeconds":60`, fn: slow, status: asl.Failed, err: "States.Timeout", took: time.Minute,
		},
		"ALL does not match a payload that is too large": {
			more: `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"}]`, fn: large, status: asl.Failed, err: "States.DataLimitExceeded",
		},
		"its name does": {
			more: `,"Catch":[{"ErrorEquals":["States.DataLimitExceeded"],"Next":"A"}]`, fn: large, status: asl.Succeeded, path: []string{"Work", "A"},
		},
		"nothing matches States.Runtime": {
			more: `,"InputPath":"$.nope","Catch":[{"ErrorEquals":["States.Runtime"],"Next":"A"},{"ErrorEquals":["States.ALL"],"Next":"B"}]`, fn: echo, status: asl.Failed, err: "States.Runtime",
		},
		"a Lambda's own timeout": {fn: slow, status: asl.Failed, err: "Sandbox.Timedout", took: 15 * time.Minute},
		"an unnamed error has its Go type": {
			more: `,"Catch":[{"ErrorEquals":["wrapError"],"Next":"A"}]`, fn: answers(fmt.Errorf("x: %w", named("E"))), status: asl.Succeeded, path: []string{"Work", "A"},
		},
		"a catcher's result path must fit": {
			more: `,"Catch":[{"ErrorEquals":["E"],"ResultPath":"$.s.t","Next":"A"}]`, fn: answers(named("E")), status: asl.Failed, err: "States.ResultPathMatchFailure",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := parse(t, taskWith(tt.more))
				start := time.Now()
				engine := asl.NewEngine(asl.EngineConfig{})
				defer engine.Close()
				arn := start1(t, engine, m, tt.fn)
				r, err := engine.Wait(t.Context(), arn)
				if took := time.Since(start); err != nil || took != tt.took {
					t.Errorf("took %s, want %s; %v", took, tt.took, err)
				}
				if tt.path == nil {
					tt.path = []string{"Work"}
				}
				if r.Status != tt.status || r.Error != tt.err {
					t.Errorf("got %s %s: %s", r.Status, r.Error, r.Cause)
				}
				if d := cmp.Diff(tt.path, r.Path); d != "" {
					t.Error(d)
				}
				if want := len(tt.path) + tt.retries; r.Transitions != want {
					t.Errorf("got %d transitions, want %d", r.Transitions, want)
				}
			})
		})
	}
}

func TestFullJitterIsSeededAndBounded(t *testing.T) {
	t.Parallel()
	took := func(seed uint64) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			m := parse(t, taskWith(`,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":100,"JitterStrategy":"FULL","MaxAttempts":4}]`))
			m.Run(t.Context(), asl.Execution{Name: "x", Seed: seed}, asl.Functions{"WorkFunction": answers(named("E"))})
			d = time.Since(start)
		})
		return d
	}
	a, b, c := took(1), took(1), took(2)
	if a != b || a == c || a <= 0 || a > 1500*time.Second {
		t.Errorf("got %s, %s with one seed and %s with another", a, b, c)
	}
}

func TestErrorReachesTheNextState(t *testing.T) {
	t.Parallel()
	m := parse(t, `{"StartAt":"Work","States":{
		"Work":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"End"}],"End":true},
		"End":{"Type":"Fail","ErrorPath":"$.error.Error","CausePath":"$.error.Cause"}}}`)
	r := m.Run(t.Context(), asl.Execution{Input: json.RawMessage(`{"id":"r-1"}`)}, asl.Functions{"f": answers(named("CapacityError"))})
	want := asl.Result{
		Status: asl.Failed, Error: "CapacityError", Cause: `{"errorMessage":"because","errorType":"CapacityError"}`,
		Path: []string{"Work", "End"}, Transitions: 2, Events: 9,
	}
	if d := cmp.Diff(want, r); d != "" {
		t.Error(d)
	}
}

func TestDataFlow(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ state, input, want string }{
		"result replaces input":      {`"ResultSelector":{"v.$":"$.Payload"}`, `{"a":1}`, `{"v":{"a":1}}`},
		"whole result":               {`"Comment":"x"`, `1`, `{"ExecutedVersion":"$LATEST","Payload":1,"StatusCode":200}`},
		"result path":                {`"ResultSelector":{"v.$":"$.Payload.a"},"ResultPath":"$.x.y"`, `{"a":1}`, `{"a":1,"x":{"y":{"v":1}}}`},
		"discarded result":           {`"ResultPath":null`, `{"a":1}`, `{"a":1}`},
		"input and output path":      {`"InputPath":"$.a","ResultPath":"$.r","OutputPath":"$.r.Payload"`, `{"a":{"b":[1,2]}}`, `{"b":[1,2]}`},
		"input discarded":            {`"InputPath":null,"OutputPath":"$.Payload"`, `{"a":1}`, `{}`},
		"output discarded":           {`"OutputPath":null`, `{"a":1}`, `{}`},
		"large numbers stay":         {`"OutputPath":"$.Payload"`, `{"a":12345678901234567890}`, `{"a":12345678901234567890}`},
		"selector sees the context":  {`"ResultSelector":{"n.$":"$$.State.Name","c.$":"$$.State.RetryCount"}`, `{}`, `{"c":0,"n":"Work"}`},
		"selector with an array":     {`"ResultSelector":{"n":["x",{"y.$":"$.Payload['a b'][1]"}]}`, `{"a b":[1,2]}`, `{"n":["x",{"y":2}]}`},
		"nothing escaped":            {`"OutputPath":"$.Payload"`, `{"a":"<&>"}`, `{"a":"<&>"}`},
		"execution context in input": {`"InputPath":"$$.Execution.Name","OutputPath":"$.Payload"`, `{}`, `"run-1"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"End":true,`+tt.state+`}}}`)
			r := m.Run(t.Context(), asl.Execution{Name: "run-1", Input: json.RawMessage(tt.input)}, asl.Functions{"f": echo})
			if string(r.Output) != tt.want {
				t.Errorf("got %s %s %s, want %s", r.Output, r.Error, r.Cause, tt.want)
			}
		})
	}
}

func TestMissingPathIsARuntimeError(t *testing.T) {
	t.Parallel()
	m := parse(t, `{"StartAt":"P","States":{"P":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"y.$":"$.nope"}},"End":true}}}`)
	r := m.Run(t.Context(), asl.Execution{Input: json.RawMessage(`{"a":1}`)}, nil)
	if r.Error != "States.Runtime" || !strings.Contains(r.Cause, `The JSONPath '$.nope' specified for the field 'y.$' could not be found in the input '{"a":1}'`) {
		t.Errorf("got %s: %s", r.Error, r.Cause)
	}
}

func TestChoice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		test, input string
		want        bool
	}{
		"string":      {`"Variable":"$.a","StringEquals":"x"`, `{"a":"x"}`, true},
		"other type":  {`"Variable":"$.a","StringEquals":"1"`, `{"a":1}`, false},
		"boolean":     {`"Variable":"$.a","BooleanEquals":false`, `{"a":false}`, true},
		"boolean not": {`"Variable":"$.a","BooleanEquals":true`, `{"a":"true"}`, false},
		"null":        {`"Variable":"$.a","StringEquals":""`, `{"a":null}`, false},
		"an object":   {`"Variable":"$.a","StringEquals":"x"`, `{"a":{"b":"x"}}`, false},
		"context":     {`"Variable":"$$.Execution.Name","StringEquals":"x"`, `{}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{`+tt.test+`,"Next":"Yes"}],"Default":"No"},"Yes":{"Type":"Succeed"},"No":{"Type":"Succeed"}}}`)
			r := m.Run(t.Context(), asl.Execution{Name: "x", Input: json.RawMessage(tt.input)}, nil)
			want := []string{"C", "No"}
			if tt.want {
				want[1] = "Yes"
			}
			if d := cmp.Diff(want, r.Path); d != "" {
				t.Error(r, d)
			}
		})
	}
}

func TestChoiceFails(t *testing.T) {
	t.Parallel()
	m := parse(t, `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.a","StringEquals":"x","Next":"Yes"}]},"Yes":{"Type":"Succeed"}}}`)
	if r := m.Run(t.Context(), asl.Execution{Input: json.RawMessage(`{"a":1}`)}, nil); r.Error != "States.NoChoiceMatched" {
		t.Errorf("got %+v", r)
	}
	if r := m.Run(t.Context(), asl.Execution{}, nil); r.Error != "States.Runtime" {
		t.Errorf("got %+v", r)
	}
}

func TestMachineTimeoutAndAbort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := parse(t, `{"StartAt":"W","TimeoutSeconds":60,"States":{"W":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true}}}`)
		run := func(ctx context.Context, seconds int) asl.Result {
			return m.Run(ctx, asl.Execution{}, asl.Functions{"f": func(context.Context, json.RawMessage) (json.RawMessage, error) {
				time.Sleep(time.Duration(seconds) * time.Second)
				return json.RawMessage("{}"), nil
			}})
		}
		if r := run(t.Context(), 61); r.Status != asl.TimedOut || r.Error != "States.Timeout" {
			t.Errorf("got %+v", r)
		}
		if r := run(t.Context(), 59); r.Status != asl.Succeeded {
			t.Errorf("got %+v", r)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if r := run(ctx, 59); r.Status != asl.Aborted {
			t.Errorf("got %+v", r)
		}
	})
}
