package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// started checks a step that begins to run.
func (c *checker) started(a Attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if due := c.due[a.RunID+" "+a.Job]; time.Now().Before(due) && a.Number > 1 {
		c.fail(NotEarly, "attempt %d of job %s of run %s started %s before it was due", a.Number, a.Job, a.RunID, time.Until(due).Round(time.Second))
	}
	spec := c.specs[c.of[a.RunID]]
	for _, j := range spec.AllJobs() {
		if j.Name == a.Job {
			c.wanted(a, j)
			c.approved(a, j)
			c.inOrder(a, j, spec)
		}
	}
}

// approved checks the decision on a job that waits for a person.
func (c *checker) approved(a Attempt, j pipeline.Job) {
	decision := c.decided[a.RunID+" "+a.Job]
	if j.Approve != nil && !strings.HasPrefix(decision, string(run.Approved)) {
		c.fail(Approved, "job %s of run %s runs, and the decision is %q", a.Job, a.RunID, decision)
	}
}

// inOrder checks the jobs that come before one that begins.
func (c *checker) inOrder(a Attempt, j pipeline.Job, spec *pipeline.Spec) {
	failed, plain := j.When != pipeline.OnFailure, j.When != pipeline.OnFailure && j.When != pipeline.Always
	for need := range above(spec, j) {
		s := c.jobs[a.RunID][need]
		failed = failed || s == run.JobFailed || s == run.JobCancelled
		if plain && slices.Contains(j.Needs, need) && s != run.JobSucceeded || !plain && !s.Over() {
			c.fail(RightOrder, "job %s of run %s runs while %s is %s", a.Job, a.RunID, need, s)
		}
	}
	if !failed {
		c.fail(RightOrder, "job %s of run %s runs although nothing that it needs has failed", a.Job, a.RunID)
	}
}

// wanted checks the conditions of a run whose step begins, as far as they do not depend on
// its jobs.
func (c *checker) wanted(a Attempt, j pipeline.Job) {
	kind, logical := c.kinds[a.RunID], c.logical[a.RunID]
	if j.If == `{{eq .Trigger.Kind "s3"}}` && kind != run.ByS3 || j.If == `{{lt .LogicalDate "2020-01-01"}}` && logical >= "2020" || j.If == "false" {
		c.fail(Condition, "job %s of run %s, if: %s, runs; the trigger is %s, the time %s", a.Job, a.RunID, j.If, kind, logical)
	}
}

// waited checks a run for which a cluster is created. The caller holds the lock.
func (c *checker) waited(id, cluster string) {
	spec := c.specs[c.of[id]]
	if spec == nil || spec.WaitFor == nil || len(c.logical[id]) < len(time.DateOnly) {
		return
	}
	if key := waitKey(spec.Name, c.logical[id][:len(time.DateOnly)]); !slices.Contains(c.w.S3.Keys(c.w.Settings.Lake["raw"]), key) {
		c.fail(Objects, "cluster %s was created before %s exists", cluster, key)
	}
}

// decision keeps what was decided on a job. The caller holds the lock.
func (c *checker) decision(id, name string, now awsfake.Item) {
	key := id + " " + name
	a, ok := now["approval"].(*types.AttributeValueMemberM)
	if !ok {
		delete(c.decided, key) // a retry of the run asks again
		return
	}
	made := text(a.Value["decision"]) + " " + text(a.Value["askedAt"])
	if before := c.decided[key]; before != "" && before != made && !strings.HasPrefix(before, " ") {
		c.fail(Approved, "job %s of run %s was decided on twice: %s, then %s", name, id, before, made)
	}
	c.decided[key] = made
}

// above returns what j needs, directly or not.
func above(spec *pipeline.Spec, j pipeline.Job) map[string]bool {
	found := map[string]bool{}
	for todo := slices.Clone(j.Needs); len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		if found[name] {
			continue
		}
		found[name] = true
		for _, other := range spec.AllJobs() {
			if other.Name == name {
				todo = append(todo, other.Needs...)
			}
		}
	}
	return found
}

// byItself reports whether an execution ended because no job was left. One that is
// cancelled, passes its deadline or gets no cluster ends with an error, also while it waits
// for a decision or for the cluster after it, and does not clean up.
func byItself(path []string) bool {
	i := slices.Index(path, "TerminateCluster")
	return i > 0 && (path[i-1] == "JobsLeft" || path[i-1] == "Decided")
}

// cleanedUp checks the jobs with conditions of a run that has ended. steps are those of
// all runs.
func (c *checker) cleanedUp(rec *run.Record, path []string, steps []carrier) {
	spec := c.specs[rec.Run.Pipeline]
	if rec.Run.NothingToDo && rec.Run.Restarts == 0 && len(rec.Clusters) > 0 && !slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return !j.Unneeded }) {
		c.fail(Condition, "run %s has acquired a cluster and needed no job", rec.Run.ID)
	}
	retried := slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return !j.State.Over() }) // and the retry died before it queued the run
	if spec == nil || retried || !byItself(path) {
		return
	}
	for _, j := range spec.AllJobs() {
		if j.When == pipeline.OnFailure || j.When == pipeline.Always {
			c.ranAsWanted(rec, spec, j, path)
			c.ranOnce(rec, j, steps)
		}
	}
}

// ranAsWanted checks whether a job with a condition on others has run.
func (c *checker) ranAsWanted(rec *run.Record, spec *pipeline.Spec, j pipeline.Job, path []string) {
	got, wanted := rec.Job(j.Name), j.When == pipeline.Always || failedAbove(rec, spec, j)
	ran := got.State == run.JobSucceeded || got.State == run.JobFailed
	gone := !ran && (got.Class == job.ClassLost || got.Class == job.ClassCancelled) // its cluster, before or while it ran
	if !gone && (ran != wanted || !ran && !got.Unneeded) {
		c.fail(CleanUp, "job %s of run %s, when: %s, is %s: %s; the run went %s", j.Name, rec.Run.ID, j.When, got.State, got.Reason, strings.Join(path, " "))
	}
}

// failedAbove reports whether a job that comes before j has failed.
func failedAbove(rec *run.Record, spec *pipeline.Spec, j pipeline.Job) bool {
	for need := range above(spec, j) {
		if s := rec.Job(need).State; s == run.JobFailed || s == run.JobCancelled {
			return true
		}
	}
	return false
}

// ranOnce checks that a job has succeeded at most once since the run was retried.
func (c *checker) ranOnce(rec *run.Record, j pipeline.Job, steps []carrier) {
	good := 0
	for _, s := range steps {
		var n int
		_, _ = fmt.Sscanf(strings.TrimPrefix(s.attempt, j.Name+"#"), "%d", &n)
		if s.run == rec.Run.ID && s.job == j.Name && s.good && n > rec.Job(j.Name).Base {
			good++
		}
	}
	if good > 1 {
		c.fail(CleanUp, "job %s of run %s has succeeded %d times", j.Name, rec.Run.ID, good)
	}
}
