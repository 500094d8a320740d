package resize_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// fit is what SubmitSteps does when jobs of the run want so many task units.
func (st *stand) fit(want int) string {
	st.t.Helper()
	rec := st.rec()
	return st.fitter.Fit(st.ctx, rec, rec.Clusters[0], want)
}

// fitOther does it for another run that shares the cluster.
func (st *stand) fitOther(want int) string {
	st.t.Helper()
	rec := st.rec()
	a := rec.Clusters[0]
	a.Name = "other.1"
	return st.fitter.Fit(st.ctx, rec, a, want)
}

var errLost = errors.New("read: connection reset by peer")

// Task units come with the jobs that want them and go with them. EMR is called
// only for what differs, and looked at only once.
func TestFit(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		for _, step := range []struct {
			want  int
			note  string
			calls int
			has   string
		}{
			{0, "0 task units", 0, ""},
			{4, "4 task units", 2, "TASK 0+4/0+4 RUNNING; "}, // a look, and the fleet is added
			{4, "4 task units", 0, "TASK 0+4/0+4 RUNNING; "},
			{6, "6 task units", 1, "TASK 0+6/0+6 RUNNING; "},
			{2, "2 task units", 1, "TASK 0+2/0+2 RUNNING; "},
			{0, "0 task units", 1, "TASK 0+0/0+0 RUNNING; "},
			{0, "0 task units", 0, "TASK 0+0/0+0 RUNNING; "},
			{1, "1 task units", 1, "TASK 0+1/0+1 RUNNING; "},
		} {
			before := st.calls()
			st.expect("note", st.fit(step.want), step.note)
			if n := st.calls() - before; n != step.calls {
				t.Errorf("%d wanted: %d calls, want %d", step.want, n, step.calls)
			}
			time.Sleep(3 * time.Minute)
			st.expect("fleets", st.has(), "CORE 0+2/0+2 RUNNING; "+step.has)
		}
		var want []run.Resize
		for _, more := range []int{4, 6, 2, 0, 1} {
			want = append(want, run.Resize{Kind: run.Task, Type: "r5.xlarge", More: more, Spot: more > 0, Note: "for its jobs"})
		}
		st.costs(want...)
	})
}

// Whatever EMR answers to a raise, the units are gone when nobody wants them any
// more; and a raise that was refused is tried again.
func TestFitWhatever(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trouble func(st *stand)
		note    string
		calls   int // to take it back
	}{
		"throttled":          {func(st *stand) { st.emr.FailNext("AddInstanceFleet", awsfake.Throttled()) }, "refused: add task fleet to ", 0},
		"look throttled":     {func(st *stand) { st.emr.FailNext("ListInstanceFleets", awsfake.Throttled()) }, "refused: list instance fleets of ", 0},
		"answer lost":        {func(st *stand) { st.emr.LoseNext("AddInstanceFleet", errLost) }, "refused: add task fleet to ", 2},
		"EMR has a problem":  {func(st *stand) { st.emr.FailNext("AddInstanceFleet", errLost) }, "refused: add task fleet to ", 1}, // the look finds none
		"record not written": {func(st *stand) { st.db.FailNext("PutItem", nil, errLost) }, "refused: write SIZE#", 2},
		"cost not noted":     {func(st *stand) { st.db.FailNext("UpdateItem", nil, nil, nil, nil, nil, errLost) }, "4 task units", 1}, // after five of the call budget
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				st := begin(t, small)
				tt.trouble(st)
				if note := st.fit(4); !strings.HasPrefix(note, tt.note) {
					t.Errorf("note %q, want %q", note, tt.note)
				}
				time.Sleep(3 * time.Minute)
				before := st.calls()
				st.expect("taken back", st.fit(0), "0 task units")
				if n := st.calls() - before; n != tt.calls {
					t.Errorf("%d calls to take it back, want %d", n, tt.calls)
				}
				time.Sleep(3 * time.Minute)
				if has := st.has(); strings.Contains(has, "TASK") && !strings.Contains(has, "TASK 0+0/0+0") {
					t.Errorf("left: %s", has)
				}
				st.expect("tried again", st.fit(4), "4 task units")
			})
		})
	}
}

