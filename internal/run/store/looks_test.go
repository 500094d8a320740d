package store_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// While one looks at a run because of events, another is pending at most; a look that
// does not end is taken over.
func TestLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStore()
		at(t, s, run.Running)
		for i, do := range []struct {
			what string
			by   string // whose look
			want bool   // it is to look
		}{
			{"begin", "a", false}, // the run does not wait
			{run.ForCluster, "", false},
			{"begin", "a", false}, // it waits for something else
			{run.ForSteps, "", false},
			{"begin", "a", true},
			{"begin", "b", false},
			{"begin", "c", false},
			{"end", "b", false},
			{"end", "a", true}, // once more, for b and c
			{"end", "a", false},
			{"begin", "d", true},
			{"expire", "", false},
			{"begin", "e", true},
			{"end", "d", false}, // d has taken too long
			{"begin", "f", false},
			{"end, last", "e", false},
			{"begin", "g", true},
			{run.ForSteps, "", false},
			{"begin", "h", true},
			{"end", "g", false}, // another waiter
			{"begin, any", "i", false},
			{"end", "h", true},
		} {
			got := false
			switch do.what {
			case "begin":
				got = begin(t, s, do.by, run.ForSteps, run.ForStop)
			case "begin, any":
				got = begin(t, s, do.by)
			case "end", "end, last":
				got = end(t, s, do.by, do.what != "end")
			case "expire":
				time.Sleep(21 * time.Second)
			default:
				wait(t, s, do.what, strconv.Itoa(i))
			}
			if got != do.want {
				t.Errorf("%d: %s %s: %t, want %t", i, do.what, do.by, got, do.want)
			}
		}
		if mine, err := s.BeginLook(t.Context(), "r", "i", nil); mine || err != nil || !end(t, s, "h", false) {
			t.Errorf("an event for any kind of waiter: %t, %v; want one more look of h", mine, err)
		}
	})
}

func wait(t *testing.T, s *store.Runs, kind, token string) {
	t.Helper()
	if err := s.Wait(t.Context(), run.Waiter{RunID: "r", Kind: kind, Token: token, Since: time.Now(), Deadline: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, s *store.Runs, by string, kinds ...string) bool {
	t.Helper()
	mine, err := s.BeginLook(t.Context(), "r", by, kinds)
	if err != nil {
		t.Fatal(err)
	}
	return mine
}

func end(t *testing.T, s *store.Runs, by string, last bool) bool {
	t.Helper()
	again, err := s.EndLook(t.Context(), "r", by, last)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// The end of a step is recorded for the attempt in flight that it carries, and for no
// other.
func TestStepEnded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		job     run.Job
		attempt int
		step    string
		ok      bool
		ended   string
	}{
		"in flight":                 {run.Job{State: run.JobRunning, Attempt: 2, StepID: "s-2", ClusterID: "j"}, 2, "s-2", true, "FAILED"},
		"id not recorded yet":       {run.Job{State: run.JobSubmitting, Attempt: 2}, 2, "s-2", true, ""},
		"earlier attempt":           {run.Job{State: run.JobRunning, Attempt: 2, StepID: "s-2", ClusterID: "j"}, 1, "s-1", false, ""},
		"another step of its name":  {run.Job{State: run.JobRunning, Attempt: 2, StepID: "s-2", ClusterID: "j"}, 2, "s-9", false, ""},
		"over":                      {run.Job{State: run.JobFailed, Attempt: 2, StepID: "s-2", ClusterID: "j"}, 2, "s-2", false, ""},
		"waits for another attempt": {run.Job{State: run.JobPending, Attempt: 2, StepID: "s-2", ClusterID: "j"}, 2, "s-2", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore()
			at(t, s, run.Running)
			tt.job.Name = "c"
			if err := s.PlanJobs(t.Context(), "r", []run.Job{tt.job}); err != nil {
				t.Fatal(err)
			}
			end := run.StepEnd{ClusterID: "j", StepID: tt.step, State: "FAILED"}
			if ok, err := s.StepEnded(t.Context(), "r", "c", tt.attempt, end); ok != tt.ok || err != nil {
				t.Errorf("recorded %t, %v; want %t", ok, err, tt.ok)
			}
			j := *load(t, s).Job("c")
			if j.Ended() != tt.ended || (j.StepEnd != nil) != tt.ok {
				t.Errorf("job says %+v, %q", j.StepEnd, j.Ended())
			}
			if tt.job.State != run.JobSubmitting {
				return
			}
			if ok, err := s.SubmittedJob(t.Context(), "r", j, "j", tt.step); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if j := load(t, s).Job("c"); j.Ended() != "FAILED" {
				t.Errorf("the step has its id, and its end is lost: %+v", j)
			}
		})
	}
}
