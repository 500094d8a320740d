package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

var _ store.DB = (*awsfake.DynamoDB)(nil)

func newStore() (*store.Runs, *awsfake.DynamoDB) {
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})
	return &store.Runs{DB: db, Table: "runs"}, db
}

var (
	now  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	spec = &pipeline.Spec{Name: "p", Jobs: []pipeline.Job{{Name: "b", Type: job.Bash}, {Name: "a", Type: job.Bash, Needs: []string{"b"}}}}
)

func queued(id string) run.Run {
	return run.Run{ID: id, Pipeline: "p", State: run.Queued, LogicalTime: now, RequestedAt: now}
}

// at makes a run in a state, tied to execution x once it is RUNNING.
func at(t *testing.T, s *store.Runs, state run.State) {
	t.Helper()
	r := queued("r")
	r.State = state
	if state == run.Running {
		r.Execution = "x"
	}
	if _, ok, err := s.Create(t.Context(), r, spec); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.PlanJobs(t.Context(), "r", []run.Job{{Name: "a", Type: job.Bash, State: run.JobPending}, {Name: "b", Type: job.Bash, State: run.JobPending}}); err != nil {
		t.Fatal(err)
	}
}

// The newest runs of a state are listed first, whatever their pipelines are called.
func TestNewestOfEachState(t *testing.T) {
	t.Parallel()
	for _, state := range []run.State{run.Rejected, run.Queued, run.Admitted, run.Running, run.Failed} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			s, db := newStore()
			for i, name := range []string{"z", "m", "z", "a"} {
				at := now.Add(time.Duration(i) * time.Minute)
				r := run.Run{ID: fmt.Sprint(i), Pipeline: name, State: run.Queued, LogicalTime: now, RequestedAt: at}
				if state == run.Rejected {
					r.State = state
				}
				if _, _, err := s.Create(t.Context(), r, spec); err != nil {
					t.Fatal(err)
				}
				become(t, s, db, r, state, at)
			}
			all, err := s.List(t.Context(), run.Query{State: state, Limit: 2})
			if err != nil || len(all) != 2 || all[0].ID != "3" || all[1].ID != "2" {
				t.Errorf("listed %v, error %v; want the newest two", all, err)
			}
		})
	}
}

// become brings a queued run into a state.
func become(t *testing.T, s *store.Runs, db *awsfake.DynamoDB, r run.Run, state run.State, at time.Time) {
	t.Helper()
	if state == run.Queued || state == run.Rejected {
		return
	}
	write, err := s.AdmitWrite(r, at, at)
	if err == nil {
		_, err = db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: write}}})
	}
	if err == nil && state != run.Admitted {
		_, err = s.Start(t.Context(), r, "x", at, at)
	}
	if err == nil && state == run.Failed {
		if _, err = s.Finish(t.Context(), r, run.Outcome{State: run.Failed, Class: job.ClassJob}, at, run.Cost{}); err == nil {
			r.State, r.EndedAt = run.Failed, at
			err = s.Announced(t.Context(), r)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Every transition of a run, from every state: it happens from the ones it is
// meant for, and otherwise changes nothing at all.
func TestRunTransitions(t *testing.T) {
	t.Parallel()
	all := []run.State{run.Queued, run.Admitted, run.Running, run.Succeeded, run.Failed, run.Cancelled, run.Rejected}
	active := []run.State{run.Queued, run.Admitted, run.Running}
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context, s *store.Runs) (bool, error)
		from []run.State
	}{
		{"create again", func(ctx context.Context, s *store.Runs) (bool, error) {
			_, ok, err := s.Create(ctx, queued("r"), spec)
			return ok, err
		}, nil},
		{"start", func(ctx context.Context, s *store.Runs) (bool, error) {
			return s.Start(ctx, run.Run{ID: "r"}, "x", now, now)
		}, []run.State{run.Admitted, run.Running}},
		{"start by another execution", func(ctx context.Context, s *store.Runs) (bool, error) {
			return s.Start(ctx, run.Run{ID: "r"}, "y", now, now)
		}, []run.State{run.Admitted}},
		{"finish", func(ctx context.Context, s *store.Runs) (bool, error) {
			return s.Finish(ctx, run.Run{ID: "r"}, run.Outcome{State: run.Failed, Class: job.ClassJob, Reason: "why"}, now, run.Cost{EC2: 1})
		}, active},
		{"cancel", func(ctx context.Context, s *store.Runs) (bool, error) {
			return s.RequestCancel(ctx, "r", "enough", false)
		}, active},
	} {
		for _, state := range all {
			t.Run(fmt.Sprintf("%s from %s", tt.name, state), func(t *testing.T) {
				t.Parallel()
				s, db := newStore()
				at(t, s, state)
				before := itemsOf(db, "r")
				want := slices.Contains(tt.from, state)
				for range 2 {
					ok, err := tt.do(t.Context(), s)
					if err != nil {
						t.Fatal(err)
					}
					if ok != want {
						t.Fatalf("happened: %t, want %t", ok, want)
					}
					if tt.name == "finish" {
						want = false // only once
					}
				}
				if same := reflect.DeepEqual(before, itemsOf(db, "r")); same == slices.Contains(tt.from, state) {
					t.Errorf("records are the same: %t", same)
				}
			})
		}
	}
}

