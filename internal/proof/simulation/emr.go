package simulation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// attempt is what a step carries.
func attempt(clusterName, stepName string) Attempt {
	id, step := stepOf(clusterName, stepName)
	name, number, _ := strings.Cut(step, "#")
	n, err := strconv.Atoi(number)
	if err != nil {
		panic(fmt.Sprintf("step %q is not like job#1", stepName))
	}
	return Attempt{Cluster: clusterName, RunID: id, Job: name, Number: n}
}

// stepOf is the run that a step belongs to, and what the step is called there:
// on a pool's cluster its name says so, on another the cluster's.
func stepOf(clusterName, stepName string) (runID, step string) {
	if id := run.OfStep(stepName); id != "" {
		return id, stepName[strings.LastIndexByte(stepName, ':')+1:]
	}
	return run.OfCluster(clusterName), stepName
}

func (a Attempt) dir() string { return job.Dir(a.RunID, a.Job, a.Number) }

// step is how an attempt goes.
func (w *World) step(a Attempt) (s Step) {
	if w.config.Steps != nil {
		s = w.config.Steps(a)
	}
	if s.Takes == 0 {
		s.Takes = time.Minute
	}
	return s
}

// script is how EMR runs a step: it does what the runner would, which is to
// leave a result behind just before the step ends.
func (w *World) script(clusterName, stepName string) (time.Duration, types.StepState) {
	a := attempt(clusterName, stepName)
	s := w.step(a)
	if w.config.Plants != nil && w.config.Plants(a) {
		w.plant(a)
	}
	w.runnerStarts(clusterName, stepName, s.Submits)
	state := types.StepStateCompleted
	if s.ExitCode != 0 && !s.idle() || s.Class != "" {
		state = types.StepStateFailed
	}
	began := time.Now()
	time.AfterFunc(s.Takes-cmp.Or(s.Lead, time.Millisecond), func() {
		switch {
		case w.isStopped(a):
		case s.Silent:
			w.runnerDies(clusterName, stepName)
		default:
			w.runnerEnds(clusterName, stepName)
			w.leaveResult(a, s, began)
		}
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf[a.dir()], w.leaves[a.dir()] = s.Deaf, s.Leaves
	return s.Takes, state
}

// cancelled is how a runner ends that is interrupted: it says so. One that is
// killed says nothing.
func (w *World) cancelled(clusterName, stepName string, kill bool) {
	a := attempt(clusterName, stepName)
	w.mu.Lock()
	first := !w.stopped[a.dir()]
	w.stopped[a.dir()] = true
	leaves := w.leaves[a.dir()]
	w.mu.Unlock()
	if !first {
		return
	}
	if kill {
		w.runnerDies(clusterName, stepName)
		return
	}
	end := Step{ExitCode: 143, Class: job.ClassCancelled, Reason: "bash run.sh was cancelled"}
	if leaves == 0 {
		w.runnerEnds(clusterName, stepName)
		w.leaveResult(a, end, time.Now())
		return
	}
	time.AfterFunc(leaves, func() {
		w.runnerEnds(clusterName, stepName)
		if w.up(clusterName) {
			w.leaveResult(a, end, time.Now())
		}
	})
}

// up says whether the machines of a cluster still run.
func (w *World) up(name string) bool {
	return slices.ContainsFunc(w.EMR.Clusters(), func(c types.Cluster) bool {
		s := c.Status.State
		return *c.Name == name && (s == types.ClusterStateRunning || s == types.ClusterStateWaiting)
	})
}

func (w *World) isStopped(a Attempt) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped[a.dir()]
}

func (w *World) isDeaf(clusterName, stepName string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deaf[attempt(clusterName, stepName).dir()]
}

func (w *World) leaveResult(a Attempt, s Step, began time.Time) {
	if w.life.Err() != nil || w.isDoomed(a.Cluster) {
		return
	}
	told := w.spec(a)
	r := job.Result{
		RunID: told.RunID, Job: told.Job, Attempt: told.Attempt, Nonce: told.Nonce, ExitCode: s.ExitCode, Class: s.Class, Reason: s.Reason, NothingToDo: s.idle(),
		StartedAt: began.UTC(), EndedAt: time.Now().UTC(), Outputs: s.Outputs,
	}
	if r.ExitCode != 0 && r.Class == "" && !r.NothingToDo {
		r.Class, r.Reason = job.ClassJob, fmt.Sprintf("exited %d", s.ExitCode)
		r.Tail = []string{"Traceback (most recent call last):", "ValueError: no rows"}
	}
	if r.ExitCode == 0 && !s.Empty {
		w.writeData(a.RunID)
	}
	w.put(told.Result, r)
}

// writeData leaves a file where the run is to write what it publishes.
func (w *World) writeData(runID string) {
	rec, err := w.Runs.Load(awsfake.Unobserved(w.life), runID)
	if err != nil || rec.Spec == nil || rec.Spec.Publish == nil {
		return
	}
	location, err := rec.Spec.RenderLocation(rec.Context(w.Settings))
	if err != nil {
		return // the run fails before it publishes
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	w.S3.Place(bucket, prefix+"part-0.csv", []byte("id\n1\n"))
}

// diesAfter remembers when a cluster dies: nothing on it leaves results then.
func (w *World) diesAfter(clusterName string) time.Duration {
	if w.config.DiesAfter == nil {
		return 0
	}
	d := w.config.DiesAfter(clusterName)
	if d > 0 {
		w.doom(clusterName, time.Now().Add(d))
	}
	return d
}

// Kill takes the instances from a run's newest cluster, even if other runs use it.
func (w *World) Kill(runID string) {
	newest := w.Record(runID).Cluster()
	for _, c := range w.EMR.Clusters() {
		mine := run.OfCluster(*c.Name) == runID && newest == nil || newest != nil && newest.ID == *c.Id
		if mine && c.Status.Timeline.EndDateTime == nil {
			w.doom(*c.Name, time.Now())
			w.EMR.Kill(*c.Id)
		}
	}
}

func (w *World) doom(clusterName string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doomed[clusterName] = at
}

func (w *World) isDoomed(clusterName string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.doomed[clusterName]
	return ok && !time.Now().Before(at)
}

// client is EMR as one function sees it: it counts whose calls they are.
type client struct {
	*awsfake.EMR
	count func(op string)
}

// emr is EMR as one function sees it.
func (w *World) emr(function string) emrapi.API {
	if w.config.EMR != nil {
		return w.config.EMR(function, w.counted(function))
	}
	return w.counted(function)
}

func (w *World) counted(function string) client {
	return client{w.EMR, func(op string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.calls[function] == nil {
			w.calls[function] = map[string]int{}
		}
		w.calls[function][op]++
	}}
}

func (c client) RunJobFlow(ctx context.Context, in *emr.RunJobFlowInput, o ...func(*emr.Options)) (*emr.RunJobFlowOutput, error) {
	c.count("RunJobFlow")
	return c.EMR.RunJobFlow(ctx, in, o...)
}

func (c client) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, o ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	c.count("DescribeCluster")
	return c.EMR.DescribeCluster(ctx, in, o...)
}

func (c client) ListClusters(ctx context.Context, in *emr.ListClustersInput, o ...func(*emr.Options)) (*emr.ListClustersOutput, error) {
	c.count("ListClusters")
	return c.EMR.ListClusters(ctx, in, o...)
}

func (c client) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, o ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	c.count("AddJobFlowSteps")
	return c.EMR.AddJobFlowSteps(ctx, in, o...)
}

