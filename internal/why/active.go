package why

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ephemr/internal/decide"
	"ephemr/internal/notify"
	"ephemr/internal/run"
)

// active returns what a run that has started waits for: what its task token says or,
// between two states of its execution, what the records say that comes next.
func active(f Facts) Answer {
	w := f.waiter()
	if w == nil {
		return between(f)
	}
	var a Answer
	switch w.Kind {
	case run.ForObjects:
		a = objects(f, *w)
	case run.ForApproval:
		a = approval(f)
	case run.ForCluster:
		a = cluster(f, *w)
	case run.ForSteps:
		a = steps(f)
	case run.ForStop:
		a = stopping(f, *w)
	default: // a slot, which it has by now
		a = Answer{Cause: Starting, Text: "was admitted, and its execution is about to go on"}
	}
	if a.Since.IsZero() {
		a.Since = w.Since
	}
	return a
}

// stopping is a run that ends before its jobs do.
func stopping(f Facts, w run.Waiter) Answer {
	a := Answer{Cause: Stopping, Until: w.Deadline, Then: "its cluster is terminated whatever still runs"}
	a.Text = "ends early, and its steps are being stopped: " + strings.Join(w.Attempts, ", ")
	if end := f.Run.Run.Deadline; !end.IsZero() && f.Now.After(end) {
		a.Text = "is past its deadline " + clock(end) + ", and its steps are being stopped: " + strings.Join(w.Attempts, ", ")
	}
	return a
}

// objects is the wait for objects, with waitFor.
func objects(f Facts, w run.Waiter) Answer {
	a := Answer{Cause: Objects, Objects: w.Objects, Until: w.Deadline, Then: "the run fails with class timeout"}
	a.Details = []string{"They are looked for every minute. The run has no cluster, and keeps its slots."}
	switch {
	case !f.Looked:
		a.Text = "waits until all of these objects exist: " + strings.Join(w.Objects, ", ")
		a.Details = append(a.Details, "Which of them are missing could not be determined: they could not be listed with your rights.")
	case len(f.Objects) == 0:
		a.Text = "waits for objects, all of which exist: " + strings.Join(w.Objects, ", ")
		a.Details = append(a.Details, "The next look, within a minute or two, continues the run.")
	default:
		a.Text, a.Objects = "waits for objects that do not exist: "+strings.Join(f.Objects, ", "), f.Objects
	}
	return a
}

// approval is the wait for a person.
func approval(f Facts) Answer {
	a := Answer{Cause: Approval, Then: "the job fails with class timeout"}
	var asked []string
	for _, j := range decide.Awaiting(f.Run) {
		a.Jobs = append(a.Jobs, j.Name)
		if a.Since.IsZero() || j.Approval.AskedAt.Before(a.Since) {
			a.Since = j.Approval.AskedAt
		}
		if a.Until.IsZero() || j.Approval.Until.Before(a.Until) {
			a.Until = j.Approval.Until
		}
		if j.Approval.Message != "" {
			a.Details = append(a.Details, j.Name+": "+j.Approval.Message)
		}
		asked = append(asked, notify.OfApproval(f.Run, "", *j).To...)
		a.Next = append(a.Next, "ephemr approve "+f.Run.Run.ID+" --job "+j.Name)
	}
	if len(a.Jobs) == 0 {
		return Answer{Cause: Submit, Text: "has all decisions, and its execution is about to go on"}
	}
	a.Text = "waits for a decision on job " + strings.Join(a.Jobs, " and job ")
	if slices.Sort(asked); len(asked) > 0 {
		a.Text += ", of which " + strings.Join(slices.Compact(asked), ", ") + " gets a notice"
	}
	if decide.Kept(f.Run) {
		kept(f, &a)
	}
	return a
}

// kept says what is different while the run keeps its cluster.
func kept(f Facts, a *Answer) {
	a.Details = append(a.Details, "It keeps its cluster meanwhile, and its deadline goes on.")
	if end := f.Run.Run.Deadline; !end.IsZero() && end.Before(a.Until) {
		a.Until, a.Then = end, "the run fails with class timeout"
	}
}

