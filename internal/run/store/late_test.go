package store_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
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

// A late announcement of an outcome must not suppress the next one after a retry.
func TestAnnouncedLate(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	over(t, s, run.Failed)
	ended := load(t, s).Run
	if got := untold(t, s); got != 1 {
		t.Errorf("%d unannounced outcomes, want 1", got)
	}
	if err := s.Cleared(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Requeue(t.Context(), "r", now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Announced(t.Context(), ended), s.Cleared(t.Context(), ended)); err != nil {
		t.Fatal(err)
	}
	if r := load(t, s).Run; r.Settled() || r.State != run.Queued || untold(t, s) != 0 {
		t.Errorf("run is %+v", r)
	}
}

// A run can be retried when its jobs and slots are settled, not before.
func TestRetryOfAnEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state run.State
		mark  func(context.Context, *store.Runs, run.Run) error
		want  fault.Name
	}{
		"failed, being cleared":    {run.Failed, nil, fault.Throttled},
		"cancelled, being cleared": {run.Cancelled, nil, fault.Throttled},
		"announced":                {run.Failed, func(ctx context.Context, s *store.Runs, r run.Run) error { return s.Announced(ctx, r) }, ""},
		"cleared, not announced":   {run.Failed, func(ctx context.Context, s *store.Runs, r run.Run) error { return s.Cleared(ctx, r) }, ""},
		"succeeded":                {run.Succeeded, nil, fault.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore()
			over(t, s, tt.state)
			if tt.mark != nil {
				if err := tt.mark(t.Context(), s, load(t, s).Run); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.Requeue(t.Context(), "r", now.Add(time.Minute))
			var got fault.Name
			if err != nil {
				got = fault.NameOf(err)
			}
			if got != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if r := load(t, s).Run; (r.State == run.Queued) != (err == nil) {
				t.Errorf("run is %+v after %v", r, err)
			}
		})
	}
}

// A job that ends after the run was read and before the job is reset must not stay
// as it is: it would not run again.
func TestRetryOfAJobThatEnds(t *testing.T) {
	t.Parallel()
	s, db := newStore()
	over(t, s, run.Failed)
	if err := s.Announced(t.Context(), load(t, s).Run); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	skip := func() {
		skipped := run.Job{Name: "a", Type: job.Bash, State: run.JobSkipped}
		if ok, err := s.ReplaceJob(t.Context(), "r", skipped, run.JobPending, 0); !ok || err != nil {
			t.Error(ok, err)
		}
	}
	db.Use(&awsfake.Hooks{After: func(op string) error {
		if op == "DynamoDB:Query" {
			once.Do(skip)
		}
		return nil
	}})
	if _, err := s.Requeue(t.Context(), "r", now); fault.NameOf(err) != fault.Throttled {
		t.Errorf("got %v, want ThrottledError", err)
	}
	if _, err := s.Requeue(t.Context(), "r", now); err != nil {
		t.Error(err)
	}
	for _, j := range load(t, s).Jobs {
		if j.State != run.JobPending {
			t.Errorf("job %s is %s", j.Name, j.State)
		}
	}
}

