package doctor

import (
	"context"
	"fmt"

	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// headOfQueue is how many queued runs are read of each state and team.
const headOfQueue = 1000

// records reports the records of active runs that cannot be decoded: the functions
// skip them, so their runs neither go on nor end.
func (d *doctor) records(ctx context.Context, name string) []Finding {
	runs := &store.Runs{DB: d.with.Records, Table: d.settings.RunsTable}
	for _, state := range []run.State{run.Queued, run.Admitted, run.Running} {
		if _, err := runs.List(ctx, run.Query{State: state, Limit: headOfQueue}); err != nil {
			return d.wrong(name, err)
		}
	}
	if err := runs.Waiters(ctx, func(run.Waiter) error { return nil }); err != nil {
		return d.wrong(name, err)
	}
	var all []Finding
	for _, u := range runs.Skipped() {
		all = append(all, Finding{
			Check: name, Verdict: Failed, Found: fmt.Sprintf("record %s of run %s is unreadable: %s", u.Record, u.RunID, u.Reason),
			Do: "deploy the newest version of ephemr, or restore the item in table " + d.settings.RunsTable,
		})
	}
	if len(all) > 0 {
		return all
	}
	return ok(name, "all active runs are readable")
}