func itemsOf(db *awsfake.DynamoDB, id string) []awsfake.Item {
	return slices.DeleteFunc(db.Items("runs"), func(it awsfake.Item) bool {
		pk, ok := it["pk"].(*types.AttributeValueMemberS)
		return !ok || pk.Value != id
	})
}

// The attempts of a job go up one by one, each claimed by one invocation.
func TestJobTransitions(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at(t, s, run.Running)
	ctx := t.Context()
	step := func(name string, want bool, do func() (bool, error)) {
		t.Helper()
		if got, err := do(); got != want || err != nil {
			t.Errorf("%s: %t, %v; want %t", name, got, err, want)
		}
	}
	job1 := func() run.Job { return *load(t, s).Job("a") }
	first := job1()
	first.Attempt, first.Nonce = 1, "one"
	step("skip an attempt", false, func() (bool, error) {
		return s.ClaimJob(ctx, "r", run.Job{Name: "a", State: run.JobPending, Attempt: 2}, "me", now)
	})
	step("claim", true, func() (bool, error) { return s.ClaimJob(ctx, "r", first, "me", now) })
	step("claim what is claimed", false, func() (bool, error) { return s.ClaimJob(ctx, "r", first, "you", now) })
	claimed := job1()
	if claimed.Nonce != "one" {
		t.Errorf("the intent has the nonce %q", claimed.Nonce)
	}
	step("take over", true, func() (bool, error) { return s.ClaimJob(ctx, "r", claimed, "you", now) })
	step("take over from who has lost it", false, func() (bool, error) { return s.ClaimJob(ctx, "r", claimed, "them", now) })
	if err := s.ReleaseJob(ctx, "r", "a", "me"); err != nil || job1().Intent != "you" {
		t.Errorf("released another invocation's intent: %+v, %v", job1(), err)
	}
	step("submitted", true, func() (bool, error) { return s.SubmittedJob(ctx, "r", claimed, "j-1", "s-1") })
	step("submitted twice", false, func() (bool, error) { return s.SubmittedJob(ctx, "r", claimed, "j-1", "s-2") })
	running := job1()
	if running.Nonce != "one" {
		t.Errorf("who took over gave the attempt the nonce %q", running.Nonce)
	}
	if running.StepID != "s-1" || running.State != run.JobRunning {
		t.Errorf("job is %+v", running)
	}
	again := running
	again.State, again.Class = run.JobPending, job.ClassJob
	step("try again", true, func() (bool, error) { return s.ReplaceJob(ctx, "r", again, run.JobRunning, 1) })
	step("late news of the attempt", false, func() (bool, error) { return s.ReplaceJob(ctx, "r", running, run.JobRunning, 1) })
	second := job1()
	step("the same attempt once more", false, func() (bool, error) { return s.ClaimJob(ctx, "r", second, "me", now) })
	second.Attempt = 2
	step("claim the second", true, func() (bool, error) { return s.ClaimJob(ctx, "r", second, "me", now) })
	if err := s.PlanJobs(ctx, "r", []run.Job{{Name: "a", State: run.JobPending}}); err != nil || job1().Attempt != 2 {
		t.Errorf("planning again made the job %+v, %v", job1(), err)
	}
}

