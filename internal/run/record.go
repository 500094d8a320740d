package run

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Record is a run with everything that belongs to it.
type Record struct {
	Run      Run            `json:"run"`
	Spec     *pipeline.Spec `json:"spec,omitempty"`
	Jobs     []Job          `json:"jobs"`     // in the pipeline's order
	Clusters []Cluster      `json:"clusters"` // by attempt
	Waiter   *Waiter        `json:"waiter,omitempty"`
	Data     *Data          `json:"data,omitempty"`    // of the newest start of the run for which it was looked at
	Queries  *Queries       `json:"queries,omitempty"` // likewise
}

// Sort sorts jobs as in the pipeline, and clusters by attempt.
func (rec *Record) Sort() {
	slices.SortFunc(rec.Clusters, func(a, b Cluster) int { return cmp.Compare(a.Attempt, b.Attempt) })
	if rec.Spec == nil {
		return
	}
	place := map[string]int{}
	for i, j := range rec.Spec.AllJobs() {
		place[j.Name] = i
	}
	slices.SortFunc(rec.Jobs, func(a, b Job) int { return cmp.Compare(place[a.Name], place[b.Name]) })
}

// Job returns the named job, or nil.
func (rec *Record) Job(name string) *Job {
	for i := range rec.Jobs {
		if rec.Jobs[i].Name == name {
			return &rec.Jobs[i]
		}
	}
	return nil
}

// Cluster returns the newest attempt to get a cluster, or nil.
func (rec *Record) Cluster() *Cluster {
	if len(rec.Clusters) == 0 {
		return nil
	}
	return &rec.Clusters[len(rec.Clusters)-1]
}

// InFlight returns the jobs that have a step that has not ended.
func (rec *Record) InFlight() []Job {
	return slices.DeleteFunc(slices.Clone(rec.Jobs), func(j Job) bool { return j.State != JobRunning })
}

// Begun reports whether a step was submitted since the run was started or
// retried. From then on nothing is repeated automatically.
func (rec *Record) Begun() bool {
	return slices.ContainsFunc(rec.Jobs, func(j Job) bool { return j.Attempt > j.Base })
}

// Limited reports whether the pipeline limits what the run costs.
func (rec *Record) Limited() bool { return rec.Spec != nil && rec.Spec.Limits.MostUSD() > 0 }

// Refuse returns why execution may not continue the run; nil means that it may. A
// redriven or duplicate execution finds that the run has ended, or belongs to
// another execution. After its deadline a run acquires and submits nothing more:
// sweep takes its capacity back, and leases it to others.
func (rec *Record) Refuse(execution string) error {
	if rec.Run.State != Running || rec.Run.Execution != execution {
		return fault.New(fault.Conflict, "run %s is %s and does not belong to execution %s", rec.Run.ID, rec.Run.State, execution)
	}
	if err := rec.Interrupted(time.Now()); err != nil {
		return err
	}
	return rec.Incomplete()
}

// RefuseSteps is Refuse for what is submitted to the capacity that the run has: while it
// cleans up it goes on.
func (rec *Record) RefuseSteps(execution string) error {
	err := rec.Refuse(execution)
	if name := fault.NameOf(err); rec.Run.CleanUp.IsZero() || name != fault.Cancelled && name != fault.Timeout {
		return err
	}
	if time.Now().After(rec.Run.CleanUp) {
		return fault.New(fault.Timeout, "run %s has cleaned up until %s (limits.cleanUp)", rec.Run.ID, rec.Run.CleanUp.Format(time.RFC3339))
	}
	return rec.Incomplete()
}

// Interrupted returns why the jobs of the run that do the work end, if it is to end before
// them, or nil: it was cancelled or is past its deadline.
func (rec *Record) Interrupted(now time.Time) error {
	switch {
	case rec.Run.Cancel != "":
		return fault.New(fault.Cancelled, "run %s is cancelled: %s", rec.Run.ID, rec.Run.Cancel)
	case !rec.Run.Deadline.IsZero() && now.After(rec.Run.Deadline):
		return fault.New(fault.Timeout, "run %s is past its deadline %s", rec.Run.ID, rec.Run.Deadline.Format(time.RFC3339))
	}
	return nil
}

// Incomplete says what of the run is missing that it cannot do without, or nil.
func (rec *Record) Incomplete() error {
	if rec.Spec == nil && rec.Run.State != Rejected {
		return fault.New(fault.JobFailed, "the pipeline of run %s is missing or unreadable: its record SPEC was deleted or changed", rec.Run.ID)
	}
	return nil
}

// States are the states of the jobs as the DAG knows them.
func (rec *Record) States() map[string]pipeline.JobState {
	states := make(map[string]pipeline.JobState, len(rec.Jobs))
	for _, j := range rec.Jobs {
		states[j.Name] = pipeline.JobState(j.State)
	}
	return states
}

