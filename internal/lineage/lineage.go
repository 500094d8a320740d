// Package lineage describes runs in OpenLineage's terms: an execution of a pipeline and each
// attempt of a job is a run there, with an event when it starts and another when it ends.
// Events are derived from records alone: an event that is written late or again is the same.
package lineage

import (
	"slices"
	"strings"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Written is an event with its key in the stage's bucket of logs.
type Written struct {
	Key   string
	Event Event
}

// Of returns the events that a record implies: those of the newest execution of its run, and of
// the attempts in it. A run that never started has none.
func Of(rec *run.Record, s stage.Settings) []Written {
	r := rec.Run
	if r.StartedAt.IsZero() || r.State != run.Running && !r.State.Final() || r.State == run.Rejected {
		return nil
	}
	b := builder{rec: rec, stage: s, flow: FlowOf(rec, s)}
	all := []Written{b.run(true)}
	if r.State.Final() {
		all = append(all, b.run(false))
	}
	for _, j := range rec.Jobs {
		if j.Restart != r.Restarts {
			continue // it succeeded in an earlier execution
		}
		for _, a := range attempts(r, j) {
			all = append(all, b.attempt(j, a, true))
			if a.end != "" {
				all = append(all, b.attempt(j, a, false))
			}
		}
	}
	return all
}

// attempt is an attempt of a job that has a step.
type attempt struct {
	number    int
	clusterID string
	stepID    string
	start, to time.Time
	end       Type // "" = it has not ended
	class     job.Class
	reason    string
	noticed   bool // it is the newest, whose findings the record has
	exitCode  *int
}

// attempts are those of a job in the newest execution of r, the oldest first.
func attempts(r run.Run, j run.Job) []attempt {
	var all []attempt
	last := j.Base
	for _, e := range j.Earlier {
		if e.Attempt <= j.Base {
			continue
		}
		last = e.Attempt
		all = append(all, attempt{
			number: e.Attempt, clusterID: e.ClusterID, stepID: e.StepID, start: e.StartedAt, to: e.EndedAt,
			end: failed(e.Class), class: e.Class, reason: e.Reason, exitCode: e.ExitCode,
		})
	}
	if j.Attempt <= last || j.StepID == "" || !j.State.Over() && j.State != run.JobRunning {
		return all // the newest is among them, or was not submitted
	}
	return append(all, newest(r, j))
}

// newest is the newest attempt of a job, which was submitted.
func newest(r run.Run, j run.Job) attempt {
	a := attempt{
		number: j.Attempt, clusterID: j.ClusterID, stepID: j.StepID, start: j.IntentAt, to: j.EndedAt,
		class: j.Class, reason: j.Reason, exitCode: j.ExitCode, noticed: true,
	}
	switch {
	case j.State == run.JobSucceeded:
		a.end = Complete
	case j.State == run.JobFailed:
		a.end = failed(j.Class)
	case j.State.Over():
		a.end = Abort
	case r.State.Final(): // its end was never recorded
		a.end, a.to, a.class, a.reason = Abort, r.EndedAt, r.Class, "the run ended before it"
	}
	if a.to.Before(a.start) {
		a.to = a.start // clocks of clusters differ
	}
	return a
}

func failed(c job.Class) Type {
	if c == job.ClassCancelled {
		return Abort
	}
	return Fail
}

// ended is the type of the event at the end of a run.
func ended(s run.State) Type {
	switch s {
	case run.Succeeded:
		return Complete
	case run.Cancelled:
		return Abort
	case run.Failed, run.Rejected, run.Queued, run.Admitted, run.Running:
	}
	return Fail
}

// builder makes the events of a record.
type builder struct {
	rec   *run.Record
	stage stage.Settings
	flow  Flow
}

// run is the event at the start or the end of the execution of a pipeline.
func (b builder) run(start bool) Written {
	r := b.rec.Run
	e := Event{
		EventTime: stamp(r.StartedAt), EventType: Start, Producer: producer, SchemaURL: core + "RunEvent",
		Run:    Run{RunID: RunID(b.stage, r.ID, r.Restarts), Facets: facets{}},
		Job:    Job{Namespace: Namespace(b.stage), Name: r.Pipeline, Facets: about("PIPELINE", b.rec)},
		Inputs: inputs(b.flow.In), Outputs: []Output{},
	}
	e.Run.Facets.set("nominalTime", nominal(r))
	e.Run.Facets.set("ephemr", identity(r))
	if b.rec.Spec != nil && b.rec.Spec.Description != "" {
		e.Job.Facets.set("documentation", facet{"description": b.rec.Spec.Description})
	}
	if !start {
		e.EventTime, e.EventType, e.Outputs = stamp(r.EndedAt), ended(r.State), outputs(b.flow.Out)
		e.Inputs = append(e.Inputs, inputs(b.flow.Checked)...)
		if r.State != run.Succeeded {
			e.Run.Facets.set("errorMessage", failure(r.Class, r.Reason, ""))
		}
	}
	return Written{Key: key(r, "", r.Restarts, start), Event: e}
}

// attempt is the event at the start or the end of an attempt of a job.
func (b builder) attempt(j run.Job, a attempt, start bool) Written {
	r := b.rec.Run
	e := Event{
		EventTime: stamp(a.start), EventType: Start, Producer: producer, SchemaURL: core + "RunEvent",
		Run:    Run{RunID: AttemptID(b.stage, r.ID, j.Name, a.number), Facets: facets{}},
		Job:    Job{Namespace: Namespace(b.stage), Name: JobName(r.Pipeline, j.Name), Facets: about(strings.ToUpper(string(j.Type)), b.rec)},
		Inputs: inputs(bare(b.flow.Reads[j.Name])), Outputs: []Output{},
	}
	e.Run.Facets.set("parent", b.parent())
	e.Run.Facets.set("nominalTime", nominal(r))
	own := facet{"runId": r.ID, "job": j.Name, "attempt": a.number, "stepId": a.stepID, "clusterId": a.clusterID}
	if release := b.release(a.clusterID); release != "" {
		e.Run.Facets.set("processing_engine", facet{"name": "Amazon EMR", "version": strings.TrimPrefix(release, "emr-")})
	}
	if f := source(b.rec.Spec, j.Name, b.stage.ArtifactsBucket); f != nil {
		e.Job.Facets.set("sourceCodeLocation", f)
	}
	if !start {
		e.EventTime, e.EventType = stamp(a.to), a.end
		if a.noticed {
			e.Inputs = inputs(slices.Concat(b.flow.Reads[j.Name], b.flow.Scanned[j.Name]))
		}
		if a.end == Complete {
			e.Outputs = outputs(b.flow.Writes[j.Name])
		}
		if a.exitCode != nil {
			own["exitCode"] = *a.exitCode
		}
		if a.end != Complete {
			e.Run.Facets.set("errorMessage", failure(a.class, a.reason, j.Type))
		}
	}
	e.Run.Facets.set("ephemr", own)
	return Written{Key: key(r, j.Name, a.number, start), Event: e}
}

// bare is what is known of datasets before a job has ended.
func bare(all []Dataset) []Dataset {
	out := make([]Dataset, len(all))
	for i, d := range all {
		d.Findings = nil
		out[i] = d
	}
	return out
}

// parent is the execution that the attempts of the record are in.
func (b builder) parent() facet {
	r := b.rec.Run
	of := map[string]any{
		"run": map[string]any{"runId": RunID(b.stage, r.ID, r.Restarts)},
		"job": map[string]any{"namespace": Namespace(b.stage), "name": r.Pipeline},
	}
	return facet{"run": of["run"], "job": of["job"], "root": of}
}

// release is EMR's release on a cluster, or "".
func (b builder) release(clusterID string) string {
	for _, c := range b.rec.Clusters {
		if c.ID == clusterID {
			return c.Release
		}
	}
	return ""
}