// A reduction that EMR refuses is made up for by the next who comes.
func TestFitTakesBackLater(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		st.fit(4)
		time.Sleep(3 * time.Minute)
		st.emr.LoseNext("ModifyInstanceFleet", errLost)
		st.fit(6)
		st.emr.FailNext("ModifyInstanceFleet", awsfake.Throttled())
		if note := st.fit(0); !strings.HasPrefix(note, "refused: ") {
			t.Errorf("note %q", note)
		}
		time.Sleep(time.Minute)
		leave := func() error { return st.fitter.Leave(st.ctx, st.id, run.ClusterName(runID, 1)) }
		if err := leave(); fault.NameOf(err) != fault.Throttled || !strings.Contains(err.Error(), "may still be in flight") {
			t.Errorf("too early: %v", err)
		}
		time.Sleep(time.Minute)
		if err := leave(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Minute)
		st.expect("fleets", st.has(), "CORE 0+2/0+2 RUNNING; TASK 0+0/0+0 RUNNING; ")
	})
}

// Runs that share a pool's cluster have as many as the one that wants most, and
// who leaves takes only its own back.
func TestFitShared(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		st.expect("first", st.fit(4), "4 task units")
		st.expect("second", st.fitOther(6), "6 task units")
		st.expect("first wants less", st.fit(2), "6 task units")
		if err := st.fitter.Leave(st.ctx, st.id, "other.1"); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Minute)
		st.expect("fleets", st.has(), "CORE 0+2/0+2 RUNNING; TASK 0+2/0+2 RUNNING; ")
		st.emr.FailNext("ModifyInstanceFleet", awsfake.Throttled())
		if err := st.fitter.Leave(st.ctx, st.id, run.ClusterName(runID, 1)); fault.NameOf(err) != fault.Throttled {
			t.Errorf("leaving throttled: %v", err)
		}
	})
}

// Whichever of two calls comes last to EMR, the cluster has what is wanted in
// the end: who finds that the other has been there asks again.
func TestFitAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		st.fit(1)
		begun := false
		st.emr.Use(&awsfake.Hooks{Before: func(op string) error {
			if op == "EMR:ModifyInstanceFleet" && !begun {
				begun = true
				st.fitOther(5) // begins and ends while the first is under way
			}
			return nil
		}})
		st.expect("first", st.fit(3), "5 task units")
		time.Sleep(3 * time.Minute)
		st.expect("fleets", st.has(), "CORE 0+2/0+2 RUNNING; TASK 0+5/0+5 RUNNING; ")
	})
}

// What somebody has set by hand is what jobs come back to.
func TestFitOnTopOfHand(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		st.ask(resize.Input{ClusterID: st.id, Ask: resize.Ask{Task: units(2)}})
		st.expect("raised", st.fit(4), "4 task units")
		if _, err := st.resizer.Resize(st.ctx, resize.Input{ClusterID: st.id, Ask: resize.Ask{Task: units(3)}}); err == nil || !strings.Contains(err.Error(), "jobs that run want 4 units") {
			t.Errorf("less than a job wants: %v", err)
		}
		st.ask(resize.Input{ClusterID: st.id, Ask: resize.Ask{Task: units(4)}}) // as many as there are: they stay
		st.expect("back", st.fit(0), "4 task units")
		st.ask(resize.Input{ClusterID: st.id, Ask: resize.Ask{Task: units(1)}})
		st.expect("raised again", st.fit(3), "3 task units")
		st.expect("back again", st.fit(0), "1 task units")
		st.expect("fleets", st.has(), "CORE 0+2/0+2 RUNNING; TASK 0+0/0+1 PROVISIONING; ")
	})
}

func TestFitRefused(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		st := begin(t, small)
		st.expect("over the profile", st.fit(19), "refused: that makes 21 core and task units, but profile small allows 20 (maxUnits)")
		alone := begin(t, small, func(in *emr.RunJobFlowInput) {
			in.Instances.InstanceFleets = []types.InstanceFleetConfig{fleet("MASTER", 1, 0)}
		})
		st.expect("without core", alone.fit(2), "refused: the cluster has no core fleet, and without one EMR gives it no task units; use a profile with core units")
		if n := st.calls() + alone.calls(); n != 1 {
			t.Errorf("%d calls, want the one look", n)
		}
		st.emr.Kill(st.id)
		if note := st.fit(4); !strings.HasPrefix(note, "refused: ") {
			t.Errorf("a cluster that is gone: %q", note)
		}
	})
}
