package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	record "ephemr/internal/audit"
	"ephemr/internal/cli/audit"
	"ephemr/internal/cli/cancel"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/operation"
	"ephemr/internal/run"
)

// What commands ask for is listed with the caller and the outcome.
func TestAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trail := &record.Trail{DB: w.db, Table: w.settings.RunsTable, Caller: func(context.Context) string { return "i-1" }}
	w.controls(operation.Handler{Trail: trail, Cancel: operation.Of(func(context.Context, operation.CancelRequest) (struct{}, error) { return struct{}{}, nil })})
	r := of("flights", run.Succeeded, time.Now(), run.Cost{})
	r.Trigger, r.RequestedAt = run.Trigger{Kind: run.ByRequest, Sender: caller}, time.Now().Add(-time.Hour)
	w.spent("flights-20260102T0300-0a1b2c3d", r)
	w.no(cancel.Run(t.Context(), cancel.Options{Runs: []string{"flights-20260102T0300-0a1b2c3d"}, Why: "wrong input"}, w.io, w.settings, w.lambda))

	list := func(o audit.Options) string {
		var out strings.Builder
		if err := audit.Run(t.Context(), o, &terminal.IO{Out: &out, Err: &out}, trail, w.runs, time.Now()); err != nil {
			return err.Error()
		}
		return out.String()
	}
	text := list(audit.Options{Last: "7d", Pipeline: "flights"})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], caller) || !strings.Contains(lines[1], "start") || !strings.Contains(lines[2], "why=wrong input") {
		t.Errorf("listed:\n%s", text)
	}
	contains(t, lines[2], session.Who(), "cancel", "flights-20260102T0300-0a1b2c3d", "done")
	contains(t, list(audit.Options{Last: "7d", By: caller, JSON: true}), `"action": "start"`, `"outcome": "done"`)
	contains(t, list(audit.Options{Last: "7d", By: "else"}), "no requests in the last 7d; extend it with --last")
	contains(t, list(audit.Options{Last: "2y"}), `invalid --last "2y": use a duration up to 400d (example: 7d)`)
}
