package cli_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// between separates simulated events from polls.
const between = 200 * time.Millisecond

// begin advances a queued run until its cluster is ready, in 40 seconds.
func (w *world) begin(id string, jobs ...run.Job) {
	w.t.Helper()
	ctx := w.t.Context()
	time.Sleep(time.Second)
	write, err := w.runs.AdmitWrite(run.Run{ID: id}, time.Now(), time.Now().Add(time.Hour))
	w.no(err)
	w.update(write)
	time.Sleep(time.Second)
	w.did(w.runs.Start(ctx, run.Run{ID: id}, "arn:execution:"+id, time.Now(), time.Now().Add(time.Hour)))
	w.no(w.runs.PlanJobs(ctx, id, jobs))
	c := run.Cluster{
		Attempt: 1, Rungs: 2, Name: run.ClusterName(id, 1), State: run.ClusterIntended, Intent: "a", IntentAt: time.Now(),
		Units: []run.Units{{Type: "m5.xlarge", Count: 3}},
	}
	w.did(w.runs.CreateClusterAttempt(ctx, id, c))
	time.Sleep(time.Second)
	c.State, c.ID, c.CreatedAt = run.ClusterCreated, "j-1ABC", time.Now()
	w.did(w.runs.ReplaceCluster(ctx, id, c, run.ClusterIntended, "a"))
	time.Sleep(37 * time.Second)
	c.State, c.ReadyAt = run.ClusterReady, time.Now()
	w.did(w.runs.ReplaceCluster(ctx, id, c, run.ClusterCreated, "a"))
}

// update performs the write that admission does in a transaction.
func (w *world) update(u *types.Update) {
	w.t.Helper()
	_, err := w.db.UpdateItem(w.t.Context(), &dynamodb.UpdateItemInput{
		TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
		ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
	})
	w.no(err)
}

// submit starts an attempt of a job.
func (w *world) submit(id, name string, attempt int) run.Job {
	w.t.Helper()
	ctx := w.t.Context()
	rec, err := w.runs.Load(ctx, id)
	w.no(err)
	j := *rec.Job(name)
	j.Attempt = attempt
	w.did(w.runs.ClaimJob(ctx, id, j, "a", time.Now()))
	w.did(w.runs.SubmittedJob(ctx, id, j, "j-1ABC", "s-"+name))
	j.State, j.StepID, j.StartedAt = run.JobRunning, "s-"+name, time.Now()
	return j
}

// over records the end of an attempt; again if another follows.
func (w *world) over(id string, j run.Job, exit int, again bool) {
	w.t.Helper()
	next := j
	next.State, next.ExitCode, next.EndedAt = run.JobSucceeded, &exit, time.Now()
	next.NothingToDo = exit == job.NothingToDo
	if exit != 0 && !next.NothingToDo {
		next.State, next.Class, next.Reason, next.Tail = run.JobFailed, job.ClassJob, "the program ended with exit code 3", []string{"Traceback", "no such column"}
	}
	if again {
		next.State = run.JobPending
		next.Earlier = append(next.Earlier, run.Attempt{Attempt: j.Attempt, StepID: j.StepID, Class: next.Class, Reason: next.Reason, ExitCode: &exit, EndedAt: next.EndedAt})
	}
	w.did(w.runs.ReplaceJob(w.t.Context(), id, next, run.JobRunning, j.Attempt))
}

// end terminates the cluster and finishes the run.
func (w *world) end(id string, o run.Outcome) {
	w.t.Helper()
	ctx := w.t.Context()
	time.Sleep(time.Second)
	rec, err := w.runs.Load(ctx, id)
	w.no(err)
	c := *rec.Cluster()
	c.State, c.EndedAt = run.ClusterTerminating, time.Now()
	w.did(w.runs.ReplaceCluster(ctx, id, c, run.ClusterReady, "a"))
	time.Sleep(time.Second)
	w.did(w.runs.Finish(ctx, run.Run{ID: id}, o, time.Now(), run.Cost{EC2: 0.0123}))
}

var twoJobs = pipeline.Spec{
	Name: "flights", Owner: "data@example.com", Cluster: pipeline.Cluster{Profile: "small"},
	Params: map[string]pipeline.Param{"country": {Default: new("pt"), Allowed: []string{"pt", "es"}}},
	Jobs: []pipeline.Job{
		{Name: "clean", Type: job.Spark, Source: "jobs/clean", Entry: "main.py", Retries: 1},
		{Name: "publish", Type: job.Bash, Source: "jobs/publish", Entry: "run.sh", Needs: []string{"clean"}},
	},
}

// register registers twoJobs.
func (w *world) register() {
	w.t.Helper()
	_, _, err := w.pipelines.Add(w.t.Context(), twoJobs, "digest", time.Now())
	w.no(err)
}

// without is spec without its params.
func without(spec pipeline.Spec) pipeline.Spec {
	spec.Params = nil
	return spec
}
