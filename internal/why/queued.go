package why

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ephemr/internal/admission"
	"ephemr/internal/backfill"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// queued returns the first cause for which a queued run does not start. What can hold a
// run before it has slots is a line here.
func queued(f Facts) Answer {
	for _, cause := range []func(Facts) *Answer{past, ofBackfill, limit} {
		if a := cause(f); a != nil {
			a.Since, a.Ahead = f.Run.Run.RequestedAt, f.Ahead
			return *a
		}
	}
	return turn(f)
}

// past is the wait for the run of the date before.
func past(f Facts) *Answer {
	r, before := f.Run.Run, f.Before
	if r.After == "" || before != nil && before.State == run.Succeeded {
		return nil
	}
	a := &Answer{Cause: Past, WaitsOn: r.After}
	if before == nil {
		a.Text = "waits for run " + r.After + " of the date before (dependsOnPast), which does not exist"
		a.Details = []string{"It has not been requested yet, or its record has expired."}
		if a.Until = admission.UnknownUntil(r); a.Until.IsZero() {
			return a
		}
		if !a.Until.After(f.Now) {
			return nil
		}
		a.Then = "it starts without it: the value may be new in the matrix"
		return a
	}
	a.Text = fmt.Sprintf("waits for run %s of the date before (dependsOnPast), which is %s", before.ID, before.State)
	switch {
	case before.State.Final():
		a.Details = []string{"It starts only when that run has succeeded: retry that run. Runs of later dates wait as well."}
		a.Next = []string{"ephemr why " + before.ID, "ephemr retry " + before.ID, "ephemr cancel " + r.ID}
	default:
		a.Expected = f.Usual[before.Pipeline].after(before.AdmittedAt, f.Now, "duration of runs of "+before.Pipeline)
		a.Next = []string{"ephemr why " + before.ID}
	}
	return a
}

// ofBackfill is the wait for a backfill that is not running.
func ofBackfill(f Facts) *Answer {
	b, id := f.Backfill, f.Run.Run.Backfill
	switch {
	case b == nil || b.State == backfill.Running:
		return nil
	case b.State == backfill.Paused:
		a := &Answer{Cause: Backfill, WaitsOn: id, Text: "waits because backfill " + id + " is paused", Next: []string{"ephemr backfill resume " + id}}
		if b.Reason != "" {
			a.Text += ": " + b.Reason
		}
		return a
	}
	return &Answer{
		Cause: Backfill, WaitsOn: id, Text: fmt.Sprintf("does not start any more: backfill %s is %s", id, b.State),
		Details: []string{"Its runs that have not started are cancelled next, at the latest at a tick of the function calendar."},
	}
}

// limit is the wait for slots.
func limit(f Facts) *Answer {
	full := f.full()
	if len(full) == 0 {
		return nil
	}
	a := &Answer{Cause: Limit}
	var names []string
	for _, s := range full {
		x := f.describe(s)
		a.Limits = append(a.Limits, x)
		names = append(names, fmt.Sprintf("%s (%d of %d)", x.title(), x.Held, x.Max))
	}
	a.Text = fmt.Sprintf("waits for a slot: the limit of %s is full (%d of %d)", a.Limits[0].title(), a.Limits[0].Held, a.Limits[0].Max)
	if len(names) > 1 {
		a.Text = "waits for slots: the limits of " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are full"
	}
	a.Expected = slot(a.Limits)
	a.Details = position(f.Ahead)
	return a
}

// slot is when each of the limits is expected to have room; nil if that is not known of
// one.
func slot(all []Full) *Estimate {
	var last *Estimate
	for _, x := range all {
		var first *Estimate
		for _, h := range x.Holders {
			if e := h.Expected; e != nil && (first == nil || e.At.Before(first.At)) {
				first = &Estimate{At: e.At, From: "end of run " + h.RunID + ", " + e.From}
			}
		}
		if first == nil {
			return nil
		}
		if last == nil || first.At.After(last.At) {
			last = first
		}
	}
	return last
}

// mostHolders is how many holders of a limit are listed.
const mostHolders = 20

// describe names a limit and its holders, the oldest first.
func (f Facts) describe(s Slots) Full {
	x := Full{Max: s.Max, Held: len(s.Holders), Holders: []Holder{}}
	x.Scope, x.Name = scope(s, f.Run.Run)
	for _, name := range s.Holders[:min(len(s.Holders), mostHolders)] {
		id, _ := run.OfExecution(name)
		h := Holder{RunID: id}
		if r := f.Holding[id]; r != nil {
			h.State, h.Since = r.State, r.AdmittedAt
			h.Expected = f.Usual[r.Pipeline].after(r.AdmittedAt, f.Now, "duration of runs of "+r.Pipeline)
		}
		x.Holders = append(x.Holders, h)
	}
	slices.SortStableFunc(x.Holders, func(a, b Holder) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.RunID, b.RunID)) })
	return x
}

// scope names the limit of slots that r counts against.
func scope(s Slots, r run.Run) (Scope, string) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(s.Key.Partition, "SLOTS#"), "#")
	if of := Scope(kind); of != OfValue {
		return of, name
	}
	return OfValue, pipeline.Values(r.Matrix)
}

// title is a limit in a sentence.
func (x Full) title() string {
	switch x.Scope {
	case OfStage:
		return "the stage"
	case OfBackfill:
		return "backfill " + x.Name + " (--parallel)"
	case OfTeam, OfPipeline, OfValue:
	}
	return string(x.Scope) + " " + x.Name
}

// turn is the wait of a run whose limits have room.
func turn(f Facts) Answer {
	a := Answer{
		Cause: Turn, Since: f.Run.Run.RequestedAt, Ahead: f.Ahead,
		Text: "is queued, and all its limits have room: the next pass of admission starts it, unless runs before it take the slots",
	}
	a.Details = append(position(f.Ahead), "A pass begins when a run is requested or ends, and every minute.")
	return a
}

// position says what is before a run in the queue.
func position(x *Ahead) []string {
	if x == nil {
		return nil
	}
	var all []string
	switch {
	case x.OrMore:
		all = append(all, fmt.Sprintf("At least %d queued runs of its team are before it: their priority is higher, or they are older.", x.Team))
	case x.Team > 1:
		all = append(all, fmt.Sprintf("%d queued runs of its team are before it: their priority is higher, or they are older.", x.Team))
	case x.Team == 1:
		all = append(all, "1 queued run of its team is before it: its priority is higher, or it is older.")
	default:
		all = append(all, "It is the first of its team in the queue.")
	}
	if x.Backfill {
		all = append(all, "Runs of backfills start when no other run can.")
	}
	var others []string
	for _, t := range x.Teams {
		others = append(others, fmt.Sprintf("%s (%d active)", t.Team, t.Active))
	}
	if len(others) > 0 {
		all = append(all, fmt.Sprintf("Teams with fewer active runs than its own (%d) are served first, and have queued runs: %s.", x.OfTeam, strings.Join(others, ", ")))
	}
	return all
}
