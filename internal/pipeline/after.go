package pipeline

import (
	"cmp"
	"maps"
)

// AfterTrigger waits for runs of another pipeline to succeed. Several of them in a pipeline
// wait for all.
type AfterTrigger struct {
	Pipeline  string `json:"pipeline" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,39}$"`
	Same      Same   `json:"same,omitempty" jsonschema:"enum=date,enum=interval,enum=latest"` // which of its runs: those of the same date (default), those that cover the interval, or the newest
	Intervals string `json:"intervals,omitempty"`                                             // with same: interval, cron fields of the times at which this pipeline's intervals begin; default: the intervals of the first trigger's pipeline
	Rerun     Rerun  `json:"rerun,omitempty" jsonschema:"enum=never,enum=always"`             // when it succeeds again for the same date or interval; default never
}

// Same says which runs of another pipeline a trigger waits for.
type Same string

// Values of Same.
const (
	SameDate     Same = "date"     // those of the same LogicalDate
	SameInterval Same = "interval" // those whose intervals cover the interval
	SameLatest   Same = "latest"   // the newest
)

// Rerun says what becomes of a run when another pipeline succeeds again.
type Rerun string

// Values of Rerun.
const (
	RerunNever  Rerun = "never"
	RerunAlways Rerun = "always"
)

// Kind is t.Same, or its default.
func (t AfterTrigger) Kind() Same { return cmp.Or(t.Same, SameDate) }

// After is what the triggers of a pipeline that wait for other pipelines say together.
type After struct {
	On        []AfterTrigger // all of them must have succeeded
	Same      Same           // what the runs are for: a date, an interval, or the newest data
	Intervals string         // cron fields, or "" for those of Lead
	Params    map[string]string
	Priority  *int
	Catchup   Catchup
}

// After returns what the pipeline's runs wait for, or nil if no trigger does.
func (s Spec) After() *After {
	var a *After
	for _, t := range s.Triggers {
		if t.After == nil {
			continue
		}
		if a == nil {
			a = &After{Same: SameLatest, Params: map[string]string{}}
		}
		a.On = append(a.On, *t.After)
		if k := t.After.Kind(); k != SameLatest {
			a.Same = k
		}
		a.Intervals, a.Catchup = cmp.Or(a.Intervals, t.After.Intervals), cmp.Or(a.Catchup, t.Catchup)
		maps.Copy(a.Params, t.Params)
		if a.Priority == nil {
			a.Priority = t.Priority
		}
	}
	return a
}

// Lead is the first of the triggers that say what the runs are for.
func (a After) Lead() AfterTrigger {
	for _, t := range a.On {
		if t.Kind() == a.Same {
			return t
		}
	}
	return AfterTrigger{}
}

// Upstreams are the pipelines that the pipeline's runs wait for, in the order of its triggers.
func (s Spec) Upstreams() (names []string) {
	if a := s.After(); a != nil {
		for _, t := range a.On {
			names = append(names, t.Pipeline)
		}
	}
	return names
}

// String names the trigger.
func (t AfterTrigger) String() string { return t.Pipeline + " (" + string(t.Kind()) + ")" }