// cluster is the wait for a cluster that was requested or leased.
func cluster(f Facts, w run.Waiter) Answer {
	c := f.cluster()
	switch {
	case c == nil || c.ID != w.ClusterID || c.State == run.ClusterFailed:
		return between(f)
	case c.State == run.ClusterReady:
		return Answer{Cause: Submit, Text: "has cluster " + c.ID + ", and its steps are about to be submitted", WaitsOn: c.ID}
	case c.GivenUp:
		return Answer{Cause: Capacity, WaitsOn: c.ID, Text: "waits for its next cluster: " + c.ID + " was given up, " + c.Reason, Details: f.attempts()}
	case c.Leased:
		return Answer{
			Cause: Cluster, WaitsOn: c.ID, Until: w.Deadline, Then: "the run fails with class timeout",
			Text: fmt.Sprintf("has leased %s of cluster %s in pool %s, and EMR has not been seen to accept steps there yet", count(c.Steps, "step"), c.ID, c.Pool),
		}
	}
	a := Answer{
		Cause: Cluster, WaitsOn: c.ID, Since: c.CreatedAt, Until: w.Deadline, Then: "the run fails with class timeout", Details: f.attempts(),
		Text: "waits for its cluster " + c.ID + ", which was not ready when ephemr last looked",
	}
	a.Expected = f.Start.after(c.CreatedAt, f.Now, "start of clusters of "+f.Run.Run.Pipeline)
	if c.Shortage != "" {
		a.Cause, a.Expected, a.Then = Capacity, nil, "the run fails with class capacity"
		a.Text = "waits for its cluster " + c.ID + ", for which EC2 has insufficient capacity: " + c.Shortage
	}
	a.Details = append(a.Details, f.fallback(*c, w)...)
	return a
}

// fallback says when the next fallback is tried.
func (f Facts) fallback(c run.Cluster, w run.Waiter) []string {
	switch next := c.CreatedAt.Add(f.Limits.Provision()); {
	case c.Rung+1 >= c.Rungs && c.Shortage != "":
		return []string{"No fallback is left: capacity may come back until " + clock(w.Deadline) + "."}
	case c.Rung+1 < c.Rungs && next.After(f.Now):
		return []string{"If it has no instances by " + clock(next) + ", the next fallback is tried."}
	}
	return nil
}

// attempts says what became of the attempts to get a cluster.
func (f Facts) attempts() []string {
	var all []string
	for _, c := range f.Run.Clusters {
		if c.Restart != f.Run.Run.Restarts {
			continue
		}
		text := fmt.Sprintf("Attempt %d, shape %d of %d: cluster %s", c.Attempt, c.Rung+1, c.Rungs, cmp.Or(c.ID, "without an id"))
		if c.Reason != "" {
			text += ", " + c.Reason
		}
		all = append(all, text+".")
	}
	if len(all) == 1 && f.cluster().Rungs <= 1 && f.cluster().Reason == "" {
		return f.pools()
	}
	return append(all, f.pools()...)
}

// pools says why the run has not leased a cluster of its pool.
func (f Facts) pools() []string {
	c := f.cluster()
	if c == nil || c.Pool == "" || c.Leased {
		return nil
	}
	var others []string
	for _, p := range f.Pool {
		if p.ID != c.ID {
			others = append(others, fmt.Sprintf("%s is %s with %d of %d steps free", p.ID, p.State, p.Free, p.Steps))
		}
	}
	if len(others) == 0 {
		return []string{"It is created for pool " + c.Pool + ", which has no other cluster."}
	}
	return []string{"It is created for pool " + c.Pool + ": no cluster there could be leased when it was requested. Now " + strings.Join(others, ", ") + "."}
}