// ByCause returns the jobs in the order in which a failure is blamed on them: those
// that run because something failed, or in any case, are last.
func (rec *Record) ByCause() []*Job {
	var first, last []*Job
	for i := range rec.Jobs {
		if j := &rec.Jobs[i]; rec.conditional(j.Name) {
			last = append(last, j)
		} else {
			first = append(first, j)
		}
	}
	return append(first, last...)
}

func (rec *Record) conditional(name string) bool {
	return rec.Spec != nil && rec.Spec.Conditional(name)
}

// Failure returns the first job that failed or was cancelled, or nil.
func (rec *Record) Failure() *Job {
	for _, j := range rec.ByCause() {
		if j.State == JobFailed || j.State == JobCancelled {
			return j
		}
	}
	return nil
}

// Succeeded reports whether every job succeeded, or was not needed.
func (rec *Record) Succeeded() bool {
	return len(rec.Jobs) > 0 && !slices.ContainsFunc(rec.Jobs, func(j Job) bool { return j.State != JobSucceeded && !j.Unneeded })
}

// NothingToDo reports whether every job succeeded, or was not needed, and none had
// work to do. Data checks and conditional jobs, such as a clean-up, do not count.
func (rec *Record) NothingToDo() bool {
	idle := 0
	for _, j := range rec.Jobs {
		switch {
		case j.Type == job.Quality || rec.conditional(j.Name):
			if j.State != JobSucceeded && !j.Unneeded {
				return false
			}
		case j.State == JobSucceeded && j.NothingToDo, j.State == JobSkipped && j.Unneeded:
			idle++
		default:
			return false
		}
	}
	return idle > 0
}

// Began is when the run first started to work: a retry has another StartedAt, but
// keeps what succeeded before.
func (rec *Record) Began() time.Time {
	began := rec.Run.StartedAt
	for _, c := range rec.Clusters {
		if !c.IntentAt.IsZero() && (began.IsZero() || c.IntentAt.Before(began)) {
			began = c.IntentAt
		}
	}
	return began
}

// Context returns the values that templates can refer to.
func (rec *Record) Context(s stage.Settings) pipeline.Context {
	r := rec.Run
	c := r.Occasion().Context(r.LogicalTime)
	c = pipeline.Context{
		RunID: r.ID, Pipeline: r.Pipeline, Stage: s.Stage,
		LogicalDate: c.LogicalDate, LogicalTime: c.LogicalTime, Timezone: c.Timezone, Interval: c.Interval,
		Params: maps.Clone(r.Params), Secrets: r.Secrets, Lake: s.LakeURIs(), Vars: s.Vars,
		Trigger: map[string]string{"Kind": r.Trigger.Kind},
		Jobs:    map[string]pipeline.JobContext{},
	}
	if rec.Spec != nil && rec.Spec.LakeFolder != "" {
		for zone := range c.Lake {
			c.Lake[zone] += "/" + rec.Spec.LakeFolder
		}
	}
	maps.Copy(c.Params, r.Secrets)
	maps.Copy(c.Trigger, r.Trigger.objects())
	if r.Trigger.Key != "" {
		c.Trigger["Bucket"], c.Trigger["Key"] = r.Trigger.Bucket, r.Trigger.Key
		c.Trigger["Object"] = "s3://" + r.Trigger.Bucket + "/" + r.Trigger.Key
	}
	if r.Trigger.Version != "" {
		c.Trigger["VersionID"] = r.Trigger.Version
	}
	if r.Trigger.RequestID != "" {
		c.Trigger["RequestID"] = r.Trigger.RequestID
	}
	for _, j := range rec.Jobs {
		switch {
		case j.State == JobSucceeded:
			c.Jobs[j.Name] = pipeline.JobContext{State: pipeline.Succeeded, Outputs: j.Outputs}
		case j.State.Over():
			c.Jobs[j.Name] = pipeline.JobContext{State: pipeline.JobState(j.State)}
		}
	}
	return c
}

// Occasion is what the run is for. Runs of earlier versions do not have it recorded: theirs is a date in UTC.
func (r Run) Occasion() pipeline.Occasion {
	if r.IntervalEnd.IsZero() {
		return pipeline.Spec{}.OccasionOf(r.LogicalTime, false)
	}
	return pipeline.Occasion{
		Date: r.LogicalDate, Zone: r.Timezone, Interval: pipeline.Interval{Start: r.IntervalStart, End: r.IntervalEnd},
	}
}

// Owns reports whether execution is the run's own: the recorded one or, before
// PrepareRun has recorded it, the one that admission started under the run's name.
func (r Run) Owns(execution string) bool {
	return r.Execution == execution || r.Execution == "" && strings.HasSuffix(execution, ":"+r.ExecutionName())
}

// Retryable reports whether the job's retries apply to a failure of this class.
func Retryable(c job.Class) bool { return c == job.ClassJob || c == job.ClassTimeout }
