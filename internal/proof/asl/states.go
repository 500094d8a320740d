package asl

import (
	"context"
	"encoding/json"
	"time"
)

// effective applies InputPath and Parameters.
func (r *run) effective(data any) (any, *failure) {
	v, f := r.at(r.state.inputPath, data, "InputPath")
	if f != nil || r.state.parameters == nil {
		return v, f
	}
	return r.state.parameters.eval(env{data: v, run: r})
}

func (r *run) choose(data any) (any, string, *failure) {
	s := r.state
	v, f := r.at(s.inputPath, data, "InputPath")
	if f != nil {
		return nil, "", f
	}
	next := s.fallback
	for _, c := range s.choices {
		ok, bad := c.holds(env{data: v, run: r})
		if bad != nil {
			return nil, "", bad
		}
		if ok {
			next = c.next
			break
		}
	}
	if next == "" {
		return nil, "", fail(errNoChoice, "%s Failed to transition out of the state. The state does not match any choice and has no default.", r.where())
	}
	out, f := r.output(v)
	return out, next, f
}

func (r *run) failState(data any) *failure {
	f := &failure{}
	for _, part := range []struct {
		from expr
		to   *string
	}{{r.state.err, &f.name}, {r.state.cause, &f.cause}} {
		if part.from == nil {
			continue
		}
		v, bad := part.from.eval(env{data: data, run: r, field: "ErrorPath or CausePath"})
		if bad != nil {
			return bad
		}
		s, ok := v.(string)
		if !ok {
			return fail(errRuntime, "%s ErrorPath and CausePath must lead to a string, not to %s", r.where(), encode(v))
		}
		*part.to = s
	}
	return f
}

// wait is a Wait state.
func (r *run) wait(ctx context.Context, data any) (out any, next string, f *failure) {
	in, f := r.at(r.state.inputPath, data, "InputPath")
	if f != nil {
		return nil, "", f
	}
	v, _ := r.state.seconds.get(in)
	n, ok := v.(json.Number)
	seconds, err := n.Int64()
	if !ok || err != nil || seconds < 0 || seconds > maxSeconds {
		return nil, "", fail(errRuntime, "%s The SecondsPath parameter does not reference a non-negative integer: '%s'", r.where(), r.state.seconds.text)
	}
	sleep(ctx, time.Duration(seconds)*time.Second)
	out, f = r.output(in)
	return out, r.state.next, f
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
