// Package outcome decides and records how runs end: from their records, not from
// the state of their cluster.
//
// Tested here, by statemachines and by internal/proof/simulation.
package outcome

import (
	"encoding/json"
	"fmt"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// StateError is what Step Functions puts into $.error when a state fails.
type StateError struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// byName is the class of an error that stopped the state machine, unless the
// records contain a more specific one.
var byName = map[string]job.Class{
	string(fault.InvalidInput): job.ClassInvalid,
	string(fault.Permission):   job.ClassPermission,
	string(fault.Throttled):    job.ClassQuota,
	string(fault.Limit):        job.ClassQuota,
	string(fault.CostLimit):    job.ClassLimit,
	string(fault.Capacity):     job.ClassCapacity,
	string(fault.Data):         job.ClassData,
	string(fault.Timeout):      job.ClassTimeout,
	string(fault.Cancelled):    job.ClassCancelled,
	"States.Timeout":           job.ClassTimeout,
	"Sandbox.Timedout":         job.ClassTimeout,
}

// OfRun decides a run's outcome from its records; e is what stopped the state
// machine, if anything did.
func OfRun(rec *run.Record, e *StateError) run.Outcome {
	if rec.Run.Cancel != "" && unfinished(rec) {
		return run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: rec.Run.Cancel + failedCleanUp(rec)}
	}
	if failed := culprit(rec, e); failed != nil {
		state := run.Failed
		if failed.Class == job.ClassCancelled {
			state = run.Cancelled
		}
		return run.Outcome{State: state, Class: failed.Class, Reason: fmt.Sprintf("job %s: %s", failed.Name, failed.Reason), Cause: failed.Cause}
	}
	if rec.Succeeded() {
		if o := ofData(rec, e); o.State != run.Succeeded || !rec.Unpublished() {
			return o
		}
	}
	if c := rec.Cluster(); c != nil && c.State == run.ClusterFailed && !rec.Succeeded() {
		return ofCluster(*c)
	}
	return ofError(rec, e)
}

// wrongData says what was found. A finding without a dataset is about all checks.
func wrongData(f job.Finding) string {
	if f.Dataset == "" {
		return fmt.Sprintf("checks: expected %s: %s", f.Expect, f.Found)
	}
	return fmt.Sprintf("data of %s: expected %s, found %s", f.Dataset, f.Expect, f.Found)
}

// unfinished reports whether jobs of the run, its publication or its checks are left.
func unfinished(rec *run.Record) bool {
	return !rec.Succeeded() || rec.Unpublished() || rec.Undecided()
}

// ofError is the outcome of a run that e has ended, or its deadline before it cleaned up.
func ofError(rec *run.Record, e *StateError) run.Outcome {
	if cleanedUp(rec) {
		late := fmt.Sprintf("run %s was past its deadline %s", rec.Run.ID, rec.Run.Deadline.Format(time.RFC3339))
		return run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: late + failedCleanUp(rec)}
	}
	switch {
	case e == nil && rec.Succeeded():
		return run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "the execution ended before the data was published"}
	case e == nil:
		return run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "the execution ended with jobs left"}
	}
	o := run.Outcome{State: run.Failed, Class: byName[e.Error], Reason: e.Reason()}
	if o.Class == "" {
		o.Class = job.ClassInternal
	}
	if o.Class == job.ClassCancelled {
		o.State = run.Cancelled
	}
	return o
}

// cleanedUp reports whether the jobs that clean up ran because the run was interrupted.
func cleanedUp(rec *run.Record) bool { return !rec.Run.CleanUp.IsZero() }

// failedCleanUp names a job that failed while the run cleaned up, or is empty.
func failedCleanUp(rec *run.Record) string {
	for _, j := range rec.Jobs {
		if cleanedUp(rec) && rec.Spec != nil && rec.Spec.Conditional(j.Name) && j.State == run.JobFailed {
			return fmt.Sprintf("; its clean-up failed: job %s: %s", j.Name, j.Reason)
		}
	}
	return ""
}

// ofData is the outcome of a run whose jobs have succeeded: what was found of the data
// that they have written decides.
func ofData(rec *run.Record, e *StateError) run.Outcome {
	found := rec.Found()
	switch {
	case found == nil && rec.HasWritten() && toCheck(rec.Spec):
		o := run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "the data was not checked"}
		if e != nil {
			o.Reason += ": " + e.Reason()
		}
		return o
	case found != nil && found.Failed() != nil:
		f := found.Failed()
		return run.Outcome{State: run.Failed, Class: job.ClassData, Reason: wrongData(*f)}
	}
	if rec.Undecided() {
		return undecided(rec, e)
	}
	if q := rec.Asked(); q != nil && q.Failed() != nil {
		return run.Outcome{State: run.Failed, Class: job.ClassData, Reason: wrongData(*q.Failed())}
	}
	return run.Outcome{State: run.Succeeded, NothingToDo: rec.NothingToDo()}
}

// toCheck reports whether CheckData has to look at the data of runs.
func toCheck(s *pipeline.Spec) bool { return s.Compares() || s.ByFooters() || s.OnAthena() }

// undecided is the outcome of a run that ended before the queries of its checks.
func undecided(rec *run.Record, e *StateError) run.Outcome {
	if e != nil {
		return ofError(rec, e)
	}
	return run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "the execution ended before the queries of the checks"}
}

// culprit is the job that made the run fail, or nil. If an error stopped the run,
// jobs that were interrupted by it, or have cleaned up after it, are not the cause.
func culprit(rec *run.Record, e *StateError) *run.Job {
	for _, j := range rec.ByCause() {
		if cleanedUp(rec) && rec.Spec != nil && rec.Spec.Conditional(j.Name) {
			continue
		}
		if j.State == run.JobFailed || j.State == run.JobCancelled && (e == nil || j.Class != job.ClassCancelled) {
			return j
		}
	}
	return nil
}

// ofCluster is the outcome of a run whose last attempt to get a cluster failed.
func ofCluster(c run.Cluster) run.Outcome {
	state, name := run.Failed, c.ID
	if c.Class == job.ClassCancelled {
		state = run.Cancelled
	}
	if name == "" {
		name = c.Name // the engine never returned an id
	}
	return run.Outcome{State: state, Class: c.Class, Reason: fmt.Sprintf("cluster %s: %s", name, c.Reason)}
}

// Reason is the message for a person. Lambda wraps messages in JSON.
func (e StateError) Reason() string {
	var cause struct{ ErrorMessage string }
	if json.Unmarshal([]byte(e.Cause), &cause) == nil && cause.ErrorMessage != "" {
		return cause.ErrorMessage
	}
	if e.Cause == "" {
		return e.Error
	}
	return e.Cause
}
