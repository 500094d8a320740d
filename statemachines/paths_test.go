package statemachines_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

type scenario struct {
	name     string
	pipeline string // default one
	config   simulation.Config
	before   func(w *simulation.World)
	during   func(w *simulation.World, id string)
	want     ended
	calls    map[string]int // of EMR, for the run; nil = not looked at
}

var errLost = errors.New("connection reset by peer")

// steps makes a script of the attempts it names: "job#1" -> how it goes.
func steps(byName map[string]simulation.Step) func(simulation.Attempt) simulation.Step {
	return func(a simulation.Attempt) simulation.Step { return byName[run.StepName(a.Job, a.Number)] }
}

func failing(w *simulation.World, op string, errs ...error) { w.EMR.FailNext(op, errs...) }

func noEvents(string) []time.Duration { return nil }

// usual are the EMR calls of a run with one job when nothing goes wrong.
var usual = map[string]int{"RunJobFlow": 1, "DescribeCluster": 1, "AddJobFlowSteps": 1, "TerminateJobFlows": 1}

var jobScenarios = []scenario{
	{
		name: "one job", calls: usual,
		want: ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "two branches that join", pipeline: join,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"b#1": {Takes: 3 * time.Minute}})},
		want:   ended{Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED", Clusters: 1},
	},
	{
		name:   "job fails without retries",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 3}})},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED", Clusters: 1},
		calls:  usual,
	},
	{
		name: "job fails, then succeeds", pipeline: again,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 3}})},
		want:   ended{Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "job fails as often as it may", pipeline: again,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 3}, "a#2": {ExitCode: 3}})},
		want:   ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED", Clusters: 1},
	},
	{
		name: "a branch fails, the other goes on", pipeline: fork,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 3}, "c#1": {Takes: 5 * time.Minute}})},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED b=SKIPPED c=SUCCEEDED", Clusters: 1},
	},
	{
		name: "data check fails, no retry", pipeline: again,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 1, Class: job.ClassData, Reason: "rows 0"}})},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassData, Jobs: "a=FAILED", Clusters: 1},
	},
	{
		name:   "completed without a result is not believed",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Silent: true}})},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassLost, Jobs: "a=FAILED", Clusters: 1},
	},
	{
		name:   "killed without a result",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Silent: true, ExitCode: 137}})},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassLost, Jobs: "a=FAILED", Clusters: 1},
	},
	{
		name: "template fails at submit",
		pipeline: "pipeline: tmpl\n" + onSmall +
			`jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b, needs: [a], args: ["{{.Jobs.a.Outputs.rows}}"]}]`,
		want: ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SUCCEEDED b=FAILED", Clusters: 1},
	},
	{
		name:   "run deadline passes in a step",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: 5 * time.Hour}})},
		want:   ended{Path: path(begin, stopped, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=CANCELLED", Clusters: 1},
	},
}

