package resize_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

func (st *stand) ask(in resize.Input) resize.Output {
	st.t.Helper()
	out, err := st.resizer.Resize(st.ctx, in)
	if err != nil {
		st.t.Fatal(err)
	}
	return out
}

// told formats an answer: each fleet with what was asked for, target, what
// there is and its state, whether it is done, and why not.
func told(out resize.Output) string {
	var parts []string
	for _, f := range out.Fleets {
		asked := "-"
		if f.Asked != nil {
			asked = fmt.Sprint(*f.Asked)
		}
		parts = append(parts, fmt.Sprintf("%s %s/%d/%d %s", f.Kind, asked, f.Target, f.Has, f.State))
	}
	return fmt.Sprintf("%s done=%t %s", strings.Join(parts, ", "), out.Done, out.Stuck)
}

// A cluster is resized by one call and looked at by others until it has what was
// asked for; asking again does no harm.
func TestResize(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		in := resize.Input{ClusterID: st.id, Ask: resize.Ask{Core: units(4), Task: units(3), Steps: new(2)}, By: "ada"}
		out := st.ask(in)
		st.expect("first answer", told(out), "core 4/4/2 RESIZING, task 3/3/0 PROVISIONING done=false ")
		if d := cmp.Diff([]string{"core 4", "task 3", "steps 2"}, out.Changed); d != "" {
			t.Error(d)
		}
		look := in
		look.Look = true
		st.expect("a look", told(st.ask(look)), "core 4/4/2 RESIZING, task 3/3/0 PROVISIONING done=false ")
		time.Sleep(3 * time.Minute)
		st.expect("at last", told(st.ask(look)), "core 4/4/4 RUNNING, task 3/3/3 RUNNING done=true ")
		st.expect("EMR", st.has(), "CORE 0+4/0+4 RUNNING; TASK 0+3/0+3 RUNNING; ")
		if n := *st.emr.Clusters()[0].StepConcurrencyLevel; n != 2 {
			t.Errorf("%d steps side by side", n)
		}
		if task := st.emr.Fleets(st.id)[2]; *task.InstanceTypeSpecifications[0].InstanceType != "r5.xlarge" ||
			task.LaunchSpecifications.SpotSpecification.TimeoutAction != types.SpotProvisioningTimeoutActionSwitchToOnDemand {
			t.Errorf("task fleet: %+v", task)
		}

		before := st.emr.AllCalls()
		again := st.ask(in)
		if len(again.Changed) > 0 || !again.Done {
			t.Errorf("asked again: %+v", again)
		}
		for _, op := range []string{"ModifyInstanceFleet", "AddInstanceFleet", "ModifyCluster", "PutManagedScalingPolicy"} {
			if n := st.emr.Calls(op) - before[op]; n > 0 {
				t.Errorf("asked again, %s was called %d times", op, n)
			}
		}
		st.costs(run.Resize{Kind: "core", Type: "m5.xlarge", More: 2, Spot: true, Note: "by ada"}, run.Resize{Kind: "task", Type: "r5.xlarge", More: 3, Spot: true, Note: "by ada"})
	})
}

// costs compares what the run's record keeps of resizes, apart from the times.
func (st *stand) costs(want ...run.Resize) {
	st.t.Helper()
	var got []run.Resize
	for _, r := range st.rec().Clusters[0].Resizes {
		if r.At.IsZero() {
			st.t.Errorf("a resize at no time: %+v", r)
		}
		r.At = time.Time{}
		got = append(got, r)
	}
	if d := cmp.Diff(want, got); d != "" {
		st.t.Error(d)
	}
}

// Without a task fleet in the profile the cluster's is like its core fleet,
// types and disks.
func TestTaskFleetLikeCore(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		p := small
		p.Task = nil
		st := begin(t, p)
		st.ask(resize.Input{RunID: runID, Ask: resize.Ask{Task: units(1)}})
		f := st.emr.Fleets(st.id)[2]
		if len(f.InstanceTypeSpecifications) != 2 || *f.InstanceTypeSpecifications[1].InstanceType != "m5a.xlarge" ||
			*f.InstanceTypeSpecifications[0].EbsBlockDevices[0].VolumeSpecification.SizeInGB != 64 || *f.TargetSpotCapacity != 1 {
			t.Errorf("got %+v", f)
		}
	})
}

