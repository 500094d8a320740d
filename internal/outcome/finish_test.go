package outcome_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/outbox"
	"ephemr/internal/outcome"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

type slots struct{ released int }

func (s *slots) Release(context.Context, string, run.Run) error {
	s.released++
	return nil
}

// noLineage writes no events: statemachines and the simulation test them.
type noLineage struct{}

func (noLineage) Write(context.Context, string) error { return nil }

// desk is a Finisher with a run that is RUNNING.
type desk struct {
	*outcome.Finisher

	db    *awsfake.DynamoDB
	bus   *awsfake.EventBridge
	slots *slots
}

func newDesk(t *testing.T) desk {
	t.Helper()
	d := desk{
		db: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
			{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
		}}),
		bus: awsfake.NewEventBridge(), slots: &slots{},
	}
	d.Finisher = &outcome.Finisher{
		Settings: stage.Settings{EventBus: "bus"}, Runs: &store.Runs{DB: d.db, Table: "runs"}, Slots: d.slots, Bus: d.bus, Notices: &outbox.Store{DB: d.db, Table: "runs"}, Lineage: noLineage{},
	}
	spec := &pipeline.Spec{Name: "p", Jobs: []pipeline.Job{{Name: "a", Type: job.Bash}}}
	r := run.Run{ID: "r", Pipeline: "p", State: run.Running, Execution: "x", LogicalTime: time.Now(), RequestedAt: time.Now()}
	if _, _, err := d.Runs.Create(t.Context(), r, spec); err != nil {
		t.Fatal(err)
	}
	return d
}

// before does f once, before the next call of op.
func (d desk) before(op string, f func()) {
	done := false
	d.db.Use(&awsfake.Hooks{Before: func(called string) error {
		if called == "DynamoDB:"+op && !done {
			done = true
			f()
		}
		return nil
	}})
}

// end records o as another invocation would.
func (d desk) end(t *testing.T, o run.Outcome) {
	t.Helper()
	if ok, err := d.Runs.Finish(t.Context(), run.Run{ID: "r"}, o, time.Now(), run.Cost{}); !ok || err != nil {
		t.Error(ok, err)
	}
}

// retry restarts the run that has ended.
func (d desk) retry(t *testing.T) {
	t.Helper()
	rec, err := d.Runs.Load(t.Context(), "r")
	if err == nil {
		err = d.Runs.Announced(t.Context(), rec.Run)
	}
	if err == nil {
		_, err = d.Runs.Requeue(t.Context(), "r", time.Now())
	}
	if err != nil {
		t.Error(err)
	}
}

var late = &outcome.StateError{Error: "TimeoutError", Cause: "late"}

func TestFinish(t *testing.T) {
	t.Parallel()
	first := run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "by me"}
	own := run.Outcome{State: run.Failed, Class: job.ClassTimeout, Reason: "late"}
	for _, tt := range []struct {
		name      string
		execution string
		during    func(t *testing.T, d desk) // before the outcome is written
		want      run.Outcome
		fault     fault.Name // "" = none
	}{
		{name: "alone", execution: "x", want: own},
		{name: "another invocation is faster", execution: "x", want: first, during: func(t *testing.T, d desk) {
			t.Helper()
			d.end(t, first)
		}},
		{name: "and the run is retried", execution: "x", fault: fault.Conflict, during: func(t *testing.T, d desk) {
			t.Helper()
			d.end(t, own)
			d.before("Query", func() { d.retry(t) })
		}},
		{name: "and the run is retried, seen by sweep", fault: fault.Throttled, during: func(t *testing.T, d desk) {
			t.Helper()
			d.end(t, own)
			d.before("Query", func() { d.retry(t) })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if tt.during != nil {
				d.before("UpdateItem", func() { tt.during(t, d) })
			}
			got, err := d.Finish(t.Context(), outcome.FinishInput{RunID: "r", Execution: tt.execution, Error: late})
			if tt.fault != "" {
				if fault.NameOf(err) != tt.fault || d.bus.Calls("PutEvents") != 0 {
					t.Errorf("error %v, want %s; %d events", err, tt.fault, d.bus.Calls("PutEvents"))
				}
				return
			}
			d.announcedOnce(t, got, err, tt.want)
			again, err := d.Finish(t.Context(), outcome.FinishInput{RunID: "r", Execution: "x"})
			d.announcedOnce(t, again, err, tt.want)
		})
	}
}

// A job that was interrupted because another has failed has not failed itself; a reason
// that stops the whole run is also that of its jobs.
func TestClassOfInterruptedJobs(t *testing.T) {
	t.Parallel()
	for failed, want := range map[job.Class]job.Class{
		job.ClassJob: job.ClassCancelled, job.ClassData: job.ClassCancelled, job.ClassLost: job.ClassLost,
	} {
		d := newDesk(t)
		jobs := []run.Job{{Name: "a", State: run.JobFailed, Class: failed, Attempt: 1, EndedAt: time.Now()}, {Name: "b", State: run.JobRunning, Attempt: 1}}
		if err := d.Runs.PlanJobs(t.Context(), "r", jobs); err != nil {
			t.Fatal(err)
		}
		stopped := &outcome.StateError{Error: "CancelledError", Cause: "the execution was stopped"}
		if _, err := d.Finish(t.Context(), outcome.FinishInput{RunID: "r", Error: stopped}); err != nil {
			t.Fatal(err)
		}
		rec, err := d.Runs.Load(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		if b := rec.Jobs[1]; b.State != run.JobCancelled || b.Class != want {
			t.Errorf("the run is %s (%s), and its job b %s (%s), want CANCELLED (%s)", rec.Run.State, rec.Run.Class, b.State, b.Class, want)
		}
	}
}

// entries is how many notices are recorded.
func (d desk) entries() (n int) {
	for _, it := range d.db.Items("runs") {
		if strings.HasPrefix(records.Text(it["sk"]), records.EntryPrefix) {
			n++
		}
	}
	return n
}

// announcedOnce checks the answer of Finish, and that the run was settled once.
func (d desk) announcedOnce(t *testing.T, got outcome.FinishOutput, err error, want run.Outcome) {
	t.Helper()
	if diff := cmp.Diff(want, got.Outcome); diff != "" || err != nil {
		t.Errorf("error %v (-want +got)\n%s", err, diff)
	}
	if n := d.entries(); n != 1 || d.bus.Calls("PutEvents") != 1 || d.slots.released != 1 {
		t.Errorf("%d notices, %d events, slots released %d times", n, d.bus.Calls("PutEvents"), d.slots.released)
	}
}
