package emrapi_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func table() *awsfake.DynamoDB {
	return awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"})
}

func budget(db emrapi.TableAPI, limits stage.Buckets) *emrapi.Budget {
	return &emrapi.Budget{DB: db, Table: "clusters", Limits: limits}
}

// wide is an account that never runs out.
var wide = stage.Buckets{stage.AccountBucket: {Burst: 1000, PerSecond: 1000}}

// takes counts how many calls in a row the budget allows.
func takes(ctx context.Context, b *emrapi.Budget, api string) (n int, last error) {
	for last = b.Take(ctx, api); last == nil; last = b.Take(ctx, api) {
		n++
	}
	return n, last
}

func TestBurstAndRate(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]struct{ burst, perMinute int }{
		"RunJobFlow":        {10, 30},
		"AddJobFlowSteps":   {10, 30},
		"TerminateJobFlows": {10, 30},
		"CancelSteps":       {10, 30},
		"DescribeStep":      {10, 30},
		"ListSteps":         {10, 30},
		"DescribeCluster":   {10, 60},
		"ListClusters":      {20, 30},
	} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := budget(table(), wide)
				if n, _ := takes(t.Context(), b, api); n != want.burst {
					t.Errorf("%d calls at once, want %d", n, want.burst)
				}
				n := 0
				for range 600 {
					time.Sleep(100 * time.Millisecond)
					if b.Take(t.Context(), api) == nil {
						n++
					}
				}
				if n != want.perMinute {
					t.Errorf("%d calls in a minute, want %d", n, want.perMinute)
				}
				time.Sleep(time.Hour)
				if n, _ := takes(t.Context(), b, api); n != want.burst {
					t.Errorf("%d calls at once after an hour, want %d", n, want.burst)
				}
			})
		})
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := budget(table(), stage.Buckets{stage.AccountBucket: {Burst: 12, PerSecond: 0.1}})
		refused := func(api, want string) {
			t.Helper()
			err := b.Take(t.Context(), api)
			if fault.NameOf(err) != fault.Throttled || err.Error() != want {
				t.Errorf("%s: %v, want %s", api, err, want)
			}
		}
		if n, err := takes(t.Context(), b, "ListSteps"); n != 10 {
			t.Errorf("%d calls, then %v", n, err)
		}
		refused("ListSteps", "the EMR call budget for ListSteps is used up; next token in 2s")
		time.Sleep(601 * time.Millisecond)
		refused("ListSteps", "the EMR call budget for ListSteps is used up; next token in 1.4s")
		refused("DescribeCluster", "the account's EMR call budget is used up for DescribeCluster; next token in 9.4s")
		time.Sleep(9399 * time.Millisecond)
		if err := b.Take(t.Context(), "DescribeCluster"); err != nil {
			t.Errorf("when the token should be there: %v", err)
		}
		if err := b.Take(t.Context(), "DescribeClusters"); fault.NameOf(err) != fault.Internal {
			t.Errorf("an API without a budget: %v", err)
		}
	})
}

// A refusal of either bucket costs no token of the other.
func TestOrderOfTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := budget(table(), stage.Buckets{
			stage.AccountBucket: {Burst: 4, PerSecond: 1}, "ListSteps": {Burst: 3, PerSecond: 0.001}, "DescribeCluster": {Burst: 9, PerSecond: 0.001},
		})
		try := func(api string, times int, pause time.Duration) (passed int) {
			for range times {
				if b.Take(t.Context(), api) == nil {
					passed++
				}
				time.Sleep(pause)
			}
			return passed
		}
		if n := try("ListSteps", 20, 0); n != 3 {
			t.Errorf("%d calls, want the 3 of the API", n)
		}
		if n := try("DescribeCluster", 20, 0); n != 1 {
			t.Errorf("%d calls, want 1: the API's refusals have cost tokens of the account", n)
		}
		if n := try("DescribeCluster", 20, 2*time.Second); n != 8 {
			t.Errorf("%d calls, want 8: the account's refusals have cost tokens of the API", n)
		}
	})
}

