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

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/asl"
)

const waitMachine = `{"StartAt":"Wait","States":{"Wait":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken",
	"Parameters":{"FunctionName":"${RegisterFunction}","Payload":{"token.$":"$$.Task.Token","try.$":"$$.State.RetryCount"}},
	"TimeoutSeconds":100,"Retry":[{"ErrorEquals":["States.Timeout","Again"],"MaxAttempts":1}],"End":true}}}`

// waiter is a function that remembers the tokens it gets.
type waiter struct {
	tokens []string
	err    error
	also   func(token string)
}

func (w *waiter) register(_ context.Context, in json.RawMessage) (json.RawMessage, error) {
	var p struct{ Token string }
	if err := json.Unmarshal(in, &p); err != nil {
		return nil, err
	}
	w.tokens = append(w.tokens, p.Token)
	if w.also != nil {
		w.also(p.Token)
	}
	return json.RawMessage(`"ignored"`), w.err
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func success(e *asl.Engine, token, output string) string {
	_, err := e.SendTaskSuccess(context.Background(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: &output})
	return code(err)
}

func failed(e *asl.Engine, token, name string) string {
	_, err := e.SendTaskFailure(context.Background(), &sfn.SendTaskFailureInput{TaskToken: &token, Error: &name, Cause: new("cause")})
	return code(err)
}

// pass lets time pass and everything that it has set off come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// inBubble runs test with an engine and an execution "r-1" of waitMachine.
func inBubble(t *testing.T, w *waiter, test func(t *testing.T, e *asl.Engine, arn string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := asl.NewEngine(asl.EngineConfig{})
		defer e.Close()
		machine := e.Deploy("run", parse(t, waitMachine), asl.Functions{"${RegisterFunction}": w.register})
		out, err := e.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: new("r-1")})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		test(t, e, *out.ExecutionArn)
	})
}

func TestTokenAnswer(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, arn string) {
		pass(99 * time.Second)
		got := []string{success(e, w.tokens[0], `{"state":"READY"}`), success(e, w.tokens[0], `{}`), failed(e, w.tokens[0], "E")}
		if d := cmp.Diff([]string{"<nil>", "TaskTimedOut", "TaskTimedOut"}, got); d != "" {
			t.Error(d)
		}
		r, err := e.Wait(t.Context(), arn)
		if err != nil || string(r.Output) != `{"state":"READY"}` || r.Transitions != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, _ string) {
		other := asl.NewEngine(asl.EngineConfig{})
		defer other.Close()
		got := []string{success(e, "not a token", `{}`), success(other, w.tokens[0], `{}`), success(e, w.tokens[0], `{`)}
		if d := cmp.Diff([]string{"InvalidToken", "TaskDoesNotExist", "InvalidOutput"}, got); d != "" {
			t.Error(d)
		}
	})
}

func TestTokenOfARetryIsNew(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, arn string) {
		pass(102 * time.Second) // timeout and retry
		if len(w.tokens) != 2 || w.tokens[0] == w.tokens[1] {
			t.Fatalf("got tokens %v", w.tokens)
		}
		if got := success(e, w.tokens[0], `1`); got != "TaskTimedOut" {
			t.Errorf("the old token: %s", got)
		}
		if got := success(e, w.tokens[1], `2`); got != "<nil>" {
			t.Errorf("the new token: %s", got)
		}
		if r, err := e.Wait(t.Context(), arn); err != nil || string(r.Output) != "2" || r.Transitions != 2 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestTokenFailureIsRetriedByName(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, arn string) {
		if got := failed(e, w.tokens[0], "Again"); got != "<nil>" {
			t.Error(got)
		}
		pass(2 * time.Second)
		failed(e, w.tokens[1], "CapacityError")
		r, err := e.Wait(t.Context(), arn)
		if err != nil || r.Status != asl.Failed || r.Error != "CapacityError" || r.Cause != "cause" {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestTokenAnsweredByTheFunctionItself(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]error{"and it returns": nil, "and it fails": named("E")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := asl.NewEngine(asl.EngineConfig{})
				defer e.Close()
				w := &waiter{err: later, also: func(token string) { success(e, token, `"early"`) }}
				arn := e.Deploy("run", parse(t, waitMachine), asl.Functions{"${RegisterFunction}": w.register})
				out, err := e.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &arn, Name: new("x")})
				if err != nil {
					t.Fatal(err)
				}
				if r, err := e.Wait(t.Context(), *out.ExecutionArn); err != nil || string(r.Output) != `"early"` {
					t.Errorf("got %+v, %v", r, err)
				}
			})
		})
	}
}

