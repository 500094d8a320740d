package cli_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/retry"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// A retry right after a failure waits until the end of the run is recorded, and
// fails only if that takes too long.
func TestRetryWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state   run.State // the run ends as
		settles time.Duration
		takes   time.Duration
		err     string
		code    int
	}{
		"settled already":     {state: run.Failed},
		"settled soon":        {state: run.Cancelled, settles: 1500 * time.Millisecond, takes: 2 * time.Second},
		"not settled in time": {state: run.Failed, settles: time.Hour, takes: 15 * time.Second, err: "try again in a moment", code: exit.CodeFailed},
		"succeeded":           {state: run.Succeeded, settles: time.Hour, err: "r is SUCCEEDED", code: exit.CodeUsage},
		"unknown":             {err: "run r is not known", code: exit.CodeUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.controls(operation.Handler{Retry: operation.Of(func(ctx context.Context, in operation.RetryRequest) (operation.Retried, error) {
					r, err := w.runs.Requeue(ctx, in.RunID, time.Now())
					return operation.Retried{RunID: r.ID}, err
				})})
				if tt.state != "" {
					w.made(w.runs.Create(t.Context(), run.Run{ID: "r", Pipeline: "p", State: run.Running, LogicalTime: time.Now()}, &pipeline.Spec{Name: "p"}))
					w.did(w.runs.Finish(t.Context(), run.Run{ID: "r"}, run.Outcome{State: tt.state}, time.Now(), run.Cost{}))
					rec, err := w.runs.Load(t.Context(), "r")
					w.no(err)
					go func() {
						select {
						case <-time.After(tt.settles):
							_ = w.runs.Announced(t.Context(), rec.Run)
						case <-t.Context().Done():
						}
					}()
					synctest.Wait()
				}
				began := time.Now()
				err := retry.Run(t.Context(), retry.Options{RunID: "r"}, w.io, w.settings, w.runs, w.lambda)
				if took := time.Since(began); took != tt.takes {
					t.Errorf("took %s, want %s", took, tt.takes)
				}
				if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) || exit.CodeOf(err) != tt.code {
					t.Errorf("got %v and exit code %d, want %q and %d", err, exit.CodeOf(err), tt.err, tt.code)
				}
			})
		})
	}
}