func (c client) ListSteps(ctx context.Context, in *emr.ListStepsInput, o ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	c.count("ListSteps")
	return c.EMR.ListSteps(ctx, in, o...)
}

func (c client) CancelSteps(ctx context.Context, in *emr.CancelStepsInput, o ...func(*emr.Options)) (*emr.CancelStepsOutput, error) {
	c.count("CancelSteps")
	return c.EMR.CancelSteps(ctx, in, o...)
}

func (c client) TerminateJobFlows(ctx context.Context, in *emr.TerminateJobFlowsInput, o ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error) {
	c.count("TerminateJobFlows")
	return c.EMR.TerminateJobFlows(ctx, in, o...)
}

func (c client) SetTerminationProtection(
	ctx context.Context, in *emr.SetTerminationProtectionInput, o ...func(*emr.Options),
) (*emr.SetTerminationProtectionOutput, error) {
	c.count("SetTerminationProtection")
	return c.EMR.SetTerminationProtection(ctx, in, o...)
}

// Terminate ends all clusters as a person would in the console.
func (w *World) Terminate() {
	for _, name := range w.Open() {
		for _, c := range w.EMR.Clusters() {
			if *c.Name != name {
				continue
			}
			w.doom(name, time.Now())
			if _, err := w.EMR.TerminateJobFlows(w.life, &emr.TerminateJobFlowsInput{JobFlowIds: []string{*c.Id}}); err != nil {
				panic(fmt.Sprintf("terminate cluster %s: %v", name, err))
			}
		}
	}
}
