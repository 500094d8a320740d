// Package awsfake holds in-memory stand-ins for AWS clients, for tests and
// simulations.
//
// Each fake has the SDK's own method signatures, keeps state, answers with
// AWS's error types inside *smithy.OperationError as the SDK does, counts its
// calls and fails on request. Fakes are safe for concurrent use. Time is the
// package time's, so that testing/synctest can make it virtual; only EMR has
// timers of its own.
package awsfake

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/smithy-go"
)

// Hooks observe the calls of every fake that uses them, and inject errors. Ops are
// written "DynamoDB:PutItem". Both functions may be nil; they are called
// without any lock held and may call the fakes.
type Hooks struct {
	// Before runs before the call; its error is the call's answer, without an
	// effect.
	Before func(op string) error
	// After runs after the call's effect; its error replaces the answer.
	After func(op string) error
	// Around runs between the two and makes the call: once, or twice as the
	// SDK's own retries may, or not at all. Its error is the call's answer.
	Around func(ctx context.Context, op string, effect func() error) error
}

// Control counts a fake's calls and injects errors. It is embedded in every
// fake.
type Control struct {
	service string // the SDK's ServiceID

	mu    sync.Mutex
	hooks *Hooks
	calls map[string]int
	fail  map[string][]error
	lose  map[string][]error
	again map[string]int
}

func newControl(service string) Control {
	return Control{service: service, calls: map[string]int{}, fail: map[string][]error{}, lose: map[string][]error{}, again: map[string]int{}}
}

// Use makes the fake call hooks.
func (c *Control) Use(hooks *Hooks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = hooks
}

// Calls returns how often op ("PutItem") was called, failures included.
func (c *Control) Calls(op string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[op]
}

// AllCalls returns the number of calls of each operation.
func (c *Control) AllCalls() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for op, n := range c.calls {
		out[op] = n
	}
	return out
}

// FailNext makes the next len(errs) calls of op return errs in turn, without
// effect; a nil among them lets the call succeed.
func (c *Control) FailNext(op string, errs ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail[op] = append(c.fail[op], errs...)
}

// LoseNext makes the next len(errs) calls of op have their effect and then
// return errs in turn, like lost answers.
func (c *Control) LoseNext(op string, errs ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lose[op] = append(c.lose[op], errs...)
}

// RepeatNext makes the next n calls of op have their effect twice, and return the
// second answer: the first was lost and the SDK has repeated the call.
func (c *Control) RepeatNext(op string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.again[op] += n
}

func pop(queues map[string][]error, op string) error {
	q := queues[op]
	if len(q) == 0 {
		return nil
	}
	queues[op] = q[1:]
	return q[0]
}

func (c *Control) before(ctx context.Context, op string) error {
	c.mu.Lock()
	c.calls[op]++
	err, hooks := pop(c.fail, op), c.hooks
	c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err == nil && hooks != nil && hooks.Before != nil {
		err = hooks.Before(c.service + ":" + op)
	}
	return err
}

func (c *Control) after(op string) error {
	c.mu.Lock()
	err, hooks := pop(c.lose, op), c.hooks
	c.mu.Unlock()
	if err == nil && hooks != nil && hooks.After != nil {
		err = hooks.After(c.service + ":" + op)
	}
	return err
}

func (c *Control) around(ctx context.Context, op string, effect func() error) error {
	c.mu.Lock()
	hooks := c.hooks
	repeated := c.again[op] > 0
	if repeated {
		c.again[op]--
	}
	c.mu.Unlock()
	if repeated {
		_ = effect() // this answer is lost
	}
	if hooks == nil || hooks.Around == nil {
		return effect()
	}
	return hooks.Around(ctx, c.service+":"+op, effect)
}

// unobserved is the key of contexts from Unobserved.
type unobserved struct{}

// Unobserved returns a context whose calls are not counted, and meet neither hooks nor
// injected errors: those of a test that looks at the world.
func Unobserved(ctx context.Context) context.Context {
	return context.WithValue(ctx, unobserved{}, true)
}

// call runs one operation: hooks and injected errors around effect. Every
// error leaves it as the SDK would wrap it.
func call[O any](ctx context.Context, c *Control, op string, effect func() (*O, error)) (*O, error) {
	if ctx.Value(unobserved{}) != nil {
		return effect()
	}
	err := c.before(ctx, op)
	var out *O
	if err == nil {
		err = c.around(ctx, op, func() error {
			var err error
			out, err = effect()
			return err
		})
		if lost := c.after(op); lost != nil {
			err = lost
		}
	}
	if err == nil {
		return out, nil
	}
	if _, wrapped := errors.AsType[*smithy.OperationError](err); !wrapped {
		err = &smithy.OperationError{ServiceID: c.service, OperationName: op, Err: err}
	}
	return nil, err
}

// apiError is an error for which the SDK has no type. As in the SDK's answers,
// it does not say whose fault it is.
func apiError(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// Throttled returns the error that most services answer when calls come too
// fast.
func Throttled() error { return apiError("ThrottlingException", "Rate exceeded") }

// Denied returns the error that most services answer when IAM denies a call.
func Denied(action string) error {
	return apiError("AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/ephemr/function is not authorized to perform: "+action+
		" because no identity-based policy allows the "+action+" action")
}

func asAPIError(err error) (smithy.APIError, bool) { return errors.AsType[smithy.APIError](err) }
