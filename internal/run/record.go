package run

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// Record is everything that is known of one run.
type Record struct {
	Run      Run            `json:"run"`
	Spec     *pipeline.Spec `json:"spec,omitempty"`
	Jobs     []Job          `json:"jobs"`     // in the pipeline's order
	Clusters []Cluster      `json:"clusters"` // by attempt
	Waiter   *Waiter        `json:"waiter,omitempty"`
}

// Sort puts jobs into the pipeline's order and clusters into that of attempts.
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

// InFlight returns the jobs that a step carries right now.
func (rec *Record) InFlight() []Job {
	return slices.DeleteFunc(slices.Clone(rec.Jobs), func(j Job) bool { return j.State != JobRunning })
}

// Begun says whether a step was submitted since the run was started or
// restarted: from then on nothing is blindly done again.
func (rec *Record) Begun() bool {
	return slices.ContainsFunc(rec.Jobs, func(j Job) bool { return j.Attempt > j.Base })
}

// Refuse says why execution may not go on with the run: nil means it may. A
// redriven or doubled execution finds the run over, or in other hands.
func (rec *Record) Refuse(execution string) error {
	switch {
	case rec.Run.State != Running || rec.Run.Execution != execution:
		return fault.New(fault.Conflict, "run %s is %s and does not belong to execution %s", rec.Run.ID, rec.Run.State, execution)
	case rec.Run.Cancel != "":
		return fault.New(fault.Cancelled, "run %s is cancelled: %s", rec.Run.ID, rec.Run.Cancel)
	}
	return nil
}

// Failure returns the first job that did not succeed by its own fault, or nil.
func (rec *Record) Failure() *Job {
	for i := range rec.Jobs {
		if s := rec.Jobs[i].State; s == JobFailed || s == JobCancelled {
			return &rec.Jobs[i]
		}
	}
	return nil
}

// Succeeded says whether every job has.
func (rec *Record) Succeeded() bool {
	return len(rec.Jobs) > 0 && !slices.ContainsFunc(rec.Jobs, func(j Job) bool { return j.State != JobSucceeded })
}

// NothingToDo says whether every job succeeded and none had anything to do;
// checks of the data, which look in any case, do not count.
func (rec *Record) NothingToDo() bool {
	idle := 0
	for _, j := range rec.Jobs {
		switch {
		case j.State != JobSucceeded || !j.NothingToDo && j.Type != job.Quality:
			return false
		case j.NothingToDo:
			idle++
		}
	}
	return idle > 0
}

// Context returns what templates may refer to.
func (rec *Record) Context(stage string, lake map[string]string) pipeline.Context {
	r := rec.Run
	c := pipeline.Context{
		RunID: r.ID, Pipeline: r.Pipeline, Stage: stage,
		LogicalDate: r.LogicalTime.UTC().Format(time.DateOnly),
		LogicalTime: r.LogicalTime.UTC().Format(time.RFC3339),
		Params:      r.Params, Lake: lake,
		Trigger: map[string]string{"Kind": r.Trigger.Kind},
		Jobs:    map[string]pipeline.JobContext{},
	}
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
		if j.State == JobSucceeded {
			c.Jobs[j.Name] = pipeline.JobContext{Outputs: j.Outputs}
		}
	}
	return c
}

// Owns says whether execution is the run's own: the one that it is tied to or,
// before PrepareRun could tie them, the one that admission started under its name.
func (r Run) Owns(execution string) bool {
	return r.Execution == execution || r.Execution == "" && strings.HasSuffix(execution, ":"+r.ExecutionName())
}

// Retryable says whether a failure of this class is worth the job's own retries.
func Retryable(c job.Class) bool { return c == job.ClassJob || c == job.ClassTimeout }