// steps is what a run does that has a cluster.
func steps(f Facts) Answer {
	flying := f.Run.InFlight()
	if len(flying) > 0 {
		return running(f, flying)
	}
	for _, j := range f.Run.Jobs {
		if j.State == run.JobPending && j.DueAt.After(f.Now) {
			return delayed(f)
		}
	}
	return Answer{Cause: Submit, Text: "has no step on its cluster, and the next ones are about to be submitted"}
}

// running is a run with steps that have not ended.
func running(f Facts, flying []run.Job) Answer {
	a := Answer{Cause: Running}
	var names []string
	for _, j := range flying {
		a.Jobs = append(a.Jobs, j.Name)
		names = append(names, fmt.Sprintf("%s (step %s, submitted %s)", j.Name, j.StepID, clock(j.IntentAt)))
		if a.Since.IsZero() || j.IntentAt.Before(a.Since) {
			a.Since = j.IntentAt
		}
	}
	a.Text = "runs, and has not been seen to end: " + strings.Join(names, ", ")
	c := f.cluster()
	if most := f.parallel(c); most > 0 && len(flying) > most {
		a.Details = append(a.Details, fmt.Sprintf("Cluster %s runs %s at a time: at least %d of these wait in EMR's queue.", c.ID, count(most, "step"), len(flying)-most))
	}
	if c != nil && c.Pool != "" && len(flying) >= c.Steps && len(ready(f)) > 0 {
		a.Details = append(a.Details, fmt.Sprintf("Jobs %s wait for one of the %s that the run has leased.", strings.Join(ready(f), ", "), count(c.Steps, "step")))
	}
	a.Expected = f.Usual[f.Run.Run.Pipeline].after(f.Run.Run.AdmittedAt, f.Now, "duration of runs of "+f.Run.Run.Pipeline)
	until(f.Run.Run, &a)
	for _, j := range decide.Awaiting(f.Run) {
		a.Details = append(a.Details, "Job "+j.Name+" waits for a decision until "+clock(j.Approval.Until)+".")
	}
	return a
}

// until says when a run with steps ends at the latest.
func until(r run.Run, a *Answer) {
	a.Until, a.Then = r.Deadline, "the run fails with class timeout"
	if !r.CleanUp.IsZero() {
		a.Details = append(a.Details, "The run is past its deadline "+clock(r.Deadline)+", and these jobs clean up.")
		a.Until, a.Then = r.CleanUp, "its cluster is terminated whatever still runs"
	}
}

// parallel is how many steps the run's cluster runs at a time; 0 = not known.
func (f Facts) parallel(c *run.Cluster) int {
	switch {
	case c == nil || f.Run.Spec == nil:
		return 0
	case c.Pool != "":
		return c.Of
	}
	return f.Run.Spec.Cluster.StepConcurrency
}

// ready are the jobs that could start.
func ready(f Facts) []string {
	if f.Run.Spec == nil {
		return nil
	}
	return slices.DeleteFunc(decide.Plan(f.Run).Start, func(name string) bool {
		j := f.Run.Job(name)
		return j == nil || j.Awaiting() || j.DueAt.After(f.Now)
	})
}

// delayed is a run whose jobs are to be repeated later.
func delayed(f Facts) Answer {
	a := Answer{Cause: Delay}
	for _, j := range f.Run.Jobs {
		if j.State != run.JobPending || !j.DueAt.After(f.Now) {
			continue
		}
		a.Jobs = append(a.Jobs, j.Name)
		if a.Expected == nil || j.DueAt.Before(a.Expected.At) {
			a.Expected = &Estimate{At: j.DueAt, From: "retryDelay: the next attempt is due"}
			a.Text = fmt.Sprintf("waits to repeat job %s (retryDelay): attempt %d failed", j.Name, j.Attempt)
			if n := len(j.Earlier); n > 0 {
				a.Text += ", " + j.Earlier[n-1].Reason
				a.Since = j.Earlier[n-1].EndedAt
			}
		}
	}
	return a
}
