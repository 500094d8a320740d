package admission_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/admission"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/stage"
)

func gate() (*admission.Gate, *awsfake.DynamoDB) {
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"})
	return &admission.Gate{DB: db, Table: "clusters"}, db
}

// TestGate goes through what requests, passes and lost invocations do to each other.
func TestGate(t *testing.T) {
	t.Parallel()
	g, _ := gate()
	now := time.Now()
	request := func(id string) func() (bool, []string, error) {
		return func() (bool, []string, error) {
			ok, err := g.Request(t.Context(), []string{id}, now)
			return ok, nil, err
		}
	}
	enter := func(by string) func() (bool, []string, error) {
		return func() (bool, []string, error) { return g.Enter(t.Context(), by, now) }
	}
	leave := func(by string, last bool) func() (bool, []string, error) {
		return func() (bool, []string, error) { return g.Leave(t.Context(), by, now, last) }
	}
	for _, step := range []struct {
		name  string
		after time.Duration
		do    func() (bool, []string, error)
		want  bool
		ids   []string
	}{
		{"the first request invokes", 0, request("a"), true, nil},
		{"the next do not", 0, request("b"), false, nil},
		{"the pass begins with both runs", 0, enter("1"), true, []string{"a", "b"}},
		{"a tick meanwhile is deferred", 0, enter("2"), false, nil},
		{"a request meanwhile does not invoke", 0, request("c"), false, nil},
		{"and is served by the same invocation", 0, leave("1", false), true, []string{"c"}},
		{"which ends when nothing is pending", 0, leave("1", false), false, nil},
		{"a request invokes again", 0, request("d"), true, nil},
		{"and again, when the invocation was lost", 11 * time.Second, request("e"), true, nil},
		{"the pass begins", 0, enter("3"), true, []string{"e"}},
		{"it dies, and another is deferred while its lease lasts", 19 * time.Second, enter("4"), false, nil},
		{"and begins afterwards", 2 * time.Second, enter("4"), true, nil},
		{"the dead one changes nothing", 0, leave("3", false), false, nil},
		{"a request while the time of the invocation is over", 0, request("f"), false, nil},
		{"is left", 0, leave("4", true), false, nil},
		{"to the next request, which invokes at once", time.Millisecond, request("g"), true, nil},
	} {
		now = now.Add(step.after)
		got, ids, err := step.do()
		if got != step.want || err != nil {
			t.Fatalf("%s: %v, error %v", step.name, got, err)
		}
		if diff := cmp.Diff(step.ids, ids); diff != "" {
			t.Errorf("%s: runs (-want +got)\n%s", step.name, diff)
		}
	}
}

// The gate stays small in a burst.
func TestGateIsBounded(t *testing.T) {
	t.Parallel()
	g, _ := gate()
	for i := range 300 {
		if _, err := g.Request(t.Context(), []string{fmt.Sprint(i)}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, ids, err := g.Enter(t.Context(), "1", time.Now()); len(ids) != 100 || err != nil {
		t.Errorf("%d runs, error %v; want the first 100", len(ids), err)
	}
}

// An answer that is lost and repeated by the SDK does not make the caller believe that
// another was faster.
func TestGateKnowsItsOwnWrites(t *testing.T) {
	t.Parallel()
	g, db := gate()
	db.RepeatNext("UpdateItem", 1)
	if invoke, err := g.Request(t.Context(), []string{"a"}, time.Now()); !invoke || err != nil {
		t.Errorf("request: %v, error %v", invoke, err)
	}
	db.RepeatNext("UpdateItem", 1)
	if enter, _, err := g.Enter(t.Context(), "1", time.Now()); !enter || err != nil {
		t.Errorf("enter: %v, error %v", enter, err)
	}
}

// Runs that arrive during a pass are admitted right after it, although the pass could
// not start another.
func TestPassesGoOnAfterAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(file("one"))
		denied := awsfake.Denied("states:StartExecution")
		w.SFN.Use(&awsfake.Hooks{Before: func(op string) (err error) {
			if op == "SFN:StartExecution" {
				time.Sleep(5 * time.Second)
				err, denied = denied, nil
			}
			return err
		}})
		w.Request(request("poisoned", "one", 0))
		time.Sleep(time.Second)
		w.Request(request("next", "one", 0))
		time.Sleep(30 * time.Second)
		if got := started(w); len(got) != 2 {
			t.Errorf("admitted %q, want both", got)
		}
	})
}

// However many batches of messages arrive during a pass, one invocation and one more
// pass follow; when the gate cannot be written, admission is invoked all the same.
func TestPassesCoalesce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 100, 100
		}})
		defer w.Close()
		w.Apply(file("one"))
		slow := &awsfake.Hooks{Before: func(op string) error {
			if op == "DynamoDB:GetItem" { // a pass begins with the slots of the stage
				time.Sleep(5 * time.Second)
			}
			return nil
		}}
		w.DB.Use(slow)
		for i := range 20 {
			w.Request(request(fmt.Sprint(i), "one", 0))
		}
		time.Sleep(time.Minute)
		if n := w.Lambda.Calls("Invoke"); n != 1 {
			t.Errorf("20 batches invoked admission %d times", n)
		}
		if n := len(started(w)); n != 20 {
			t.Errorf("%d runs began, want all", n)
		}
		w.DB.FailNext("UpdateItem", errors.New("reset"))
		w.Request(request("last", "one", 0))
		time.Sleep(time.Minute)
		if n := len(started(w)); n != 21 {
			t.Errorf("%d runs began after the gate could not be written, want 21", n)
		}
	})
}