// What EC2 does not have is reported, with what there is and EMR's reason; asking
// again makes EMR try again.
func TestNoCapacity(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		st.emr.SetCapacity("m5.xlarge", false)
		st.emr.SetCapacity("m5a.xlarge", false)
		in := resize.Input{ClusterID: st.id, Ask: resize.Ask{Core: units(4)}}
		st.ask(in)
		time.Sleep(3 * time.Minute)
		look := in
		look.Look = true
		st.expect("no capacity", told(st.ask(look)), "core 4/4/2 SUSPENDED done=false core: SUSPENDED, insufficient Spot capacity for instance type(s) [m5.xlarge, m5a.xlarge].")
		st.emr.SetCapacity("m5.xlarge", true)
		st.expect("again", told(st.ask(in)), "core 4/4/2 RESIZING done=false ")
		time.Sleep(3 * time.Minute)
		st.expect("at last", told(st.ask(look)), "core 4/4/4 RUNNING done=true ")
	})
}

// Another request's target is reported as such, and so is the end of the cluster.
func TestOthersChange(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		mine := resize.Input{ClusterID: st.id, Ask: resize.Ask{Core: units(4)}}
		st.ask(mine)
		st.ask(resize.Input{ClusterID: st.id, Ask: resize.Ask{Core: units(3)}})
		mine.Look = true
		st.expect("another target", told(st.ask(mine)), "core 4/3/2 RESIZING done=false core: another request asked for 3 units")
		st.emr.Kill(st.id)
		got := st.ask(mine)
		if got.Done || !strings.Contains(got.Stuck, "the cluster is TERMINATED_WITH_ERRORS: The master node was terminated") {
			t.Errorf("after its end: %+v", got)
		}
		mine.Look = false
		if _, err := st.resizer.Resize(st.ctx, mine); fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), "is TERMINATED_WITH_ERRORS") {
			t.Errorf("a resize after its end: %v", err)
		}
	})
}

func TestManagedLimits(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		out := st.ask(resize.Input{ClusterID: st.id, Ask: resize.Ask{Limits: &resize.Bounds{Min: new(2), Max: new(6), MaxCore: new(3)}}})
		if !out.Done || out.Limits == nil || out.Limits.String() != "2 to 6 units, of them core at most 3" {
			t.Errorf("got %+v", out)
		}
		p, err := st.emr.GetManagedScalingPolicy(t.Context(), &emr.GetManagedScalingPolicyInput{ClusterId: &st.id})
		if l := p.ManagedScalingPolicy.ComputeLimits; err != nil || *l.MinimumCapacityUnits != 2 || *l.MaximumCapacityUnits != 6 || *l.MaximumCoreCapacityUnits != 3 || l.MaximumOnDemandCapacityUnits != nil {
			t.Errorf("got %+v, %v", l, err)
		}
		if _, err := st.resizer.Resize(st.ctx, resize.Input{ClusterID: st.id, Ask: resize.Ask{Core: units(7)}}); fault.NameOf(err) != fault.InvalidInput {
			t.Errorf("outside of the limits: %v", err)
		}
		// What jobs want is EMR's to decide now.
		st.expect("a job", st.fitter.Fit(st.ctx, st.rec(), st.rec().Clusters[0], 4), "left to managed scaling, 2 to 6 units, of them core at most 3")
		st.expect("fleets", st.has(), "CORE 0+2/0+2 RUNNING; ")
	})
}

// grouped is an EMR whose clusters consist of instance groups.
type grouped struct{ *awsfake.EMR }

func (g grouped) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, o ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	out, err := g.EMR.DescribeCluster(ctx, in, o...)
	if err == nil {
		out.Cluster.InstanceCollectionType = types.InstanceCollectionTypeInstanceGroup
	}
	return out, err
}

