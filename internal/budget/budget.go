// Package budget compares what the teams of a stage spend in a month with their budgets,
// and reports when 80 and 100 % are reached.
package budget

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/notify"
	"ephemr/internal/outbox"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Levels are the parts of a budget, in percent, that are reported when they are reached.
var Levels = []int{80, 100}

// Status is how far a budget is used.
type Status struct {
	Team     string  `json:"team"`
	Month    string  `json:"month"` // YYYY-MM, in UTC
	Budget   float64 `json:"budget"`
	Spent    float64 `json:"spent"`    // by runs that ended, and by those that run until now
	Forecast float64 `json:"forecast"` // at the end of the month, if it goes on like this
}

// Percent of the budget that is spent.
func (s Status) Percent() int { return int(s.Spent / s.Budget * 100) }

// Of is the status of a budget: running is what runs have cost that have not ended.
func Of(team string, usd float64, spent run.Spent, running float64, now time.Time) Status {
	now = now.UTC()
	begin := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := begin.AddDate(0, 1, 0)
	s := Status{Team: team, Month: begin.Format("2006-01"), Budget: usd, Spent: spent.USD + running}
	since := begin
	if day := spent.Since.UTC().Truncate(24 * time.Hour); !spent.Since.IsZero() && day.After(begin) && day.Before(now) {
		since = day // the stage, or its budget, is younger than the month
	}
	s.Forecast = s.Spent
	if passed := max(now.Sub(since), 24*time.Hour); passed < end.Sub(since) {
		s.Forecast = s.Spent * float64(end.Sub(since)) / float64(passed)
	}
	return s
}

// Checker sends the notices.
type Checker struct {
	Settings stage.Settings
	Runs     *store.Runs
	Notices  *outbox.Store
}

// Check looks at all budgets. Each notice is sent once a month, however often that is.
func (c *Checker) Check(ctx context.Context, now time.Time) error {
	budgets := c.Settings.Costs.Budgets
	if len(budgets) == 0 {
		return nil
	}
	running, err := Running(ctx, c.Runs, budgets, now)
	errs := []error{err}
	for _, team := range slices.Sorted(maps.Keys(budgets)) {
		spent, err := c.Runs.Spent(ctx, team, now)
		if err == nil {
			err = c.notices(ctx, Of(team, budgets[team], spent, running[team], now), now)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Running is what the runs of teams with budgets have cost that have not ended. They hold
// slots, so they are few.
func Running(ctx context.Context, runs *store.Runs, budgets map[string]float64, now time.Time) (map[string]float64, error) {
	usd := map[string]float64{}
	err := runs.InState(ctx, run.Running, func(r run.Run) error {
		team := run.TeamOf(r)
		if _, ok := budgets[team]; !ok {
			return nil
		}
		rec, err := runs.Load(ctx, r.ID)
		if err != nil || rec.Run.State.Final() {
			return err
		}
		usd[team] += max(cost.OfRun(rec, now).USD()-rec.Run.Booked, 0)
		return nil
	})
	return usd, err
}

// notices posts the highest notice that is due. Those below it are not sent later.
func (c *Checker) notices(ctx context.Context, s Status, now time.Time) error {
	highest := 0
	for _, level := range Levels {
		if s.Spent >= s.Budget*float64(level)/100 {
			highest = level
		}
	}
	if highest == 0 {
		return nil
	}
	post, err := c.Notices.Post(s.notice(c.Settings.Stage, highest, now), s.Month+"#"+name(highest))
	if err != nil {
		return err
	}
	first, err := c.Runs.Notice(ctx, s.Team, now, name(highest), post)
	for _, level := range Levels {
		if level < highest && err == nil {
			_, err = c.Runs.Notice(ctx, s.Team, now, name(level))
		}
	}
	if first {
		slog.WarnContext(ctx, "budget reached", "team", s.Team, "month", s.Month, "percent", highest, "spentUsd", s.Spent, "budgetUsd", s.Budget)
	}
	return err
}

func name(level int) string { return fmt.Sprintf("notice%d", level) }

// notice is the message that a level is reached.
func (s Status) notice(stageName string, level int, now time.Time) notify.Entry {
	return notify.Entry{To: []string{}, Message: notify.Message{
		Kind: notify.Budget, Stage: stageName, Team: s.Team, State: fmt.Sprintf("%d%%", level), Count: 1, At: now,
		Headline: fmt.Sprintf("[ephemr %s] team %s has spent %d%% of its budget", stageName, s.Team, s.Percent()),
		Facts: []notify.Fact{
			{Name: "Team", Value: s.Team},
			{Name: "Month", Value: s.Month},
			{Name: "Spent", Value: fmt.Sprintf("%.2f of %.2f USD", s.Spent, s.Budget)},
			{Name: "Forecast", Value: fmt.Sprintf("%.2f USD at the end of the month", s.Forecast)},
		},
		Next: []string{"ephemr cost --by team", "ephemr cost --by pipeline"},
	}}
}
