package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
)

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// What apply would do with a pipeline.
const (
	Create    = "create"
	Update    = "update"
	Unchanged = "unchanged"
)

// Plan is what apply would change.
type Plan struct {
	Action    string     `json:"action"`           // create, update or unchanged
	Version   int        `json:"version"`          // that would be the current one
	Paused    bool       `json:"paused,omitempty"` // its triggers start nothing until it is resumed
	Changes   []string   `json:"changes"`          // keys of the file that differ from the current version, as jobs.clean.args
	Jobs      []Change   `json:"jobs"`             // that would be added, removed or changed
	Packages  []Digests  `json:"packages"`         // that would differ
	Triggers  []string   `json:"triggers"`         // that would be added (+) or removed (-)
	Schedules []Schedule `json:"schedules"`        // that would be added or removed
}

// Change is what would change of a job.
type Change struct {
	Name   string   `json:"name"`
	Change string   `json:"change"` // added, removed or changed
	Keys   []string `json:"keys"`   // of a changed job: those that differ
}

// Digests are the SHA-256 digests of the packages of a job; empty = it has none.
type Digests struct {
	Job string `json:"job"`
	Old string `json:"old"`
	New string `json:"new"`
}

// Schedule is a schedule that would be added or removed.
type Schedule struct {
	Change   string    `json:"change"` // added or removed
	Schedule string    `json:"schedule"`
	Timezone string    `json:"timezone"`
	Next     time.Time `json:"next,omitzero"` // its next planned time, in its zone
}

// Words of Change.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// compare plans the registration of spec, without writing anything.
func compare(ctx context.Context, known Pipelines, spec pipeline.Spec, now time.Time) (*Plan, error) {
	before, err := known.Current(ctx, spec.Name)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	p := &Plan{Action: Create, Version: 1, Changes: []string{}, Jobs: []Change{}, Packages: []Digests{}, Triggers: []string{}, Schedules: []Schedule{}}
	var old pipeline.Spec
	if before != nil {
		old, p.Action, p.Version, p.Paused = before.Spec, Unchanged, before.Number, before.Paused
		if before.Same(data) {
			return p, nil
		}
		p.Action, p.Version = Update, before.Number+1
		p.Changes = append(p.Changes, differences("", fields(old), fields(spec))...)
	}
	p.addJobs(old, spec)
	p.addTriggers(old, spec)
	return p, p.addSchedules(old, spec, now)
}

// addTriggers adds the triggers that differ.
func (p *Plan) addTriggers(old, spec pipeline.Spec) {
	was, will := triggers(old), triggers(spec)
	for _, t := range will {
		if !slices.Contains(was, t) {
			p.Triggers = append(p.Triggers, "+ "+t)
		}
	}
	for _, t := range was {
		if !slices.Contains(will, t) {
			p.Triggers = append(p.Triggers, "- "+t)
		}
	}
}

// addSchedules adds the schedules whose planned times differ, with the next one.
func (p *Plan) addSchedules(old, spec pipeline.Spec, now time.Time) error {
	was, will := calendar.Schedules(&old, 0, now), calendar.Schedules(&spec, 0, now)
	for change, pair := range map[string][2][]calendar.Schedule{Added: {will, was}, Removed: {was, will}} {
		for _, s := range pair[0] {
			if slices.ContainsFunc(pair[1], s.SameTimes) {
				continue
			}
			next, err := s.Next()
			if err != nil {
				return err
			}
			if zone, err := time.LoadLocation(s.Zone); err == nil && !next.IsZero() {
				next = next.In(zone)
			}
			p.Schedules = append(p.Schedules, Schedule{Change: change, Schedule: s.Cron, Timezone: s.Zone, Next: next})
		}
	}
	slices.SortStableFunc(p.Schedules, func(a, b Schedule) int { return order(a.Change) - order(b.Change) })
	return nil
}

func order(change string) int { return slices.Index([]string{Added, Changed, Removed}, change) }

// addJobs adds the jobs that differ, and their packages.
func (p *Plan) addJobs(old, spec pipeline.Spec) {
	was := map[string]pipeline.Job{}
	for _, j := range old.Jobs {
		was[j.Name] = j
	}
	for _, j := range spec.Jobs {
		before, exists := was[j.Name]
		delete(was, j.Name)
		keys := differences("", fields(before), fields(j))
		switch {
		case !exists:
			p.Jobs = append(p.Jobs, Change{Name: j.Name, Change: Added, Keys: []string{}})
		case len(keys) > 0:
			p.Jobs = append(p.Jobs, Change{Name: j.Name, Change: Changed, Keys: keys})
		}
		p.addPackage(j.Name, digest(before), digest(j))
	}
	for _, j := range old.Jobs {
		if _, gone := was[j.Name]; gone {
			p.Jobs = append(p.Jobs, Change{Name: j.Name, Change: Removed, Keys: []string{}})
			p.addPackage(j.Name, digest(j), "")
		}
	}
}

func (p *Plan) addPackage(job, old, now string) {
	if old != now {
		p.Packages = append(p.Packages, Digests{Job: job, Old: old, New: now})
	}
}

// digest is that of a job's package, or "".
func digest(j pipeline.Job) string {
	if j.Package == nil {
		return ""
	}
	return j.Package.SHA256
}