func TestGroups(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		_, err := resize.Look(st.ctx, grouped{st.emr}, st.id)
		if want := "cluster " + st.id + " consists of instance groups: only clusters of instance fleets can be resized"; fault.NameOf(err) != fault.InvalidInput || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	})
}

func TestResizeRefuses(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		other := begin(t, small, func(in *emr.RunJobFlowInput) { in.Tags[0].Value = new("prod") })
		four := resize.Ask{Core: units(4)}
		refused := func(st *stand, in resize.Input, want string) {
			t.Helper()
			calls := st.emr.Calls("ModifyInstanceFleet")
			_, err := st.resizer.Resize(st.ctx, in)
			if fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", in, err, want)
			}
			if st.emr.Calls("ModifyInstanceFleet") != calls {
				t.Errorf("%+v: something was done", in)
			}
		}
		refused(st, resize.Input{Ask: four}, "name the cluster to resize, or the run")
		refused(st, resize.Input{ClusterID: st.id, RunID: runID, Ask: four}, "one of them")
		refused(st, resize.Input{ClusterID: "j-X", Ask: four}, "cluster j-X is not known in this account and Region")
		refused(st, resize.Input{RunID: "nope", Ask: four}, "run nope is not known")
		refused(st, resize.Input{ClusterID: st.id}, "nothing is asked for")
		refused(st, resize.Input{ClusterID: st.id, Ask: resize.Ask{Task: units(19)}}, "its profile allows 20")
		refused(other, resize.Input{ClusterID: other.id, Ask: four}, `has the tag ephemr:stage="prod" and so does not belong to stage test`)
		st.emr.FailNext("DescribeCluster", awsfake.Throttled())
		if _, err := st.resizer.Resize(st.ctx, resize.Input{ClusterID: st.id, Ask: four}); fault.NameOf(err) != fault.Throttled {
			t.Errorf("throttled: %v", err)
		}
	})
}

// What was done before EMR refused the rest is reported, and kept when it is asked
// for again.
func TestHalfDone(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		in := resize.Input{ClusterID: st.id, Ask: resize.Ask{Core: units(4), Task: units(3)}}
		st.emr.FailNext("AddInstanceFleet", awsfake.Throttled())
		_, err := st.resizer.Resize(st.ctx, in)
		if fault.NameOf(err) != fault.Throttled || !strings.Contains(err.Error(), "done before that: core 4") {
			t.Errorf("got %v", err)
		}
		time.Sleep(3 * time.Minute)
		out := st.ask(in)
		if d := cmp.Diff([]string{"task 3"}, out.Changed); d != "" {
			t.Error(d)
		}
	})
}

// A run without a cluster, or whose cluster is gone, has nothing to resize.
func TestRunWithoutCluster(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		if _, _, err := st.runs.Create(st.ctx, run.Run{ID: "p-2", Pipeline: "p", State: run.Running, RequestedAt: time.Now()}, nil); err != nil {
			t.Fatal(err)
		}
		in := resize.Input{RunID: "p-2", Ask: resize.Ask{Core: units(4)}}
		if _, err := st.resizer.Resize(st.ctx, in); fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), "has no cluster yet") {
			t.Errorf("got %v", err)
		}
		if _, err := st.runs.Finish(st.ctx, run.Run{ID: "p-2"}, run.Outcome{State: run.Failed}, time.Now(), run.Cost{}); err != nil {
			t.Fatal(err)
		}
		if _, err := st.resizer.Resize(st.ctx, in); fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), "run p-2 is FAILED: its cluster is gone") {
			t.Errorf("got %v", err)
		}
	})
}

// A cluster of a pool that the run has given back is not its own any more: others
// work on it.
func TestRunThatGaveItsClusterBack(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		a := st.rec().Clusters[0]
		a.State = run.ClusterReleased
		if ok, err := st.runs.ReplaceCluster(st.ctx, runID, a, run.ClusterReady, a.Intent); !ok || err != nil {
			t.Fatal(ok, err)
		}
		_, err := st.resizer.Resize(st.ctx, resize.Input{RunID: runID, Ask: resize.Ask{Core: units(4)}})
		if fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), "has no cluster yet") {
			t.Errorf("got %v", err)
		}
	})
}
