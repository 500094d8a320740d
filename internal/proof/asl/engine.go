package asl

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// EngineConfig is what an Engine needs beyond its machines. Its zero value
// is valid.
type EngineConfig struct {
	Seed          uint64        // of every execution's jitter, together with its name
	LambdaTimeout time.Duration // see Execution

	// OnChange gets the detail of each "Step Functions Execution Status
	// Change" event that AWS would put on the default bus. It is called
	// without any lock held.
	OnChange func(detailType string, detail json.RawMessage)
}

// Engine is a fake Step Functions: its methods have the signatures of the
// SDK's client and answer with AWS's errors. Each execution is a goroutine.
// Under testing/synctest it must be made and closed within the bubble.
type Engine struct {
	*Tokens

	config  EngineConfig
	base    context.Context //nolint:containedctx // the engine's life; executions outlive the calls that start them
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	machines map[string]deployment // by ARN
	execs    map[string]*execution // by ARN
	order    []*execution
}

type deployment struct {
	arn, name string
	machine   *Machine
	fns       Functions
}

type execution struct {
	arn, name, machine string
	input              string
	start, stop        time.Time
	result             Result
	cancel             context.CancelCauseFunc
	done               chan struct{}
}

// NewEngine returns an engine without machines.
func NewEngine(config EngineConfig) *Engine {
	base, cancel := context.WithCancel(context.Background())
	return &Engine{
		Tokens: &Tokens{}, config: config, base: base, cancel: cancel,
		machines: map[string]deployment{}, execs: map[string]*execution{},
	}
}

const arnPrefix = "arn:aws:states:us-east-1:123456789012:"

// Deploy adds a machine under a name and returns its ARN. A name that is
// there already gets the new definition; executions that run keep the old.
func (e *Engine) Deploy(name string, m *Machine, fns Functions) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	arn := arnPrefix + "stateMachine:" + name
	e.machines[arn] = deployment{arn, name, m, fns}
	return arn
}

// Close aborts all executions, ends the contexts of their functions and waits
// for both. Nothing can be started afterwards.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.running.Wait()
}

// Wait waits for the end of an execution.
func (e *Engine) Wait(ctx context.Context, arn string) (Result, error) {
	e.mu.Lock()
	x, ok := e.execs[arn]
	e.mu.Unlock()
	if !ok {
		return Result{}, noExecution(arn)
	}
	select {
	case <-x.done:
		return e.Result(arn), nil
	case <-ctx.Done():
		return Result{}, fmt.Errorf("wait for %s: %w", arn, ctx.Err())
	}
}

// Result returns the result of an execution; its Status is RUNNING before the end,
// and "" if there is no such execution.
func (e *Engine) Result(arn string) Result {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x, ok := e.execs[arn]; ok {
		return x.result
	}
	return Result{}
}

// start runs a new execution. The caller holds the lock.
func (e *Engine) start(d deployment, name, input string) *execution {
	ctx, cancel := context.WithCancelCause(e.base)
	x := &execution{
		arn: executionARN(d.name, name), name: name, machine: d.arn, input: input, start: time.Now(),
		result: Result{Status: Running}, cancel: cancel, done: make(chan struct{}),
	}
	e.execs[x.arn] = x
	e.order = append(e.order, x)
	exec := Execution{ID: x.arn, Name: name, Input: json.RawMessage(input), Seed: e.config.Seed, Tokens: e.Tokens, LambdaTimeout: e.config.LambdaTimeout}
	e.running.Go(func() {
		defer cancel(nil)
		e.report(x)
		e.finish(x, d.machine.run(ctx, e.base, exec, d.fns, &e.running))
		close(x.done)
	})
	return x
}

func executionARN(machine, name string) string {
	return arnPrefix + "execution:" + machine + ":" + name
}

// finish records how an execution has ended, unless StopExecution has.
func (e *Engine) finish(x *execution, r Result) {
	e.mu.Lock()
	if x.result.Status == Running {
		x.stop = time.Now()
	} else {
		r.Status, r.Error, r.Cause, r.Output = x.result.Status, x.result.Error, x.result.Cause, nil
	}
	x.result = r
	e.mu.Unlock()
	e.report(x)
}

// report sends the event of x's present status.
func (e *Engine) report(x *execution) {
	if e.config.OnChange == nil {
		return
	}
	e.mu.Lock()
	detail := map[string]any{
		"executionArn": x.arn, "stateMachineArn": x.machine, "name": x.name, "status": x.result.Status,
		"startDate": x.start.UnixMilli(), "stopDate": nil, "input": x.input, "output": nil, "error": nil, "cause": nil,
	}
	if !x.stop.IsZero() {
		detail["stopDate"] = x.stop.UnixMilli()
	}
	for field, v := range map[string]string{"output": string(x.result.Output), "error": x.result.Error, "cause": x.result.Cause} {
		if v != "" {
			detail[field] = v
		}
	}
	e.mu.Unlock()
	e.config.OnChange("Step Functions Execution Status Change", encode(detail))
}

func noExecution(arn string) error {
	return &types.ExecutionDoesNotExist{Message: new("Execution Does Not Exist: '" + arn + "'")}
}

// invalidName is how AWS refuses the name of an execution, or nil. Its length is
// checked first, by the validation of all requests:
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func invalidName(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxStateName {
		return &smithy.GenericAPIError{
			Code: "ValidationException", Fault: smithy.FaultClient,
			Message: fmt.Sprintf("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must have length between 1 and %d", name, maxStateName),
		}
	}
	wrong := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF
	}
	if strings.ContainsFunc(name, wrong) || strings.ContainsAny(name, "<>{}[]?*\"#%\\^|~`$&,;:/") {
		return &types.InvalidName{Message: new("Invalid Name: '" + name + "'")}
	}
	return nil
}
