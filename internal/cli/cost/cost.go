// Package cost is ephemr cost: what runs cost, and what of it had no effect.
package cost

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/budget"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cost/report"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	By       string
	From, To string // days in UTC, both included
	JSON     bool
}

// Report is what the command prints as JSON.
type Report struct {
	By    report.By    `json:"by"`
	From  time.Time    `json:"from"`
	Until time.Time    `json:"until"` // not included
	Rows  []report.Row `json:"rows"`
	Total report.Row   `json:"total"`

	Budgets []budget.Status `json:"budgets,omitempty"` // of this month, with a row for each team
}

// mostDays bounds what a report reads.
const mostDays = 400

// Run prints what the runs cost that ended in a time.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, runs *store.Runs, db cluster.BatchAPI, now time.Time) error {
	by := report.By(o.By)
	if !slices.Contains(report.All, by) {
		return exit.Usage("invalid --by %q: use pipeline, team, day or profile", o.By)
	}
	from, until, err := o.span(now)
	if err != nil {
		return err
	}
	var ended []run.Run
	before := from.Add(-s.Limits.Pool.Life.Std() - s.Limits.Deadline.Std()) // for all runs of pools' clusters that ended since
	if err := runs.Ended(ctx, before, until, func(r run.Run) error {
		ended = append(ended, r)
		return nil
	}); err != nil {
		return err
	}
	pools, err := pooled(ctx, db, s.ClustersTable, report.Clusters(ended))
	if err != nil {
		return err
	}
	out := Report{By: by, From: from, Until: until}
	out.Rows, out.Total = report.Of(by, ended, pools, from, until)
	if by == report.Team {
		if out.Budgets, err = budgets(ctx, s, runs, now); err != nil {
			return err
		}
	}
	if o.JSON {
		out.Rows = append([]report.Row{}, out.Rows...)
		return io.JSON(out)
	}
	print(io, out)
	return nil
}

// budgets are those of the stage's teams.
func budgets(ctx context.Context, s stage.Settings, runs *store.Runs, now time.Time) (all []budget.Status, _ error) {
	if len(s.Costs.Budgets) == 0 {
		return nil, nil
	}
	running, err := budget.Running(ctx, runs, s.Costs.Budgets, now)
	if err != nil {
		return nil, err
	}
	for _, team := range slices.Sorted(maps.Keys(s.Costs.Budgets)) {
		spent, err := runs.Spent(ctx, team, now)
		if err != nil {
			return nil, err
		}
		all = append(all, budget.Of(team, s.Costs.Budgets[team], spent, running[team], now))
	}
	return all, nil
}

// span is the time from the first day until the end of the last one. Without days it is
// the month until now.
func (o Options) span(now time.Time) (from, until time.Time, err error) {
	now = now.UTC()
	from, until = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC), now
	if o.From != "" {
		if from, err = time.Parse(time.DateOnly, o.From); err != nil {
			return from, until, exit.Usage("invalid --from %q: expected a day such as 2026-11-01", o.From)
		}
	}
	if o.To != "" {
		if until, err = time.Parse(time.DateOnly, o.To); err != nil {
			return from, until, exit.Usage("invalid --to %q: expected a day such as 2026-11-30", o.To)
		}
		until = until.AddDate(0, 0, 1)
	}
	switch days := until.Sub(from).Hours() / 24; {
	case days <= 0:
		return from, until, exit.Usage("--from %s is after --to", from.Format(time.DateOnly))
	case days > mostDays:
		return from, until, exit.Usage("%.0f days are too many: records are kept for %d days", days, mostDays)
	}
	return from, until, nil
}

// pooled are the pools' clusters with these ids that have ended.
func pooled(ctx context.Context, db cluster.BatchAPI, table string, ids []string) ([]report.Pooled, error) {
	found, err := cluster.Lookup(ctx, db, table, ids)
	if err != nil {
		return nil, err
	}
	var all []report.Pooled
	for id, c := range found {
		if c.Pool != "" && !c.EndedAt.IsZero() {
			all = append(all, report.Pooled{
				ID: id, Pool: c.Pool, Team: c.Team, Profile: c.Profile, CreatedAt: c.CreatedAt, EndedAt: c.EndedAt, Units: c.Units,
			})
		}
	}
	return all, nil
}

func print(io *terminal.IO, r Report) {
	if len(r.Rows) == 0 {
		io.Notef("no runs ended from %s to %s; list runs with: ephemr runs\n", r.From.Format(time.DateOnly), r.Until.Add(-1).Format(time.DateOnly))
		return
	}
	usd := func(f float64) string {
		if f == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", f)
	}
	var rows [][]string
	for _, x := range append(r.Rows, r.Total) {
		sum := fmt.Sprintf("%.2f", x.USD)
		if x.Unpriced > 0 {
			sum = "at least " + sum
		}
		rows = append(rows, []string{
			x.Name, fmt.Sprint(x.Runs), sum, usd(x.EC2), usd(x.EMR), usd(x.Disk), usd(x.Control),
			usd(x.Wasted), usd(x.Attempts), usd(x.Fallbacks), usd(x.Idle),
		})
	}
	io.Table([]string{strings.ToUpper(string(r.By)), "RUNS", "USD", "EC2", "EMR", "EBS", "CONTROL", "WASTED", "FAILED ATTEMPTS", "FAILED CLUSTERS", "IDLE POOLS"}, rows)
	for _, b := range r.Budgets {
		io.Notef("budget of %s in %s: %.2f of %.2f USD spent, forecast %.2f USD\n", b.Team, b.Month, b.Spent, b.Budget, b.Forecast)
	}
	if r.Total.IdleMinutes >= 1 {
		io.Notef("clusters of pools were idle for %s\n", terminal.Duration(time.Duration(r.Total.IdleMinutes*float64(time.Minute))))
	}
	if r.Total.Unpriced > 0 {
		io.Notef("%s: without a price for their instance types, or recorded by an earlier version\n", terminal.Count(r.Total.Unpriced, "run"))
	}
}