func TestStopExecution(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, arn string) {
		if _, err := e.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn, Error: new("CancelledError"), Cause: new("by me")}); err != nil {
			t.Fatal(err)
		}
		d, err := e.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil || d.Status != "ABORTED" || *d.Error != "CancelledError" || d.StopDate == nil {
			t.Errorf("got %+v, %v", d, err)
		}
		r, err := e.Wait(t.Context(), arn)
		if err != nil || r.Status != asl.Aborted || r.Cause != "by me" {
			t.Errorf("got %+v, %v", r, err)
		}
		if got := success(e, w.tokens[0], `{}`); got != "TaskTimedOut" {
			t.Errorf("the token of a stopped execution: %s", got)
		}
	})
}

func TestStartExecutionByName(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, arn string) {
		machine := "arn:aws:states:us-east-1:123456789012:stateMachine:run"
		start := func(name, input string) string {
			out, err := e.StartExecution(context.Background(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
			if err == nil && *out.ExecutionArn == arn {
				return "the same"
			}
			return code(err)
		}
		got := []string{start("r-1", "{}"), start("r-1", `{"a":1}`), start("a b", "{}"), start("r-2", "{")}
		success(e, w.tokens[0], `{}`)
		synctest.Wait()
		got = append(got, start("r-1", "{}"))
		want := []string{"the same", "ExecutionAlreadyExists", "InvalidName", "InvalidExecutionInput", "ExecutionAlreadyExists"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		_, err := e.StartExecution(context.Background(), &sfn.StartExecutionInput{StateMachineArn: new("x")})
		if code(err) != "StateMachineDoesNotExist" {
			t.Error(err)
		}
		_, err = e.DescribeExecution(context.Background(), &sfn.DescribeExecutionInput{ExecutionArn: new("x")})
		if code(err) != "ExecutionDoesNotExist" {
			t.Error(err)
		}
	})
}

// AWS refuses names of executions by their length and their characters.
func TestExecutionNames(t *testing.T) {
	t.Parallel()
	w := &waiter{}
	inBubble(t, w, func(t *testing.T, e *asl.Engine, _ string) {
		machine := "arn:aws:states:us-east-1:123456789012:stateMachine:run"
		for name, want := range map[string]string{
			"a": "<nil>", strings.Repeat("n", 80): "<nil>", strings.Repeat("é", 80): "<nil>", "p-20260102T0300-0a1b.9999": "<nil>",
			"": "ValidationException", strings.Repeat("n", 81): "ValidationException",
			"a b": "InvalidName", "a/b": "InvalidName", "a:b": "InvalidName", "a#1": "InvalidName", "a\x00": "InvalidName", "a\u0085": "InvalidName", "a\uffff": "InvalidName", "<a>": "InvalidName",
		} {
			_, err := e.StartExecution(context.Background(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name})
			if got := code(err); got != want {
				t.Errorf("name %q: %q, want %q", name, got, want)
			}
		}
	})
}

func TestStatusEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		e := asl.NewEngine(asl.EngineConfig{OnChange: func(detailType string, detail json.RawMessage) {
			var d struct{ Name, Status, Error string }
			if err := json.Unmarshal(detail, &d); err != nil {
				t.Error(err)
			}
			got = append(got, detailType, d.Name, d.Status, d.Error)
		}})
		defer e.Close()
		machine := e.Deploy("m", parse(t, `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}}`), nil)
		out, err := e.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: new("x")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Wait(t.Context(), *out.ExecutionArn); err != nil {
			t.Fatal(err)
		}
		const change = "Step Functions Execution Status Change"
		if d := cmp.Diff([]string{change, "x", "RUNNING", "", change, "x", "FAILED", "E"}, got); d != "" {
			t.Error(d)
		}
	})
}

func TestListExecutionsPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := asl.NewEngine(asl.EngineConfig{})
		defer e.Close()
		machine := e.Deploy("m", parse(t, `{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}`), nil)
		for i := range 5 {
			if _, err := e.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: new(fmt.Sprint(i))}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		var got []string
		p := sfn.NewListExecutionsPaginator(e, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: "SUCCEEDED", MaxResults: 2})
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range out.Executions {
				got = append(got, *x.Name)
			}
		}
		if d := cmp.Diff([]string{"4", "3", "2", "1", "0"}, got); d != "" {
			t.Error(d)
		}
	})
}

// The simulation runs thousands of executions; this is one like its.
func BenchmarkEngine(b *testing.B) {
	def := `{"StartAt":"S0","States":{`
	for i := range 7 {
		def += fmt.Sprintf(`"S%d":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload","TimeoutSeconds":60,"Next":"S%d"},`, i, i+1)
	}
	m := parse(b, def+`"S7":{"Type":"Succeed"}}}`)
	e := asl.NewEngine(asl.EngineConfig{})
	defer e.Close()
	machine := e.Deploy("m", m, asl.Functions{"f": echo})
	for b.Loop() {
		out, err := e.StartExecution(b.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Input: new(`{"run":{"id":"r-1","jobs":["a","b"]}}`)})
		if err != nil {
			b.Fatal(err)
		}
		if r, err := e.Wait(b.Context(), *out.ExecutionArn); err != nil || r.Status != asl.Succeeded {
			b.Fatal(r, err)
		}
	}
}
