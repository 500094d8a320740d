package simulation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/lineage"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// lineageOf is what has become, by the records, of an execution of a run or of an attempt.
type lineageOf struct {
	run, what string
	end       lineage.Type // "" = it has not ended
}

// runLineage keeps the executions of a run. The caller holds the lock.
func (c *checker) runLineage(id string, now awsfake.Item) {
	state, restarts := run.State(text(now["state"])), number(now["restarts"])
	key := lineage.RunID(c.w.Settings, id, restarts)
	x, started := c.lineage[key]
	if !started && state != run.Running {
		return
	}
	x.run, x.what = id, "run "+id
	switch state {
	case run.Succeeded:
		x.end = lineage.Complete
	case run.Failed:
		x.end = lineage.Fail
	case run.Cancelled:
		x.end = lineage.Abort
	case run.Running, run.Queued, run.Admitted, run.Rejected:
	}
	c.lineage[key] = x
}

// jobLineage keeps the attempts of a job. The caller holds the lock.
func (c *checker) jobLineage(id, name string, old, now awsfake.Item) {
	from, to := run.JobState(text(old["state"])), run.JobState(text(now["state"]))
	key := lineage.AttemptID(c.w.Settings, id, name, number(now["attempt"]))
	x := lineageOf{run: id, what: "an attempt of " + name + " of run " + id}
	switch {
	case to == run.JobRunning:
	case from != run.JobRunning:
		return
	case to == run.JobSucceeded:
		x.end = lineage.Complete
	case to == run.JobCancelled, text(now["class"]) == string(job.ClassCancelled):
		x.end = lineage.Abort
	default:
		x.end = lineage.Fail
	}
	c.lineage[key] = x
}

// lineages compares the events in S3 with what has become of runs and attempts: each that has
// started has one START and, if its run has ended, one end of the right type.
func (c *checker) lineages() {
	found := map[string][]lineage.Type{}
	for _, key := range c.w.S3.Keys(c.w.Settings.LogsBucket) {
		if !strings.HasPrefix(key, stage.LineagePrefix) {
			continue
		}
		var e struct {
			EventType lineage.Type
			Run       struct{ RunID string }
		}
		if err := json.Unmarshal(c.w.S3.Object(c.w.Settings.LogsBucket, key), &e); err != nil {
			c.fail(Lineage, "%s: %v", key, err)
			continue
		}
		if _, known := c.lineage[e.Run.RunID]; !known {
			c.fail(Lineage, "%s is of nothing that has started", key)
		}
		found[e.Run.RunID] = append(found[e.Run.RunID], e.EventType)
	}
	for _, id := range slices.Sorted(maps.Keys(c.lineage)) {
		x, want := c.lineage[id], []lineage.Type{lineage.Start}
		if x.end == "" && c.states[x.run].Final() {
			x.end = lineage.Abort
		}
		if x.end != "" {
			want = append(want, x.end)
		}
		got := found[id]
		slices.SortFunc(got, func(a, b lineage.Type) int { // START first
			return strings.Compare(strings.TrimPrefix(string(a), string(lineage.Start)), strings.TrimPrefix(string(b), string(lineage.Start)))
		})
		if !slices.Equal(got, want) && c.states[x.run].Final() {
			c.fail(Lineage, "%s has the lineage events %v, want %v", x.what, got, want)
		}
	}
}