var clusterScenarios = []scenario{
	{
		name: "no capacity on the first rung", pipeline: ladder,
		before: func(w *simulation.World) { w.EMR.SetCapacity(simulation.LadderTypes[0], false) },
		want:   ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 2},
	},
	{
		name: "no capacity on any rung", pipeline: ladder,
		before: func(w *simulation.World) {
			for _, x := range simulation.LadderTypes {
				w.EMR.SetCapacity(x, false)
			}
		},
		want: ended{Path: path(begin, "CreateCluster CreateCluster", bad), State: run.Failed, Class: job.ClassCapacity, Jobs: "a=SKIPPED", Clusters: 3},
	},
	{
		name: "no capacity on the first rung, and no event says so", pipeline: ladder,
		config: simulation.Config{EventDelays: without(awsfake.FleetProvisioning)},
		before: func(w *simulation.World) { w.EMR.SetCapacity(simulation.LadderTypes[0], false) },
		want:   ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 2},
	},
	{
		name: "no capacity, and a crash when the cluster was given up", pipeline: ladder,
		before: func(w *simulation.World) {
			w.EMR.SetCapacity(simulation.LadderTypes[0], false)
			w.Crash("EMR:TerminateJobFlows", true)
		},
		want: ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 2},
	},
	{
		name:   "no capacity, and no fallback",
		before: func(w *simulation.World) { w.EMR.SetCapacity(simulation.LadderTypes[0], false) },
		want:   ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassCapacity, Jobs: "a=SKIPPED", Clusters: 1},
	},
	{
		name:   "capacity comes back, and there is no fallback",
		before: func(w *simulation.World) { w.EMR.SetCapacity(simulation.LadderTypes[0], false) },
		during: func(w *simulation.World, _ string) {
			time.Sleep(15 * time.Minute)
			w.EMR.SetCapacity(simulation.LadderTypes[0], true)
		},
		want: ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "a cluster that is stuck in STARTING", pipeline: ladder,
		config: simulation.Config{Starting: 10 * time.Hour},
		want:   ended{Path: path(begin, "CreateCluster CreateCluster", bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SKIPPED", Clusters: 3},
	},
	{
		name: "no Spot capacity", pipeline: "pipeline: wide\n" + watching + "cluster: {profile: split}\njobs: [{name: a, type: bash, source: a}]",
		config: simulation.Config{Profiles: map[string]profile.Profile{"split": split(profile.Fleet{Types: []string{"m9.core"}, Spot: 1})}},
		before: func(w *simulation.World) { w.EMR.SetCapacity("m9.core", false) },
		want:   ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 2},
	},
	{
		name: "EMR does not support the core type in the zone", pipeline: "pipeline: wide\n" + watching + "cluster: {profile: split}\njobs: [{name: a, type: bash, source: a}]",
		config: simulation.Config{Profiles: map[string]profile.Profile{"split": split(profile.Fleet{Types: []string{"m9.core"}, OnDemand: 1})}},
		before: func(w *simulation.World) { w.EMR.SetSupported("m9.core", false) },
		want:   ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 2},
	},
	{
		name: "EMR refuses the instance type", pipeline: ladder,
		before: func(w *simulation.World) {
			failing(w, "RunJobFlow", &smithy.GenericAPIError{Code: "ValidationException", Message: "Instance type 'm5.xlarge' is not supported"})
		},
		want: ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name:   "the cluster is protected",
		config: simulation.Config{Protects: func(string) bool { return true }},
		want:   ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name:   "bootstrap fails",
		config: simulation.Config{BootstrapFails: func(string) bool { return true }},
		want:   ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassBootstrap, Jobs: "a=SKIPPED", Clusters: 1},
	},
	{
		name:   "cluster dies in a step",
		config: simulation.Config{DiesAfter: func(string) time.Duration { return 30 * time.Second }},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassLost, Jobs: "a=FAILED", Clusters: 1},
	},
	{
		name: "cluster dies in a step, more jobs to come", pipeline: chain,
		config: simulation.Config{DiesAfter: func(string) time.Duration { return 30 * time.Second }},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassLost, Jobs: "a=FAILED b=SKIPPED", Clusters: 1},
	},
	{
		name: "cluster dies between steps", pipeline: chain,
		config: simulation.Config{
			// The first step ends a moment before the cluster, and no event reports it.
			Steps:     steps(map[string]simulation.Step{"a#1": {Takes: 29 * time.Second}}),
			DiesAfter: func(string) time.Duration { return 30 * time.Second },
			EventDelays: func(detailType string) []time.Duration {
				if detailType == awsfake.StepStatusChange {
					return nil
				}
				return []time.Duration{0}
			},
		},
		want: ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassLost, Jobs: "a=SUCCEEDED b=FAILED", Clusters: 1},
	},
	{
		name: "the cluster is terminated manually",
		during: func(w *simulation.World, _ string) {
			time.Sleep(5*time.Minute + 30*time.Second)
			w.Terminate()
		},
		want: ended{Path: path(begin, round, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=CANCELLED", Clusters: 1},
	},
	{
		name: "the cluster is terminated manually before it is ready",
		during: func(w *simulation.World, _ string) {
			time.Sleep(time.Minute)
			w.Terminate()
		},
		want: ended{Path: path(begin, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SKIPPED", Clusters: 1},
	},
	{
		name: "EMR refuses the request",
		before: func(w *simulation.World) {
			failing(w, "RunJobFlow", &smithy.GenericAPIError{Code: "ValidationException", Message: "Subnet 'subnet-1' does not exist."})
		},
		want: ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SKIPPED"},
	},
	{
		name: "IAM denies the request",
		before: func(w *simulation.World) {
			failing(w, "RunJobFlow", awsfake.Denied("elasticmapreduce:RunJobFlow"))
		},
		want:  ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassPermission, Jobs: "a=SKIPPED"},
		calls: map[string]int{"RunJobFlow": 1},
	},
	{
		name: "IAM denies the steps",
		before: func(w *simulation.World) {
			failing(w, "AddJobFlowSteps", awsfake.Denied("elasticmapreduce:AddJobFlowSteps"))
		},
		want:  ended{Path: path(begin, stopped, bad), State: run.Failed, Class: job.ClassPermission, Jobs: "a=SKIPPED", Clusters: 1},
		calls: map[string]int{"RunJobFlow": 1, "DescribeCluster": 1, "AddJobFlowSteps": 1, "TerminateJobFlows": 1},
	},
	{
		name: "profile is not known", pipeline: "pipeline: noprofile\n" + watching + "cluster: {profile: huge}\njobs: [{name: a, type: bash, source: a}]",
		want: ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SKIPPED"},
	},
	{
		name: "profile is wrong",
		before: func(w *simulation.World) {
			w.Parameter(stage.ProfileParameter("test", "small"), `{"release": "newest"}`)
		},
		want: ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SKIPPED"},
	},
	{
		name:   "cluster is never ready",
		config: simulation.Config{Starting: 10 * time.Hour},
		want:   ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SKIPPED", Clusters: 1},
	},
	{
		name: "bootstrap fails on the first rung", pipeline: ladder,
		config: simulation.Config{BootstrapFails: func(name string) bool { return name[len(name)-2:] == ".1" }},
		want:   ended{Path: path(begin, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 2},
	},
	{
		name: "run deadline passes before the cluster is ready",
		config: simulation.Config{
			Starting: 10 * time.Hour,
			Settings: func(s *stage.Settings) { s.Limits.Deadline = pipeline.Duration(3 * time.Minute) },
		},
		want: ended{Path: path(begin, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SKIPPED", Clusters: 1},
	},
}

// without loses all events of a type.
func without(lost string) func(string) []time.Duration {
	return func(detailType string) []time.Duration {
		if detailType == lost {
			return nil
		}
		return []time.Duration{0}
	}
}

// split is a profile whose core fleet differs, and whose fallback does not have it.
func split(core profile.Fleet) profile.Profile {
	return profile.Profile{
		Release: "emr-7.14.0", IdleTimeout: pipeline.Duration(time.Hour), Primary: profile.Fleet{Types: []string{"m5.xlarge"}, OnDemand: 1},
		Core: &core, Fallbacks: []profile.Fallback{{Types: []string{"m6i.xlarge"}}},
	}
}

func TestJobs(t *testing.T)     { t.Parallel(); runScenarios(t, jobScenarios) }
func TestClusters(t *testing.T) { t.Parallel(); runScenarios(t, clusterScenarios) }

func runScenarios(t *testing.T, all []scenario) {
	t.Helper()
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, s.config, func(t *testing.T, w *simulation.World) {
				if s.pipeline == "" {
					s.pipeline = one
				}
				if s.before != nil {
					s.before(w)
				}
				got, id := uploaded(t, w, s.pipeline, s.during)
				compare(t, w, id, s.want, got)
				atMostOneStepPerAttempt(t, w)
				own, _ := w.Calls()
				if s.calls != nil {
					if diff := cmp.Diff(s.calls, own); diff != "" {
						t.Errorf("EMR calls -want +got:\n%s", diff)
					}
				}
			})
		})
	}
}

// atMostOneStepPerAttempt holds what makes submitting idempotent.
func atMostOneStepPerAttempt(t *testing.T, w *simulation.World) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range w.EMR.Clusters() {
		for _, s := range w.EMR.Steps(*c.Id) {
			name := run.OfCluster(*c.Name) + " " + aws.ToString(s.Name)
			if seen[name] {
				t.Errorf("attempt %s was submitted twice", name)
			}
			seen[name] = true
		}
		if c.Status.State == types.ClusterStateTerminating {
			t.Errorf("cluster %s still terminates", *c.Name)
		}
	}
}
