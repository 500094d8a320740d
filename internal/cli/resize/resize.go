// Package resize is ephemr resize: it resizes a cluster and waits for the result.
package resize

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Target  string // cluster or run
	Ask     resize.Ask
	By      string // user name
	NoWait  bool
	Timeout time.Duration
	JSON    bool
}

var clusterID = regexp.MustCompile(`^j-[0-9A-Z]+$`)

// Run requests the resize, waits until the cluster has the requested size and
// reports it. With JSON it prints the last resize.Output.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) error {
	if o.Timeout <= 0 {
		return exit.Usage("invalid --timeout: must be positive; to return at once use --no-wait")
	}
	w := newWaiter(o, io, s, api)
	defer w.line.Close()
	w.status("waiting for EMR")
	out, err := w.begin(ctx)
	if err != nil {
		return err
	}
	if !w.in.Look && !o.NoWait {
		if out, err = w.wait(ctx, out); err != nil {
			return err
		}
	}
	w.line.Close()
	if err := w.report(o, out); err != nil {
		return err
	}
	if o.NoWait || o.Ask.Empty() || out.Done {
		return nil
	}
	return exit.Silent(exit.CodeFailed)
}

// waiter polls the function, which does not wait itself.
type waiter struct {
	io       *terminal.IO
	line     *terminal.StatusLine
	name     string // of the target, as given by the user
	ask      func(context.Context, resize.Input) (resize.Output, error)
	in       resize.Input
	began    time.Time
	patience time.Duration
}

// status shows text with the time that the command has taken.
func (w *waiter) status(text string) {
	w.line.Animate(func(spinner rune) string {
		return fmt.Sprintf("%c %s %s", spinner, terminal.Duration(time.Since(w.began)), text)
	})
}

func newWaiter(o Options, io *terminal.IO, s stage.Settings, api lambdacall.InvokeAPI) *waiter {
	w := &waiter{
		io: io, name: o.Target, began: time.Now(), patience: o.Timeout, in: resize.Input{Ask: o.Ask, By: o.By},
		ask: func(ctx context.Context, in resize.Input) (out resize.Output, err error) {
			err = lambdacall.Control(ctx, api, s, operation.Resize, in, &out)
			return out, err
		},
	}
	if clusterID.MatchString(o.Target) {
		w.in.ClusterID = o.Target
	} else {
		w.in.RunID = o.Target
	}
	w.in.Look = o.Ask.Empty()
	if !o.JSON {
		w.line = io.StatusLine()
	}
	return w
}

// pauses between polls: short at first, for small changes; later ones spare the
// shared EMR call budget.
var pauses = []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}

const longest = 5 * time.Second

func pause(n int) time.Duration {
	if n < len(pauses) {
		return pauses[n]
	}
	return longest
}

// begin requests the change and retries while EMR throttles. Targets are
// absolute, so a repeated request changes nothing.
func (w *waiter) begin(ctx context.Context) (resize.Output, error) {
	for n := 0; ; n++ {
		out, err := w.ask(ctx, w.in)
		if fault.NameOf(err) != fault.Throttled || !w.sleep(ctx, longest) {
			return out, err
		}
		w.status("EMR API throttled, retrying")
	}
}

// wait polls until the cluster has the requested size, cannot reach it, or the
// time limit expires. Right after a change EMR still reports the old state of a
// fleet, so it counts as stuck only if two polls say so.
func (w *waiter) wait(ctx context.Context, out resize.Output) (resize.Output, error) {
	w.in.Look, w.in.ClusterID, w.in.RunID = true, out.ClusterID, "" // the run may end meanwhile
	stuck := 0
	for n := 0; !out.Done && stuck < 2; n++ {
		w.status(w.progress(out))
		if !w.sleep(ctx, pause(n)) {
			return out, w.interrupted(ctx)
		}
		next, err := w.ask(ctx, w.in)
		if fault.NameOf(err) == fault.Throttled {
			continue
		}
		if err != nil {
			return out, err
		}
		next.Changed = out.Changed
		if out = next; out.Stuck != "" {
			stuck++
		} else {
			stuck = 0
		}
	}
	return out, nil
}

// sleep returns false if the time limit expires or the command is interrupted.
func (w *waiter) sleep(ctx context.Context, d time.Duration) bool {
	left := w.patience - time.Since(w.began)
	t := time.NewTimer(min(d, max(left, 0)))
	defer t.Stop()
	select {
	case <-t.C:
		return left > d
	case <-ctx.Done():
		return false
	}
}

// interrupted explains how to continue after an interrupt; nil if there was none.
func (w *waiter) interrupted(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	w.line.Close()
	w.io.Notef("%s\n", w.io.ErrStyle().Dim("the resize continues; check it with: ephemr resize "+w.name))
	return fmt.Errorf("wait for cluster: %w", ctx.Err())
}
