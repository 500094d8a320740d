package asl

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// task executes a Task state with its retries and catchers.
func (r *run) task(ctx context.Context, data any) (any, string, *failure) {
	s := r.state
	again := retries{of: s.retry, counts: make([]int, len(s.retry))}
	for {
		out, f := r.attempt(ctx, data)
		if f == nil || ctx.Err() != nil {
			return out, s.next, f
		}
		if wait, ok := again.next(f, r.rnd); ok {
			sleep(ctx, wait)
			r.retryCount++
			r.result.Transitions++
			continue
		}
		return r.caught(data, f)
	}
}

// caught applies the first catcher that matches.
func (r *run) caught(data any, f *failure) (any, string, *failure) {
	i := slices.IndexFunc(r.state.catch, func(c catcher) bool { return matches(c.errorEquals, f) })
	if i < 0 {
		return nil, "", f
	}
	c := r.state.catch[i]
	out, bad := r.merge(c.resultPath, data, map[string]any{"Error": f.name, "Cause": f.cause})
	if bad != nil {
		return nil, "", bad
	}
	return out, c.next, r.limit(encode(out))
}

// attempt calls the function once and shapes its result.
func (r *run) attempt(ctx context.Context, data any) (any, *failure) {
	s := r.state
	r.events += 3
	var waiting *task
	if s.waitForToken {
		r.events++
		r.token, waiting = r.exec.Tokens.issue(r.exec.Name)
		defer func() {
			r.exec.Tokens.close(r.token)
			r.token = ""
		}()
	}
	params, f := r.effective(data)
	if f != nil {
		return nil, f
	}
	result, f := r.invoke(ctx, params, waiting)
	if f != nil {
		return nil, f
	}
	if s.selector != nil {
		if result, f = s.selector.eval(env{data: result, run: r}); f != nil {
			return nil, f
		}
	}
	if result, f = r.merge(s.resultPath, data, result); f != nil {
		return nil, f
	}
	return r.output(result)
}

// invoke calls the function in a goroutine of its own: a task that has timed
// out or got its token's answer does not stop a Lambda.
func (r *run) invoke(ctx context.Context, params any, waiting *task) (any, *failure) {
	args, _ := params.(map[string]any)
	name, _ := args["FunctionName"].(string)
	fn := r.fns.find(name)
	if fn == nil {
		return nil, fail(errFunctionNotFound, "Function not found: %s", name)
	}
	payload := json.RawMessage("{}")
	if p, ok := args["Payload"]; ok {
		payload = encode(p)
	}
	if f := r.limit(payload); f != nil {
		return nil, f
	}
	done := make(chan answer, 1)
	r.running.Go(func() { done <- r.lambda(fn, payload) }) //nolint:contextcheck // the end of a task does not cancel the invocation
	a, f := r.await(ctx, done, waiting)
	if f != nil {
		return nil, f
	}
	if f := r.limit(a.output); f != nil {
		return nil, f
	}
	v, err := decode(a.output)
	if err != nil {
		return nil, fail(errRuntime, "%s read result: %v", r.where(), err)
	}
	if waiting != nil {
		return v, nil
	}
	return map[string]any{"ExecutedVersion": "$LATEST", "Payload": v, "StatusCode": json.Number("200")}, nil
}

// await returns the function's answer or, for a token task, the token's. What
// a token brought counts even when it and something else came at once.
func (r *run) await(ctx context.Context, done chan answer, waiting *task) (answer, *failure) {
	var late <-chan time.Time
	if r.state.timeout > 0 {
		t := time.NewTimer(r.state.timeout)
		defer t.Stop()
		late = t.C
	}
	var answered chan answer
	if waiting != nil {
		answered = waiting.answer
	}
	for {
		var a answer
		select {
		case a = <-answered:
			return a, a.err
		case a = <-done:
		case <-late:
			a.err = fail(errTimeout, "")
		case <-ctx.Done():
			a.err = fail(errTimeout, "")
		}
		if waiting == nil {
			return latest(a, done)
		}
		if a.err != nil {
			r.exec.Tokens.close(r.token)
			return latest(a, answered)
		}
		done = nil // the function is done, its token is not
	}
}

// latest returns an answer that arrived at the same moment as a, or a.
func latest(a answer, from chan answer) (answer, *failure) {
	select {
	case a = <-from:
	default:
	}
	return a, a.err
}

// lambda runs a function as Lambda does.
func (r *run) lambda(fn Function, payload json.RawMessage) answer {
	ctx, cancel := context.WithTimeout(r.base, r.exec.LambdaTimeout)
	defer cancel()
	out, err := fn(ctx, payload)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return answer{err: fail(errSandboxTimedOut, `{"errorType":"Sandbox.Timedout","errorMessage":"Error: Task timed out after %.2f seconds"}`, r.exec.LambdaTimeout.Seconds())}
	case err != nil:
		return answer{err: fromFunction(err)}
	case len(out) == 0:
		out = json.RawMessage("null")
	}
	return answer{output: out}
}

// find looks a function up by the name as it stands, within a placeholder, or
// at the end of an ARN.
func (f Functions) find(name string) Function {
	if fn, ok := f[name]; ok {
		return fn
	}
	if inner, ok := strings.CutPrefix(name, "${"); ok {
		return f[strings.TrimSuffix(inner, "}")]
	}
	if _, id, ok := strings.Cut(name, ":function:"); ok {
		id, _, _ = strings.Cut(id, ":")
		return f[id]
	}
	return nil
}
