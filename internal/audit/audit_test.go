package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/audit"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

func newTrail() (*audit.Trail, *awsfake.DynamoDB) {
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk"})
	return &audit.Trail{DB: db, Table: "runs", Caller: func(context.Context) string { return "i-1" }}, db
}

// all are the entries of the last days.
func all(t *testing.T, trail *audit.Trail, days int) (found []audit.Entry) {
	t.Helper()
	if err := trail.Between(t.Context(), time.Now().AddDate(0, 0, -days), time.Now().Add(time.Second), func(e audit.Entry) { found = append(found, e) }); err != nil {
		t.Fatal(err)
	}
	return found
}

// A request is recorded before it is carried out, and its outcome afterwards.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 400)
	for name, tt := range map[string]struct {
		err    error
		want   audit.Outcome
		reason string
	}{
		"done":    {nil, audit.Done, ""},
		"refused": {fault.New(fault.InvalidInput, "there is no run x"), audit.Refused, "there is no run x"},
		"failed":  {errors.New(long), audit.Failed, strings.Repeat("ü", 248) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trail, _ := newTrail()
			end, err := trail.Begin(t.Context(), audit.Entry{By: "anna", Action: "cancel", RunID: "x", Detail: map[string]string{"why": "wrong input"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := all(t, trail, 1); len(got) != 1 || got[0].Outcome != audit.Begun {
				t.Fatalf("before: %+v", got)
			}
			end(t.Context(), tt.err)
			end(t.Context(), errors.New("twice"))
			got := all(t, trail, 1)
			want := []audit.Entry{{By: "anna", Action: "cancel", RunID: "x", Detail: map[string]string{"why": "wrong input"}, Outcome: tt.want, Reason: tt.reason, Invocation: "i-1"}}
			if len(got) == 1 {
				want[0].At = got[0].At
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Without a record nothing is carried out.
func TestNoRecordNoRequest(t *testing.T) {
	t.Parallel()
	trail, db := newTrail()
	trail.Table = "gone"
	if _, err := trail.Begin(t.Context(), audit.Entry{Action: "cancel"}); err == nil {
		t.Errorf("began without a record in %v", db)
	}
}

// Entries of several days are read in order.
func TestDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		trail, _ := newTrail()
		for _, by := range []string{"a", "b", "c"} {
			if _, err := trail.Begin(t.Context(), audit.Entry{By: by, Action: "pause", Pipeline: "p"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(25 * time.Hour)
		}
		var who string
		for _, e := range all(t, trail, 3) {
			who += e.By
		}
		if who != "bc" {
			t.Errorf("in three days: %s", who)
		}
	})
}

// runs are given ones.
type runs []run.Run

func (r runs) Since(_ context.Context, _ time.Time, visit func(run.Run) error) error {
	for _, one := range append(r, r...) { // the index may have a run twice
		if err := visit(one); err != nil {
			return err
		}
	}
	return nil
}

// The report has what was recorded and what runs say, of a pipeline or a caller.
func TestReport(t *testing.T) {
	t.Parallel()
	trail, _ := newTrail()
	for _, e := range []audit.Entry{
		{By: "anna", Action: "cancel", RunID: "flights-20260102T0300-0a1b2c3d"},
		{By: "ben", Action: "pause", Pipeline: "flights"},
		{By: "Anna", Action: "retry", RunID: "flights-daily-20260102T0300-0a1b2c3d"},
	} {
		if _, err := trail.Begin(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	known := runs{
		{ID: "s", Pipeline: "flights", RequestedAt: now, Trigger: run.Trigger{Kind: run.ByRequest, Sender: "AROAX:anna"}},
		{ID: "r", Pipeline: "other", RequestedAt: now, State: run.Rejected, Reason: "no user", Trigger: run.Trigger{Kind: run.ByRequest, Sender: "AIDAX"}},
		{ID: "m", Pipeline: "other", RequestedAt: now, Trigger: run.Trigger{Kind: run.ByManual}},
		{ID: "c", Pipeline: "flights", RequestedAt: now.Add(-time.Hour), Trigger: run.Trigger{Kind: "schedule"}, Publication: &run.Publication{State: run.Published, Table: "ephemr.t", Partition: "dt=1", At: now}},
		{ID: "old", Pipeline: "flights", RequestedAt: now.AddDate(0, 0, -9), Trigger: run.Trigger{Kind: run.ByRequest, Sender: "AIDAX"}},
	}
	for name, tt := range map[string]struct {
		q    audit.Query
		want string
	}{
		"all":        {audit.Query{}, "anna cancel, ben pause, Anna retry, run c publish, unknown (StartExecution) start, AIDAX start refused, AROAX:anna start"},
		"a pipeline": {audit.Query{Pipeline: "flights"}, "anna cancel, ben pause, run c publish, AROAX:anna start"},
		"a caller":   {audit.Query{By: "anna"}, "anna cancel, Anna retry, AROAX:anna start"},
		"both":       {audit.Query{Pipeline: "flights-daily", By: "anna"}, "Anna retry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.q.From, tt.q.Until = now.AddDate(0, 0, -7), now.Add(time.Minute)
			found, err := audit.Report(t.Context(), tt.q, trail, known)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range found {
				text := e.By + " " + e.Action
				if e.Outcome == audit.Refused {
					text += " refused"
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
