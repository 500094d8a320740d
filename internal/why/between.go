package why

import (
	"strings"

	"ephemr/internal/decide"
	"ephemr/internal/run"
)

// between is a run whose execution is between two waits: a function works for it, or is
// about to be called again.
func between(f Facts) Answer {
	c, jobs := f.cluster(), f.Run.Jobs
	switch {
	case len(jobs) == 0:
		return Answer{Cause: Preparing, Text: "has started, and its execution decides which jobs are needed", Since: f.Run.Run.StartedAt}
	case decide.Over(f.Run) || f.Run.Spec == nil:
		return ending(f, c)
	case len(f.Run.InFlight()) > 0:
		return running(f, f.Run.InFlight())
	case decide.Held(f.Run):
		return approval(f)
	case c == nil:
		return Answer{Cause: Creating, Text: "has no cluster yet, and one is requested next" + unless(f), Since: f.Run.Run.StartedAt}
	case c.State == run.ClusterIntended:
		return requesting(f, *c)
	case c.State == run.ClusterFailed:
		return Answer{Cause: Creating, Text: "has lost its attempt to get a cluster (" + c.Reason + "), and its execution goes on with a fallback, or ends", Since: c.EndedAt, Details: f.attempts()}
	case c.State == run.ClusterReady:
		return submitting(f, *c)
	case c.State == run.ClusterCreated:
		return Answer{Cause: Cluster, Text: "has requested its cluster " + c.ID + ", and is about to wait for it", Since: c.CreatedAt, WaitsOn: c.ID, Details: f.attempts()}
	}
	return ending(f, c)
}

// unless says what comes before the cluster.
func unless(f Facts) string {
	if f.Run.Spec != nil && f.Run.Spec.WaitFor != nil {
		return ", when the objects of waitFor exist"
	}
	return ""
}

// ending is a run without jobs to run, or whose capacity is given up.
func ending(f Facts, c *run.Cluster) Answer {
	begin := "has no work left"
	switch {
	case f.Run.Spec == nil:
		begin = "ends, because its pipeline cannot be read"
	case !decide.Over(f.Run):
		begin = "ends early"
	}
	if c == nil || c.State == run.ClusterTerminating || c.State == run.ClusterReleased || c.State == run.ClusterFailed {
		return Answer{Cause: Finishing, Text: begin + ", and its outcome is being recorded"}
	}
	a := Answer{Cause: Releasing, WaitsOn: c.ID, Text: begin + ", and its cluster " + c.ID + " is being terminated"}
	if c.Pool != "" {
		a.Text = begin + ", and cluster " + c.ID + " is being given back to pool " + c.Pool
	}
	return a
}

// requesting is a run for which RunJobFlow was refused, or is being called.
func requesting(f Facts, c run.Cluster) Answer {
	a := Answer{Cause: Creating, Text: "waits for its cluster " + c.Name + ", which is being requested", Since: c.IntentAt, Details: f.pools()}
	if c.IntentAt.Unix() > 0 {
		return a
	}
	a.Since = f.Run.Run.StartedAt
	a.Text = "waits for its cluster " + c.Name + ": the last request was refused because of the call budget, or by EMR, and it is repeated within about a minute"
	if f.Bucket != "" {
		return over(f, a, "RunJobFlow")
	}
	return a
}

// submitting is a run whose jobs are being submitted.
func submitting(f Facts, c run.Cluster) Answer {
	a := Answer{Cause: Submit, WaitsOn: c.ID, Text: "has cluster " + c.ID + " and no step on it: its execution goes on next", Since: c.ReadyAt}
	for _, j := range f.Run.Jobs {
		if j.State == run.JobSubmitting {
			a.Jobs = append(a.Jobs, j.Name)
		}
	}
	if a.Jobs = append(a.Jobs, ready(f)...); len(a.Jobs) == 0 {
		return a
	}
	if f.Bucket != "" {
		return over(f, a, "AddJobFlowSteps")
	}
	a.Text = "has cluster " + c.ID + " and no step on it: its execution submits " + strings.Join(a.Jobs, ", ") + " next, unless it has met an error"
	return a
}

// over is the wait for the call budget.
func over(f Facts, a Answer, api string) Answer {
	a.Cause, a.Bucket = Budget, f.Bucket
	a.Text = "waits to call " + api + " of EMR: the stage's call budget for " + api + " is used up"
	if f.Bucket != api {
		a.Text = "waits to call " + api + " of EMR: the call budget of the " + f.Bucket + " is used up"
	}
	a.Expected = &Estimate{At: f.Now.Add(f.Refill), From: "rate of the bucket"}
	a.Details = append(a.Details, "All functions of the stage share the budget; a refused call is repeated after 2 to 60 s.")
	return a
}

// due is the call to EMR that the run's execution is about to make, or "".
func (r Records) due() string {
	if r.Run.Run.State != run.Running || r.waiter() != nil || len(r.Run.Jobs) == 0 || decide.Over(r.Run) {
		return ""
	}
	switch c := r.cluster(); {
	case c == nil:
	case c.State == run.ClusterIntended:
		return "RunJobFlow"
	case c.State == run.ClusterReady:
		return "AddJobFlowSteps"
	}
	return ""
}
