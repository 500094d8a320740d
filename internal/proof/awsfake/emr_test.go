package awsfake_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

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

func clusterNamed(name string) *emr.RunJobFlowInput {
	return &emr.RunJobFlowInput{Name: &name, Instances: &types.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: new(true),
		InstanceFleets:              []types.InstanceFleetConfig{{InstanceTypeConfigs: []types.InstanceTypeConfig{{InstanceType: new("m5.xlarge")}, {InstanceType: new("m6g.xlarge")}}}},
	}}
}

func runCluster(t *testing.T, f *awsfake.EMR, change func(*emr.RunJobFlowInput)) string {
	t.Helper()
	in := clusterNamed("c")
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

func script(_, step string) (time.Duration, types.StepState) {
	if step == "bad" {
		return 10 * time.Minute, types.StepStateFailed
	}
	return 10 * time.Minute, types.StepStateCompleted
}

func TestClusterLife(t *testing.T) {
	t.Parallel()
	const ready = 5 * time.Minute
	tests := map[string]struct {
		config awsfake.EMRConfig
		change func(*emr.RunJobFlowInput)
		after  func(t *testing.T, f *awsfake.EMR, id string)
		want   []string
	}{
		"starting":      {want: []string{"STARTING", ""}},
		"bootstrapping": {after: func(*testing.T, *awsfake.EMR, string) { pass(4 * time.Minute) }, want: []string{"BOOTSTRAPPING", ""}},
		"waiting":       {after: func(*testing.T, *awsfake.EMR, string) { pass(ready) }, want: []string{"WAITING", ""}},
		"transient without steps": {
			change: func(in *emr.RunJobFlowInput) { in.Instances.KeepJobFlowAliveWhenNoSteps = nil },
			after:  func(*testing.T, *awsfake.EMR, string) { pass(ready + time.Minute) }, want: []string{"TERMINATED", "ALL_STEPS_COMPLETED"},
		},
		"one step at a time": {
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("a", ""), step("b", ""))
				pass(ready)
			}, want: []string{"RUNNING", "", "RUNNING", "PENDING"},
		},
		"steps at once": {
			change: func(in *emr.RunJobFlowInput) { in.StepConcurrencyLevel = new(int32(2)) },
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("a", ""), step("b", ""), step("c", ""))
				pass(ready)
			}, want: []string{"RUNNING", "", "RUNNING", "RUNNING", "PENDING"},
		},
		"failure goes on": {
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("bad", "CONTINUE"), step("b", ""))
				pass(ready + 20*time.Minute)
			}, want: []string{"WAITING", "", "FAILED", "COMPLETED"},
		},
		"failure cancels and waits": {
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("bad", "CANCEL_AND_WAIT"), step("b", ""))
				pass(ready + 10*time.Minute)
			}, want: []string{"WAITING", "", "FAILED", "CANCELLED"},
		},
		"failure terminates": {
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("bad", "TERMINATE_CLUSTER"), step("b", ""))
				pass(ready + 11*time.Minute)
			}, want: []string{"TERMINATED_WITH_ERRORS", "STEP_FAILURE", "FAILED", "CANCELLED"},
		},
		"terminated by the user": {
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("a", ""), step("b", ""))
				pass(ready + time.Minute)
				if _, err := f.TerminateJobFlows(t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}}); err != nil {
					t.Error(err)
				}
				pass(time.Minute)
			}, want: []string{"TERMINATED", "USER_REQUEST", "CANCELLED", "CANCELLED"},
		},
		"dies while a step runs": {
			config: awsfake.EMRConfig{DiesAfter: func(string) time.Duration { return time.Minute }},
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				addSteps(t, f, id, step("a", ""), step("b", ""))
				pass(ready + time.Minute)
			}, want: []string{"TERMINATED_WITH_ERRORS", "INSTANCE_FAILURE", "INTERRUPTED", "CANCELLED"},
		},
		"bootstrap fails": {
			config: awsfake.EMRConfig{BootstrapFails: func(string) bool { return true }},
			after:  func(*testing.T, *awsfake.EMR, string) { pass(ready + time.Minute) }, want: []string{"TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE"},
		},
		"one type of the fleet is enough": {
			after: func(_ *testing.T, f *awsfake.EMR, _ string) {
				f.SetCapacity("m5.xlarge", false)
				pass(ready)
			}, want: []string{"WAITING", ""},
		},
		"no capacity": {
			after: func(_ *testing.T, f *awsfake.EMR, _ string) {
				f.SetCapacity("m5.xlarge", false)
				f.SetCapacity("m6g.xlarge", false)
				pass(4 * time.Minute)
			}, want: []string{"TERMINATED_WITH_ERRORS", "INSTANCE_FLEET_TIMEOUT"},
		},
		"idle too long": {
			change: func(in *emr.RunJobFlowInput) {
				in.AutoTerminationPolicy = &types.AutoTerminationPolicy{IdleTimeout: new(int64(600))}
			},
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				pass(ready + 9*time.Minute)
				addSteps(t, f, id, step("a", ""))
				pass(19 * time.Minute)
				if got := states(t, f, id)[0]; got != "WAITING" {
					t.Errorf("got %s before the timeout", got)
				}
				pass(2 * time.Minute)
			}, want: []string{"TERMINATED", "ALL_STEPS_COMPLETED", "COMPLETED"},
		},
		"a running step is cancelled": {
			after: func(t *testing.T, f *awsfake.EMR, id string) {
				ids := addSteps(t, f, id, step("a", "TERMINATE_CLUSTER"), step("b", ""))
				pass(ready)
				if _, err := f.CancelSteps(t.Context(), &emr.CancelStepsInput{ClusterId: &id, StepIds: ids[:1]}); err != nil {
					t.Error(err)
				}
				pass(10 * time.Second)
			}, want: []string{"RUNNING", "", "CANCELLED", "RUNNING"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.config.Script = script
				f := awsfake.NewEMR(tt.config)
				id := runCluster(t, f, tt.change)
				if tt.after != nil {
					tt.after(t, f, id)
				}
				if d := cmp.Diff(tt.want, states(t, f, id)); d != "" {
					t.Error(d)
				}
			})
		})
	}
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

func TestEMRRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		id := runCluster(t, f, func(in *emr.RunJobFlowInput) {
			in.StepConcurrencyLevel = new(int32(2))
			in.Instances.TerminationProtected = new(true)
		})
		add := func(cluster string, steps ...types.StepConfig) error {
			_, err := f.AddJobFlowSteps(t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &cluster, Steps: steps})
			return err
		}
		terminate := func(ids ...string) error {
			_, err := f.TerminateJobFlows(t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: ids})
			return err
		}
		describe := func(cluster string) error {
			_, err := f.DescribeCluster(t.Context(), &emr.DescribeClusterInput{ClusterId: &cluster})
			return err
		}
		list := func(n int) error {
			_, err := f.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &id, StepIds: make([]string, n)})
			return err
		}
		got := map[string]string{
			"terminate on failure": code(add(id, step("a", "TERMINATE_CLUSTER"))),
			"257 steps":            code(add(id, slices.Repeat([]types.StepConfig{step("a", "")}, 257)...)),
			"no such cluster":      code(describe("j-X")),
			"protected":            code(terminate(id)),
			"eleven":               code(terminate(make([]string, 11)...)),
			"eleven ids":           code(list(11)),
			"ten ids":              code(list(10)),
		}
		want := map[string]string{
			"terminate on failure": "ValidationException", "257 steps": "ValidationException", "no such cluster": "InvalidRequestException",
			"protected": "ValidationException", "eleven": "ValidationException", "eleven ids": "ValidationException", "ten ids": "<nil>",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if _, err := f.SetTerminationProtection(t.Context(), &emr.SetTerminationProtectionInput{JobFlowIds: []string{id}, TerminationProtected: new(false)}); err != nil {
			t.Error(err)
		}
		if err := terminate(id); err != nil {
			t.Error(err)
		}
		if got := code(add(id, step("a", ""))); got != "ValidationException" {
			t.Errorf("a step for a terminating cluster: %s", got)
		}
	})
}

func TestEMRLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		for i := range 60 {
			runCluster(t, f, func(in *emr.RunJobFlowInput) { in.Name = new(fmt.Sprint(i)) })
			time.Sleep(time.Second)
		}
		names := map[string]bool{}
		p := emr.NewListClustersPaginator(f, &emr.ListClustersInput{ClusterStates: []types.ClusterState{"STARTING"}})
		pages := 0
		for ; p.HasMorePages(); pages++ {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range out.Clusters {
				names[*c.Name] = true
			}
		}
		if len(names) != 60 || pages != 2 {
			t.Errorf("got %d clusters on %d pages", len(names), pages)
		}
	})
}

func TestStepsAndTags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		id := runCluster(t, f, nil)
		ids := addSteps(t, f, id, step("a", ""), step("b", ""), step("c", ""))
		out, err := f.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &id, StepIds: ids[1:]})
		if err != nil || len(out.Steps) != 2 || *out.Steps[0].Name != "c" {
			t.Errorf("got %v, %v", out, err)
		}
		if _, err := f.AddTags(t.Context(), &emr.AddTagsInput{ResourceId: &id, Tags: []types.Tag{{Key: new("k"), Value: new("1")}, {Key: new("k"), Value: new("2")}}}); err != nil {
			t.Error(err)
		}
		if tags := f.Clusters()[0].Tags; len(tags) != 1 || aws.ToString(tags[0].Value) != "2" {
			t.Errorf("got tags %v", tags)
		}
	})
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
