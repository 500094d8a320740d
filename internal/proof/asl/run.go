package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// Function is a Lambda function. An error carries its name as
// messages.InvokeResponse_Error by value; of any other error the state machine
// sees the bare type name, as on AWS.
type Function func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error)

// Functions holds functions by the FunctionName in the definition, be it a
// placeholder such as ${SubmitStepsFunction}, just the name within it, or
// what replaced it.
type Functions map[string]Function

// Execution says what to run.
type Execution struct {
	ID, Name string          // ARN and name
	Input    json.RawMessage // {} if empty
	Seed     uint64          // of the jitter
	Tokens   *Tokens         // nil = tokens cannot be answered

	// LambdaTimeout ends the context of a function; 0 means Lambda's 15
	// minutes. What it returns afterwards counts as Sandbox.Timedout.
	LambdaTimeout time.Duration
}

// Status is how an execution ended.
type Status string

// Statuses, as in Step Functions.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Result is an execution that has ended.
type Result struct {
	Status       Status
	Output       json.RawMessage // only of SUCCEEDED
	Error, Cause string
	Path         []string // states in the order entered; a retry does not enter again
	Transitions  int      // what AWS bills: states entered plus retries
	Events       int      // of the history
}

// abortError is the reason why a context was cancelled by StopExecution.
type abortError struct{ name, cause string }

func (e *abortError) Error() string { return "execution stopped: " + e.name }

var errMachineTimeout = errors.New("the state machine's TimeoutSeconds are over")

// run is the state of one execution.
type run struct {
	m       *Machine
	exec    Execution
	fns     Functions
	base    context.Context //nolint:containedctx // outlives the execution: a stop does not cancel invocations
	running *sync.WaitGroup // functions
	rnd     *rand.Rand
	started time.Time
	input   any

	state      *state
	entered    time.Time
	retryCount int
	token      string

	events int
	result Result
}

// Run executes m and waits for its end and for every function it has called.
// When ctx ends the execution is ABORTED, and the functions' contexts end too.
func (m *Machine) Run(ctx context.Context, exec Execution, fns Functions) Result {
	var running sync.WaitGroup
	defer running.Wait()
	return m.run(ctx, ctx, exec, fns, &running)
}

func (m *Machine) run(ctx, base context.Context, exec Execution, fns Functions, running *sync.WaitGroup) Result {
	if len(exec.Input) == 0 {
		exec.Input = json.RawMessage("{}")
	}
	if exec.Tokens == nil {
		exec.Tokens = &Tokens{}
	}
	if exec.LambdaTimeout == 0 {
		exec.LambdaTimeout = 15 * time.Minute
	}
	input, err := decode(exec.Input)
	if err != nil {
		return Result{Status: Failed, Error: errRuntime, Cause: "read input: " + err.Error()}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(exec.Name))
	r := &run{
		m: m, exec: exec, fns: fns, base: base, running: running, input: input, started: time.Now(), events: eventsForStartAndEnd,
		rnd: rand.New(rand.NewPCG(exec.Seed, h.Sum64())), //nolint:gosec // a simulation must be repeatable
	}
	if m.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, m.timeout, errMachineTimeout)
		defer cancel()
	}
	r.loop(ctx)
	r.result.Events = r.events
	return r.result
}

func (r *run) loop(ctx context.Context) {
	data := r.input
	for name := r.m.startAt; ; {
		r.enter(r.m.states[name])
		out, next, f := r.step(ctx, data)
		if f == nil && next != "" && r.events > maxHistory {
			f = fail(errRuntime, "The execution reached the maximum number of history events (%d).", maxHistory)
		}
		switch {
		case ctx.Err() != nil:
			r.interrupted(ctx)
			return
		case f != nil:
			r.result.Status, r.result.Error, r.result.Cause = Failed, f.name, f.cause
			return
		case next == "":
			r.result.Status, r.result.Output = Succeeded, encode(out)
			return
		}
		name, data = next, out
	}
}

func (r *run) enter(s *state) {
	r.state, r.entered, r.retryCount = s, time.Now(), 0
	r.events += 2
	r.result.Transitions++
	r.result.Path = append(r.result.Path, s.name)
}

func (r *run) interrupted(ctx context.Context) {
	cause := context.Cause(ctx)
	if errors.Is(cause, errMachineTimeout) {
		r.result.Status, r.result.Error = TimedOut, errTimeout
		return
	}
	r.result.Status = Aborted
	if stop, ok := errors.AsType[*abortError](cause); ok {
		r.result.Error, r.result.Cause = stop.name, stop.cause
	}
}

// step executes the current state; next is "" at the end.
func (r *run) step(ctx context.Context, data any) (out any, next string, f *failure) {
	switch s := r.state; s.kind {
	case "Task":
		return r.task(ctx, data)
	case "Choice":
		return r.choose(data)
	case "Fail":
		return nil, "", r.failState(data)
	case "Wait":
		return r.wait(ctx, data)
	default: // Succeed
		if out, f = r.at(s.inputPath, data, "InputPath"); f == nil {
			out, f = r.output(out)
		}
	}
	return out, r.state.next, f
}

// at applies InputPath or OutputPath.
func (r *run) at(p *path, data any, field string) (any, *failure) {
	if p == nil {
		return map[string]any{}, nil
	}
	if len(p.steps) == 0 && !p.context {
		return data, nil
	}
	if p.context {
		data = r.context()
	}
	v, ok := p.get(data)
	if !ok {
		return nil, fail(errRuntime, "%s Invalid path '%s' in %s: no results for path", r.where(), p.text, field)
	}
	return v, nil
}

// output applies OutputPath and the payload limit.
func (r *run) output(data any) (any, *failure) {
	out, f := r.at(r.state.outputPath, data, "OutputPath")
	if f != nil {
		return nil, f
	}
	return out, r.limit(encode(out))
}

func (r *run) limit(raw json.RawMessage) *failure {
	if len(raw) > maxPayload {
		return fail(errDataLimit, "The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", r.state.name)
	}
	return nil
}

// merge applies ResultPath to the state's raw input.
func (r *run) merge(p *path, data, result any) (any, *failure) {
	if p == nil {
		return data, nil
	}
	out, ok := p.set(data, result)
	if !ok {
		return nil, fail(errResultPath, "%s Unable to apply step \"%s\" to input %s", r.where(), p.text, encode(data))
	}
	return out, nil
}

func (r *run) where() string {
	return fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d).", r.state.name, r.events)
}

const stamp = "2006-01-02T15:04:05.000Z"

// context is the context object, $$.
func (r *run) context() any {
	out := map[string]any{
		"Execution": map[string]any{
			"Id": r.exec.ID, "Name": r.exec.Name, "Input": r.input, "StartTime": r.started.UTC().Format(stamp),
		},
		"State": map[string]any{
			"Name": r.state.name, "EnteredTime": r.entered.UTC().Format(stamp), "RetryCount": json.Number(fmt.Sprint(r.retryCount)),
		},
	}
	if r.token != "" {
		out["Task"] = map[string]any{"Token": r.token}
	}
	return out
}
