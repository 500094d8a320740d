package admission

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// Coalescer is the admit function: it runs passes one at a time.
type Coalescer struct {
	Admitter *Admitter
	Gate     *Gate
	Caller   func(context.Context) string // names the invocation
}

// spare is the time that a pass may take, at the end of an invocation. With less left
// no other pass begins in it.
const spare = 15 * time.Second

// Admit runs a pass, and then those that were requested meanwhile, whatever is wrong
// with single runs. While another invocation runs one it only requests the next.
func (c *Coalescer) Admit(ctx context.Context, in Input) (Output, error) {
	by := c.Caller(ctx)
	enter, ids, err := c.Gate.Enter(ctx, by, time.Now())
	if err != nil {
		return Output{Admitted: []string{}}, err
	}
	if !enter {
		return Output{Admitted: []string{}, Deferred: true}, nil
	}
	all := Output{Admitted: []string{}}
	ids = append(in.RunIDs, ids...)
	var errs []error
	for again := true; again; {
		out, err := c.Admitter.Admit(ctx, Input{RunIDs: ids})
		all.Admitted, all.Full = slices.Concat(all.Admitted, out.Admitted), out.Full
		errs = append(errs, err)
		if again, ids, err = c.Gate.Leave(ctx, by, time.Now(), !enough(ctx)); err != nil {
			slog.WarnContext(ctx, "end of the pass not recorded: its lease expires", "error", err.Error())
			break
		}
	}
	return all, errors.Join(errs...)
}

// enough reports whether there is time for another pass.
func enough(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) > spare
}
