package run_test

import (
	"testing"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// A function that has timed out may still have a write on its way: it must not
// bury the token of the function that took over.
func TestLateRegistration(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at(t, s, run.Running)
	older := run.Waiter{RunID: "r", Kind: run.ForCluster, Token: "1", Since: now, Deadline: now}
	newer := older
	newer.Token, newer.Since = "2", now.Add(46*time.Second)
	if err := s.Wait(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context(), older); fault.NameOf(err) != fault.Throttled {
		t.Errorf("the older token was registered: %v", err)
	}
	if w := load(t, s).Waiter; w == nil || w.Token != "2" {
		t.Errorf("waiter is %+v, want the newer one", w)
	}
}

// Who tells an outcome late must not silence the one after a restart.
func TestToldLate(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at(t, s, run.Running)
	if ok, err := s.Finish(t.Context(), "r", run.Outcome{State: run.Failed, Class: "job", Reason: "x"}, now, 0); !ok || err != nil {
		t.Fatal(ok, err)
	}
	ended := load(t, s).Run
	if got := untold(t, s); got != 1 {
		t.Errorf("%d outcomes to tell, want 1", got)
	}
	if _, err := s.Requeue(t.Context(), "r", now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.Announced(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	if r := load(t, s).Run; r.Announced || r.State != run.Queued || untold(t, s) != 0 {
		t.Errorf("run is %+v", r)
	}
}

func untold(t *testing.T, s *run.Store) int {
	t.Helper()
	n := 0
	if err := s.Untold(t.Context(), func(run.Run) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}
