// Package report adds up what runs cost, and what of it had no effect: by pipeline,
// team, day or profile.
package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/run"
)

// By is what a report has rows for.
type By string

// What a report may have rows for.
const (
	Pipeline By = "pipeline"
	Team     By = "team"
	Day      By = "day" // in UTC, of the end
	Profile  By = "profile"
)

// All lists what a report may have rows for.
var All = []By{Pipeline, Team, Day, Profile}

// Pooled is a cluster of a pool that has ended.
type Pooled struct {
	ID, Pool, Team, Profile string
	CreatedAt, EndedAt      time.Time
	Units                   []run.Units
}

// Row is what some runs cost in USD.
type Row struct {
	Name    string  `json:"name"`
	Runs    int     `json:"runs"`
	USD     float64 `json:"usd"` // all that follows
	EC2     float64 `json:"ec2"`
	EMR     float64 `json:"emr"`
	Disk    float64 `json:"disk"`
	Control float64 `json:"control"`
	Idle    float64 `json:"idlePools"` // pools' clusters, while no run leased them

	Wasted      float64 `json:"wasted"` // a part of USD: idle pools and the following
	Attempts    float64 `json:"failedAttempts"`
	Fallbacks   float64 `json:"failedClusters"`
	IdleMinutes float64 `json:"idleMinutes"` // of whole clusters

	Unpriced int `json:"unpriced"` // runs with instance types without a price, or of earlier versions: USD is at least as high
}

// Of adds up runs that ended, and pools' clusters that ended, from a time until another.
// It needs all runs that leased the clusters.
func Of(by By, runs []run.Run, pools []Pooled, from, until time.Time) (rows []Row, total Row) {
	all := map[string]*Row{}
	row := func(name string) *Row {
		if all[name] == nil {
			all[name] = &Row{Name: name}
		}
		return all[name]
	}
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(until) }
	charged := map[string]float64{}
	seen := map[string]bool{}
	for _, r := range runs {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		if r.Cost != nil {
			for id, usd := range r.Cost.Pooled {
				charged[id] += usd
			}
		}
		if within(r.EndedAt) {
			row(nameOf(by, r)).add(r)
		}
	}
	for _, c := range pools {
		if within(c.EndedAt) {
			row(c.name(by)).idle(c, charged[c.ID])
		}
	}
	for _, r := range all {
		total.sum(*r)
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		if by == Day {
			return cmp.Compare(a.Name, b.Name)
		}
		return cmp.Or(cmp.Compare(b.USD, a.USD), cmp.Compare(a.Name, b.Name))
	})
	total.Name = "total"
	return rows, total
}

// Clusters are the ids of the pools' clusters that runs leased, sorted.
func Clusters(runs []run.Run) []string {
	ids := map[string]bool{}
	for _, r := range runs {
		if r.Cost != nil {
			for id := range r.Cost.Pooled {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

func nameOf(by By, r run.Run) string {
	switch by {
	case Team:
		return cmp.Or(r.Team, run.NoTeam)
	case Day:
		return day(r.EndedAt)
	case Profile:
		if r.Cost != nil && r.Cost.Profile != "" {
			return r.Cost.Profile
		}
		return "unknown"
	case Pipeline:
	}
	return r.Pipeline
}

func (c Pooled) name(by By) string {
	switch by {
	case Team:
		return c.Team
	case Day:
		return day(c.EndedAt)
	case Profile:
		return c.Profile
	case Pipeline:
	}
	return "pool " + c.Pool
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (r *Row) add(x run.Run) {
	r.Runs++
	c := x.Cost
	if c == nil { // of an earlier version
		r.USD += x.CostUSD
		r.EC2 += x.CostUSD
		if x.CostUSD > 0 {
			r.Unpriced++
		}
		return
	}
	r.USD += c.USD()
	r.EC2, r.EMR, r.Disk, r.Control = r.EC2+c.EC2, r.EMR+c.EMR, r.Disk+c.Disk, r.Control+c.Control
	r.Attempts, r.Fallbacks = r.Attempts+c.Attempts, r.Fallbacks+c.Fallbacks
	r.Wasted += c.Attempts + c.Fallbacks
	if len(c.Unknown) > 0 {
		r.Unpriced++
	}
}

// idle adds what a pool's cluster cost beside what its runs were charged.
func (r *Row) idle(c Pooled, charged float64) {
	all := cost.OfClusters([]run.Cluster{{CreatedAt: c.CreatedAt, EndedAt: c.EndedAt, Units: c.Units}}, c.EndedAt).USD()
	idle := max(all-charged, 0)
	r.USD, r.Idle, r.Wasted = r.USD+idle, r.Idle+idle, r.Wasted+idle
	if all > 0 {
		r.IdleMinutes += idle / all * c.EndedAt.Sub(c.CreatedAt).Minutes()
	}
}

func (r *Row) sum(x Row) {
	r.Runs, r.Unpriced = r.Runs+x.Runs, r.Unpriced+x.Unpriced
	for to, from := range map[*float64]float64{
		&r.USD: x.USD, &r.EC2: x.EC2, &r.EMR: x.EMR, &r.Disk: x.Disk, &r.Control: x.Control, &r.Idle: x.Idle,
		&r.Wasted: x.Wasted, &r.Attempts: x.Attempts, &r.Fallbacks: x.Fallbacks, &r.IdleMinutes: x.IdleMinutes,
	} {
		*to += from
	}
}