// over makes a run that has just ended.
func over(t *testing.T, s *store.Runs, state run.State) {
	t.Helper()
	at(t, s, run.Running)
	if ok, err := s.Finish(t.Context(), run.Run{ID: "r"}, run.Outcome{State: state, Class: "job", Reason: "x"}, now, run.Cost{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

func untold(t *testing.T, s *store.Runs) int {
	t.Helper()
	n := 0
	if err := s.Unannounced(t.Context(), func(run.Run) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// What an invocation writes that read the run before it was retried changes nothing
// of the retry.
func TestLateWritesAfterARetry(t *testing.T) {
	t.Parallel()
	s, db := newStore()
	over(t, s, run.Failed)
	if err := s.Announced(t.Context(), load(t, s).Run); err != nil {
		t.Fatal(err)
	}
	late := load(t, s)
	if _, err := s.Requeue(t.Context(), "r", now); err != nil {
		t.Fatal(err)
	}
	lost := run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "late"}
	for name, write := range map[string]func() (bool, error){
		"finish":           func() (bool, error) { return s.Finish(t.Context(), late.Run, lost, now, run.Cost{}) },
		"finish unstarted": func() (bool, error) { return s.FinishUnstarted(t.Context(), late.Run, lost, now) },
		"start":            func() (bool, error) { return s.Start(t.Context(), late.Run, "x", now, now) },
		"close a job": func() (bool, error) {
			j := late.Jobs[0]
			j.State = run.JobSkipped
			return s.ReplaceJob(t.Context(), "r", j, run.JobPending, 0)
		},
		"claim a job": func() (bool, error) {
			j := late.Jobs[0]
			j.Attempt++
			return s.ClaimJob(t.Context(), "r", j, "late", now)
		},
	} {
		before := itemsOf(db, "r")
		ok, err := write()
		if ok || err != nil || !reflect.DeepEqual(before, itemsOf(db, "r")) {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
	write, err := s.AdmitWrite(late.Run, now, now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: write}}})
	if load(t, s).Run.State != run.Queued {
		t.Errorf("a run that was read before its retry was admitted: %v", err)
	}
}

// Every write of a run's life succeeds when its answer is lost and the SDK repeats it.
func TestRepeatedWritesOfARun(t *testing.T) {
	t.Parallel()
	s, db := newStore()
	at(t, s, run.Admitted)
	db.RepeatNext("PutItem", 100)
	db.RepeatNext("UpdateItem", 100)
	db.RepeatNext("DeleteItem", 100)
	ctx := t.Context()
	must := func(what string, ok bool, err error) {
		t.Helper()
		if !ok || err != nil {
			t.Errorf("%s: %t, %v", what, ok, err)
		}
	}
	ok, err := s.Start(ctx, run.Run{ID: "r"}, "x", now, now)
	must("start", ok, err)
	c := run.Cluster{Attempt: 1, Name: "r.1", State: run.ClusterIntended, Intent: "me"}
	ok, err = s.CreateClusterAttempt(ctx, "r", c)
	must("create an attempt", ok, err)
	c.State = run.ClusterCreated
	ok, err = s.ReplaceCluster(ctx, "r", c, run.ClusterIntended, "me")
	must("replace an attempt", ok, err)
	must("resize", true, s.Resized(ctx, "r", 1, run.Resize{Kind: run.Task, More: 1}))
	if n := len(load(t, s).Clusters[0].Resizes); n != 1 {
		t.Errorf("%d resizes, want one", n)
	}
	w := run.Waiter{RunID: "r", Kind: run.ForSteps, Token: "t", Since: now, Deadline: now}
	must("wait", true, s.Wait(ctx, w))
	must("wake", true, s.Woken(ctx, w))
	j := run.Job{Name: "a", State: run.JobPending, Attempt: 1}
	ok, err = s.ClaimJob(ctx, "r", j, "me", now)
	must("claim a job", ok, err)
	ok, err = s.SubmittedJob(ctx, "r", j, "j-1", "s-1")
	must("submit a job", ok, err)
	j.State = run.JobFailed
	ok, err = s.ReplaceJob(ctx, "r", j, run.JobRunning, 1)
	must("end a job", ok, err)
	ok, err = s.RequestCancel(ctx, "r", "why", false)
	must("cancel", ok, err)
	ok, err = s.Finish(ctx, run.Run{ID: "r"}, run.Outcome{State: run.Failed, Class: job.ClassJob}, now, run.Cost{})
	must("finish", ok, err)
	must("announce", true, s.Announced(ctx, load(t, s).Run))
	_, err = s.Requeue(ctx, "r", now)
	must("retry", true, err)
	ok, err = s.FinishUnstarted(ctx, load(t, s).Run, run.Outcome{State: run.Cancelled}, now)
	must("finish a run that has not started", ok, err)
}