// What it costs in writes: two for a call after a pause, one for a refusal.
func TestWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := table()
		b := budget(db, stage.Buckets{stage.AccountBucket: {Burst: 13, PerSecond: 0.001}})
		cost := func(what, api string, want int) {
			t.Helper()
			before := db.Calls("UpdateItem")
			err := b.Take(t.Context(), api)
			if got := db.Calls("UpdateItem") - before; got != want {
				t.Errorf("%s (%v): %d writes, want %d", what, err, got, want)
			}
		}
		cost("first", "ListSteps", 2)
		cost("second", "ListSteps", 4)
		cost("of another API", "RunJobFlow", 3)
		for range 8 {
			cost("and on", "ListSteps", 4)
		}
		cost("no token of the API", "ListSteps", 1)
		cost("no token of the account for a look", "DescribeCluster", 3) // taken, refused, given back
	})
}

// What acts may take the tokens that looks must leave.
func TestReserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := budget(table(), stage.Buckets{
			stage.AccountBucket: {Burst: 25, PerSecond: 0.01}, "ListClusters": {Burst: 100, PerSecond: 1}, "DescribeCluster": {Burst: 100, PerSecond: 1},
		})
		looks, _ := takes(t.Context(), b, "ListClusters")
		more, _ := takes(t.Context(), b, "DescribeCluster")
		acts := 0
		for _, api := range []string{"TerminateJobFlows", "CancelSteps", "RunJobFlow", "AddJobFlowSteps", "TerminateJobFlows", "TerminateJobFlows"} {
			if b.Take(t.Context(), api) == nil {
				acts++
			}
		}
		if looks != 20 || more != 0 || acts != 5 {
			t.Errorf("looks got %d + %d of 25 tokens, acts %d; want 20 + 0, and 5", looks, more, acts)
		}
	})
}

// Many Lambdas at once: however they meet, the calls that pass would pass a
// token bucket of the same size, and none of its tokens is left lying.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const burst, perSecond, seconds = 10, 0.5, 120
		db := table()
		var mu sync.Mutex
		var passed []time.Time
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				b := budget(db, wide)
				for end := time.Now().Add(seconds * time.Second); time.Now().Before(end); time.Sleep(time.Duration(97+i) * time.Millisecond) {
					err := b.Take(t.Context(), "ListSteps")
					if err != nil && fault.NameOf(err) != fault.Throttled {
						t.Error(err)
					}
					if err == nil {
						mu.Lock()
						passed = append(passed, time.Now())
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		slices.SortFunc(passed, time.Time.Compare)
		tokens, at := float64(burst), passed[0]
		for _, p := range passed {
			tokens = min(burst, tokens+perSecond*p.Sub(at).Seconds()) - 1
			at = p
			if tokens < -1e-6 {
				t.Fatalf("a bucket would have refused the call at %s", p)
			}
		}
		if want := burst + int(perSecond*seconds) - 2; len(passed) < want {
			t.Errorf("%d calls passed, want at least %d", len(passed), want)
		}
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := budget(table(), wide)
		b.Drain(t.Context(), "ListSteps")
		if err := b.Take(t.Context(), "ListSteps"); fault.NameOf(err) != fault.Throttled {
			t.Errorf("after AWS refused: %v", err)
		}
		if err := b.Take(t.Context(), "RunJobFlow"); err != nil {
			t.Errorf("another API: %v", err)
		}
		time.Sleep(2 * time.Second)
		if n, err := takes(t.Context(), b, "ListSteps"); n != 1 {
			t.Errorf("%d calls after one interval, want 1: %v", n, err)
		}
	})
}

// Without the table nobody knows what is left, so no call is made.
func TestTableFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want fault.Name
	}{
		"down":      {errors.New("connection refused"), fault.Internal},
		"throttled": {awsfake.Throttled(), fault.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := table()
				db.FailNext("UpdateItem", tt.err)
				b := budget(db, nil)
				if err := b.Take(t.Context(), "ListSteps"); fault.NameOf(err) != tt.want {
					t.Errorf("API's: %v, want %s", err, tt.want)
				}
				db.FailNext("UpdateItem", nil, tt.err)
				if err := b.Take(t.Context(), "ListSteps"); fault.NameOf(err) != tt.want {
					t.Errorf("account's: %v, want %s", err, tt.want)
				}
				if n, _ := takes(t.Context(), b, "ListSteps"); n != 10 {
					t.Errorf("%d tokens left, want all 10", n)
				}
				db.FailNext("UpdateItem", tt.err)
				b.Drain(t.Context(), "ListSteps") // best effort
			})
		})
	}
}
