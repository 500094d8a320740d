// Package backfill is ephemr backfill and ephemr backfills: they run dates that have passed
// and show how far that is.
package backfill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Options of ephemr backfill.
type Options struct {
	Pipeline, From, To, Only, Order, Every, Chunk string
	Parallel                                      int
	MaxCost                                       float64
	Params                                        []string // key=value
	By                                            string
	DryRun, Follow, JSON                          bool
}

// Runs reads runs.
type Runs interface {
	backfill.Runs
	List(ctx context.Context, q run.Query) ([]run.Run, error)
}

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// Clients are the clients of both commands.
type Clients struct {
	Pipelines Pipelines
	Runs      Runs
	Store     *backfill.Store
	Lambda    lambdacall.InvokeAPI
}

// Plan is what a dry run prints as JSON.
type Plan struct {
	Pipeline string           `json:"pipeline"`
	Dates    []backfill.Entry `json:"dates"`
	Runs     int              `json:"runs"`     // that would be made or retried
	Estimate *Estimate        `json:"estimate"` // null if the pipeline has no run to estimate from
}

// Run plans the backfill and, unless it is a dry run, starts it. With JSON it prints a
// Plan or a backfill.Backfill.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	now := time.Now()
	q, err := o.request(ctx, c.Pipelines, now)
	if err != nil {
		return err
	}
	b, entries, err := backfill.Entries(ctx, &q, c.Pipelines, c.Runs, now)
	if fault.NameOf(err) == fault.InvalidInput {
		return exit.Usage("%w", err)
	}
	if err != nil {
		return err
	}
	p := Plan{Pipeline: o.Pipeline, Dates: entries, Runs: b.Total}
	each, err := estimate(ctx, c.Runs, o.Pipeline)
	if err != nil {
		return err
	}
	if each != nil {
		all := each.times(b.Total, q.Parallel)
		p.Estimate = &all
		if q.MaxCost > 0 && all.USD > q.MaxCost {
			return exit.Usage("%d runs cost about %.2f USD, more than --max-cost %.2f; choose a shorter time or a higher amount", b.Total, all.USD, q.MaxCost)
		}
	}
	if o.DryRun {
		return show(io, o, p, each)
	}
	if err := lambdacall.Control(ctx, c.Lambda, s, operation.Backfill, q, &b); err != nil {
		return err
	}
	return started(ctx, o, io, c, b)
}

// started says which backfill was started, and follows it if that is asked for.
func started(ctx context.Context, o Options, io *terminal.IO, c Clients, b backfill.Backfill) error {
	switch {
	case o.Follow:
		if !o.JSON {
			io.Printf("%s\n", b.ID)
		}
		return follow(ctx, io, c, b.ID, o.JSON)
	case o.JSON:
		return io.JSON(b)
	}
	io.Printf("%s\n", b.ID)
	io.Notef("%s of %s; follow them with: ephemr backfills %s -f\n", terminal.Count(b.Total, "run"), o.Pipeline, b.ID)
	return nil
}

// request is what the options ask for. Days are those of the pipeline's first schedule.
func (o Options) request(ctx context.Context, pipelines Pipelines, now time.Time) (backfill.Request, error) {
	q := backfill.Request{Pipeline: o.Pipeline, Only: o.Only, Order: o.Order, Parallel: o.Parallel, MaxCost: o.MaxCost, By: o.By}
	v, err := pipelines.Current(ctx, o.Pipeline)
	if err != nil {
		return q, err
	}
	if v == nil {
		return q, exit.Usage("pipeline %s not found; list pipelines with ephemr pipelines, register one with ephemr apply", o.Pipeline)
	}
	zone := o.zone(v.Spec)
	if q.From, err = when("from", o.From, zone); err != nil {
		return q, err
	}
	if q.To, err = when("to", o.To, zone); err != nil {
		return q, err
	}
	q.To = wholeDay(o.To, q.To, now)
	if q.Every, err = duration("every", o.Every); err != nil {
		return q, err
	}
	if q.Chunk, err = duration("chunk", o.Chunk); err != nil {
		return q, err
	}
	q.Params, err = request.Pairs("param", o.Params)
	return q, err
}

// wholeDay is the end of to if text is a day, as far as that has passed.
func wholeDay(text string, to, now time.Time) time.Time {
	if _, err := time.Parse(time.DateOnly, text); err != nil || to.After(now) {
		return to
	}
	if end := to.AddDate(0, 0, 1).Add(-1); end.Before(now) {
		return end
	}
	return now
}

func duration(flag, text string) (d pipeline.Duration, _ error) {
	if text == "" {
		return 0, nil
	}
	if err := d.UnmarshalText([]byte(text)); err != nil {
		return 0, exit.Usage("invalid --%s %q: expected a duration such as 7d, 12h or 30m", flag, text)
	}
	return d, nil
}

// zone is that of the dates: of the pipeline's first schedule, or of the runs that no
// schedule plans.
func (o Options) zone(spec pipeline.Spec) *time.Location {
	i := slices.IndexFunc(spec.Triggers, func(t pipeline.Trigger) bool { return t.Schedule != "" })
	name := spec.Zone()
	if i >= 0 && o.Every == "" && o.Chunk == "" {
		name = spec.Triggers[i].Zone(spec)
	}
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}

func when(flag, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, exit.Usage("a backfill needs --%s (examples: 2026-11-01, 2026-11-01T03:00:00Z)", flag)
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day, nil
	}
	t, err := run.ParseLogicalTime(text)
	if err != nil {
		return t, exit.Usage("--%s: %w", flag, err)
	}
	return t, nil
}

// show prints the plan.
func show(io *terminal.IO, o Options, p Plan, each *Estimate) error {
	if o.JSON {
		return io.JSON(p)
	}
	var rows [][]string
	for _, e := range p.Dates {
		minutes, usd := "", ""
		if e.Action != backfill.None {
			minutes, usd = "no estimate", "no estimate"
			if each != nil {
				minutes, usd = fmt.Sprintf("%.0f", each.Minutes), fmt.Sprintf("%.2f", each.USD)
			}
		}
		rows = append(rows, []string{e.Planned.Format("2006-01-02T15:04Z"), e.Value, strings.ToLower(e.There), e.Action, minutes, usd})
	}
	io.Table([]string{"DATE", "VALUE", "THERE", "ACTION", "MINUTES", "USD"}, rows)
	total := "no estimate: the pipeline has no run that succeeded"
	if p.Estimate != nil {
		total = fmt.Sprintf("about %.0f minutes and %.2f USD", p.Estimate.Minutes, p.Estimate.USD)
	}
	io.Notef("%s of %s; %s\n", terminal.Count(p.Runs, "run"), terminal.Count(len(p.Dates), "date"), total)
	return nil
}
