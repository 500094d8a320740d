package awsfake_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

// A YARN application outlives the step that has submitted it, keeps its cluster from
// being idle, and ends with the cluster.
func TestApplications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		defer f.Close()
		id := runCluster(t, f, func(in *emr.RunJobFlowInput) {
			in.AutoTerminationPolicy = &types.AutoTerminationPolicy{IdleTimeout: new(int64(60))}
		})
		f.Applications().Submit("c", "a")
		f.Applications().Submit("c", "b")
		time.Sleep(time.Hour)
		if got := states(t, f, id)[0]; got != "WAITING" {
			t.Errorf("with applications the cluster is %s", got)
		}
		f.Applications().Kill("c", func(tag string) bool { return tag == "a" })
		if diff := cmp.Diff([]string{"b"}, f.Applications().Living("c")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		f.Kill(id)
		if got := f.Applications().Living("c"); len(got) > 0 {
			t.Errorf("without their cluster: %q", got)
		}
	})
}

// events collects EMR's events as "name STATE".
type events struct {
	mu   sync.Mutex
	list []string
}

func (e *events) add(_ string, detail json.RawMessage) {
	var d struct{ Name, State string }
	if err := json.Unmarshal(detail, &d); err != nil {
		panic(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, d.Name+" "+d.State)
}

func step(name string, action types.ActionOnFailure) types.StepConfig {
	return types.StepConfig{Name: &name, ActionOnFailure: action, HadoopJarStep: &types.HadoopJarStepConfig{Jar: new("command-runner.jar")}}
}

func runCluster(t *testing.T, f *awsfake.EMR, change func(*emr.RunJobFlowInput)) string {
	t.Helper()
	in := awsfake.ClusterRequest("c")
	if change != nil {
		change(in)
	}
	out, err := f.RunJobFlow(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.JobFlowId
}

func addSteps(t *testing.T, f *awsfake.EMR, cluster string, steps ...types.StepConfig) []string {
	t.Helper()
	out, err := f.AddJobFlowSteps(t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &cluster, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return out.StepIds
}

// states returns the cluster's state and reason, and then those of its steps.
func states(t *testing.T, f *awsfake.EMR, cluster string) []string {
	t.Helper()
	out, err := f.DescribeCluster(t.Context(), &emr.DescribeClusterInput{ClusterId: &cluster})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{string(out.Cluster.Status.State), string(out.Cluster.Status.StateChangeReason.Code)}
	for _, s := range f.Steps(cluster) {
		got = append(got, string(s.Status.State))
	}
	return got
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// What EMR does is tested in package emrbehaviour; here is when the fake does it.
func TestTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{
			Script:    func(_, _ string) (time.Duration, types.StepState) { return 10 * time.Minute, types.StepStateFailed },
			DiesAfter: func(string) time.Duration { return time.Hour },
		})
		id := runCluster(t, f, nil)
		first := addSteps(t, f, id, step("a", "CONTINUE"), step("b", "CONTINUE"), step("c", "CONTINUE"))
		var got [][]string
		for _, d := range []time.Duration{0, 3 * time.Minute, 2 * time.Minute, 10 * time.Minute} {
			pass(d)
			got = append(got, states(t, f, id))
		}
		if _, err := f.CancelSteps(t.Context(), &emr.CancelStepsInput{ClusterId: &id, StepIds: first}); err != nil {
			t.Error(err)
		}
		for _, d := range []time.Duration{10 * time.Second, 50 * time.Minute} {
			pass(d)
			got = append(got, states(t, f, id))
		}
		want := [][]string{
			{"STARTING", "", "PENDING", "PENDING", "PENDING"},
			{"BOOTSTRAPPING", "", "PENDING", "PENDING", "PENDING"},
			{"RUNNING", "", "RUNNING", "PENDING", "PENDING"},
			{"RUNNING", "", "FAILED", "RUNNING", "PENDING"},
			{"WAITING", "", "FAILED", "CANCELLED", "CANCELLED"},
			{"TERMINATED_WITH_ERRORS", "INSTANCE_FAILURE", "FAILED", "CANCELLED", "CANCELLED"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		delays func(string) []time.Duration
		want   []string
	}{
		"once": {want: []string{"a COMPLETED", "a PENDING", "a RUNNING", "c RUNNING", "c STARTING", "c TERMINATED", "c WAITING"}},
		"only clusters, doubled": {
			delays: func(t string) []time.Duration {
				if t == awsfake.StepStatusChange {
					return nil
				}
				return []time.Duration{0, time.Hour}
			},
			want: []string{"c RUNNING", "c RUNNING", "c STARTING", "c STARTING", "c TERMINATED", "c TERMINATED", "c WAITING", "c WAITING"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got events
				f := awsfake.NewEMR(awsfake.EMRConfig{OnEvent: got.add, EventDelays: tt.delays})
				id := runCluster(t, f, nil)
				addSteps(t, f, id, step("a", ""))
				pass(7 * time.Minute)
				if _, err := f.TerminateJobFlows(t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}}); err != nil {
					t.Error(err)
				}
				pass(2 * time.Hour)
				slices.Sort(got.list)
				if d := cmp.Diff(tt.want, got.list); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{Throttle: true})
		id := runCluster(t, f, nil)
		call := func() string {
			_, err := f.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &id})
			return code(err)
		}
		n := 0
		for call() == "<nil>" {
			n++
		}
		if got := call(); n != 10 || got != "ThrottlingException" {
			t.Errorf("got %s after %d calls", got, n)
		}
		time.Sleep(2 * time.Second)
		if got := call(); got != "<nil>" {
			t.Errorf("got %s after a token's time", got)
		}
	})
}
