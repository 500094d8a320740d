package doctor

import (
	"context"
	"fmt"

	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// headOfQueue is how many queued runs are read of each state and team.
const headOfQueue = 1000

// records reports the records that cannot be decoded: the functions skip them, so
// their runs neither go on nor end, and their pools and triggers have no effect.
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
	unreadable := func(table, what, reason string) {
		all = append(all, Finding{
			Check: name, Verdict: Failed, Found: fmt.Sprintf("%s is unreadable: %s", what, reason),
			Do: "deploy the newest version of ephemr, or restore the item in table " + table,
		})
	}
	for _, u := range runs.Skipped() {
		unreadable(d.settings.RunsTable, "record "+u.Key.Sort+" of run "+u.Key.Partition, u.Reason)
	}
	triggers, err := (&register.Store{DB: d.with.Records, Table: d.settings.PipelinesTable}).Unreadable(ctx)
	if err != nil {
		return d.wrong(name, err)
	}
	for _, u := range triggers {
		unreadable(d.settings.PipelinesTable, "what uploads start of pipeline "+u.Key.Sort, u.Reason)
	}
	members, err := d.members(ctx)
	if err != nil {
		return d.wrong(name, err)
	}
	for _, u := range members {
		unreadable(d.settings.ClustersTable, "the record of cluster "+u.Key.Partition, u.Reason)
	}
	if len(all) > 0 {
		return all
	}
	return ok(name, "all active runs, triggers and clusters of pools are readable")
}

// members are the records of pools' clusters that cannot be decoded.
func (d *doctor) members(ctx context.Context) ([]records.Unreadable, error) {
	pools := &pool.Store{DB: d.with.Records, Table: d.settings.ClustersTable}
	all, err := pools.All(ctx)
	for _, id := range all {
		if err != nil {
			return nil, err
		}
		_, err = pools.Clusters(ctx, id)
	}
	return pools.Skipped(), err
}