func load(t *testing.T, s *store.Runs) *run.Record {
	t.Helper()
	rec, err := s.Load(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// Of two who want to create a cluster's attempt one may, and who lost the intent
// cannot write over it.
func TestClusterTransitions(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at(t, s, run.Running)
	ctx := t.Context()
	c := run.Cluster{Attempt: 1, Name: "r.1", State: run.ClusterIntended, Intent: "me", IntentAt: now}
	if ok, err := s.CreateClusterAttempt(ctx, "r", c); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := s.CreateClusterAttempt(ctx, "r", c); ok || err != nil {
		t.Errorf("intended twice: %v", err)
	}
	mine, yours := c, c
	yours.Intent = "you"
	if ok, err := s.ReplaceCluster(ctx, "r", yours, run.ClusterIntended, "me"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	mine.State, mine.ID = run.ClusterCreated, "j-1"
	if ok, err := s.ReplaceCluster(ctx, "r", mine, run.ClusterIntended, "me"); ok || err != nil {
		t.Errorf("wrote over an intent that was taken over: %v", err)
	}
	if ok, err := s.ReplaceCluster(ctx, "r", yours, run.ClusterCreated, "you"); ok || err != nil {
		t.Errorf("replaced from a state that it is not in: %v", err)
	}
}

// A newer token is not removed with an older one.
func TestWaiter(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at(t, s, run.Running)
	older := run.Waiter{RunID: "r", Kind: run.ForCluster, Token: "1", Since: now, Deadline: now}
	newer := older
	newer.Token = "2"
	for _, w := range []run.Waiter{older, newer} {
		if err := s.Wait(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Woken(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	if w := load(t, s).Waiter; w == nil || w.Token != "2" {
		t.Fatalf("waiter is %+v", w)
	}
	for range 2 {
		if err := s.Woken(t.Context(), newer); err != nil || load(t, s).Waiter != nil {
			t.Errorf("waiter is %+v, %v", load(t, s).Waiter, err)
		}
	}
}

// Jobs come in the file's order, whatever the table's is.
func TestLoad(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	at(t, s, run.Running)
	rec := load(t, s)
	if rec.Jobs[0].Name != "b" || rec.Jobs[1].Name != "a" || rec.Spec.Name != "p" {
		t.Errorf("record %+v", rec)
	}
	_, err := s.Load(t.Context(), "q")
	if !run.IsUnknown(err) || run.IsUnknown(errors.New("other")) || run.IsUnknown(nil) {
		t.Errorf("got %v", err)
	}
}

// The queue: high priority first, then the oldest.
// TestHistoryIsKept holds how long items live: longer than the 90 days in which
// Step Functions refuses the name of an execution, and than any message in a
// queue, so that a late duplicate finds its run.
func TestHistoryIsKept(t *testing.T) {
	t.Parallel()
	s, db := newStore()
	at(t, s, run.Queued)
	if _, err := s.CreateClusterAttempt(t.Context(), "r", run.Cluster{Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context(), run.Waiter{RunID: "r", Kind: run.ForCluster, Since: now}); err != nil {
		t.Fatal(err)
	}
	items := db.Items("runs")
	if len(items) != 7 { // team, run, pipeline, two jobs, attempt, waiter
		t.Fatalf("%d items", len(items))
	}
	for _, it := range items {
		n, ok := it["ttl"].(*types.AttributeValueMemberN)
		if !ok {
			t.Fatalf("item %v has no ttl", it)
		}
		ttl, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(time.Unix(ttl, 0)); left < 366*24*time.Hour {
			t.Errorf("%v expires in %s", it["sk"], left)
		}
	}
}

func TestQueueOrder(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	for i, r := range []struct{ priority, age int }{{0, 1}, {9, 2}, {5, 1}, {5, 3}, {0, 4}} {
		q := queued(fmt.Sprintf("r%d", i))
		q.Priority, q.RequestedAt = r.priority, now.Add(-time.Duration(r.age)*time.Hour)
		if _, ok, err := s.Create(t.Context(), q, spec); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	var got []string
	if err := s.InState(t.Context(), run.Queued, func(r run.Run) error { got = append(got, r.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"r1", "r3", "r2", "r4", "r0"}, got); diff != "" {
		t.Error(diff)
	}
}

// Ids are short; runs that would share one must not be taken for the same.
func TestCreateTellsRunsWithTheSameIDApart(t *testing.T) {
	t.Parallel()
	s, db := newStore()
	a, b := queued("p-20260102T0300-aaaaaaaaaaaaaaaaaaaa"), queued("p-20260102T0300-aaaaaaaaaaaaaaaaaaaa")
	a.Identity, b.Identity = strings.Repeat("a", 64), strings.Repeat("a", 20)+strings.Repeat("b", 44)
	for i, tt := range []struct {
		r       run.Run
		created bool
		taken   bool
	}{{a, true, false}, {b, false, true}, {a, false, false}, {b, false, true}} {
		id, created, err := s.Create(t.Context(), tt.r, spec)
		if _, taken := errors.AsType[*run.TakenError](err); id != a.ID || created != tt.created || taken != tt.taken || err != nil && !taken {
			t.Errorf("%d: Create(%.24s…) = %s, %v, %v", i, tt.r.Identity, id, created, err)
		}
	}
	if n := len(itemsOf(db, a.ID)); n == 0 {
		t.Error("the first run is gone")
	}
}
