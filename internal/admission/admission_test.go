package admission_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/events"
	"ephemr/internal/admission"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

var _ admission.SlotAPI = (*awsfake.DynamoDB)(nil)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func file(name string) string {
	return "pipeline: " + name + "\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]"
}

func inWorld(t *testing.T, most, ofPipeline int, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = most, ofPipeline
		}})
		defer w.Close()
		w.Apply(file("one"))
		w.Apply(file("two"))
		f(t, w)
	})
}

// started are the runs that have begun, in that order.
func started(w *simulation.World) []string {
	var all []run.Run
	for _, id := range w.RunIDs() {
		if r := w.Record(id).Run; !r.AdmittedAt.IsZero() {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b run.Run) int { return a.AdmittedAt.Compare(b.AdmittedAt) })
	var names []string
	for _, r := range all {
		names = append(names, r.Trigger.RequestID)
	}
	return names
}

func request(id, pipeline string, priority int) events.Request {
	return events.Request{RequestID: id, Pipeline: pipeline, Priority: &priority}
}

// One after the other: the highest priority first, then the oldest.
func TestOrder(t *testing.T) {
	t.Parallel()
	inWorld(t, 1, 1, func(t *testing.T, w *simulation.World) {
		for i, priority := range []int{0, 0, 9, 5, 9} {
			w.Request(request(fmt.Sprint(i), "one", priority))
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Hour)
		if got := strings.Join(started(w), " "); got != "0 2 4 3 1" {
			t.Errorf("started in the order %s", got)
		}
	})
}

// A pipeline at its limit, whatever its priority, does not block others.
func TestFullPipelineBlocksNoOther(t *testing.T) {
	t.Parallel()
	inWorld(t, 10, 1, func(t *testing.T, w *simulation.World) {
		for i := range 5 {
			w.Request(request(fmt.Sprint(i), "one", 9))
		}
		w.Request(request("other", "two", 0))
		synctest.Wait()
		if got := started(w); len(got) != 2 || !slices.Contains(got, "other") {
			t.Errorf("started %q", got)
		}
	})
}

// A transaction that conflicts with another is retried at once.
func TestTransactionConflict(t *testing.T) {
	t.Parallel()
	inWorld(t, 10, 10, func(t *testing.T, w *simulation.World) {
		conflict := &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("TransactionConflict")}}}
		w.DB.FailNext("TransactWriteItems", nil, conflict, conflict, conflict) // nil: intake's own
		w.Request(request("1", "one", 0))
		synctest.Wait()
		if got := started(w); len(got) != 1 || len(w.Errors()) > 0 {
			t.Errorf("started %q, errors %v", got, w.Errors())
		}
	})
}

// A run whose Admitter dies between the slots and the start is started later.
func TestForgottenRunsAreStarted(t *testing.T) {
	t.Parallel()
	inWorld(t, 10, 10, func(t *testing.T, w *simulation.World) {
		w.SFN.FailNext("StartExecution", errors.New("reset"))
		w.Request(request("1", "one", 0))
		synctest.Wait()
		id := w.RunIDs()[0]
		if s := w.Record(id).Run.State; s != run.Admitted {
			t.Fatalf("run is %s", s)
		}
		if rec := w.Wait(id); rec.Run.State != run.Succeeded {
			t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
	})
}

// An execution that is being started is not started again: the next tick does
// that, when the Admitter that was to start it can no longer be alive.
func TestFreshlyAdmittedRunsAreLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(file("one"))
		w.SFN.FailNext("StartExecution", errors.New("reset"))
		w.Request(request("1", "one", 0))
		synctest.Wait()
		for _, step := range []struct {
			after time.Duration
			calls int
		}{{0, 1}, {29 * time.Second, 1}, {time.Second, 2}} {
			time.Sleep(step.after)
			if _, err := w.Invoke("admit", []byte("{}")); err != nil {
				t.Fatal(err)
			}
			if got := w.SFN.Calls("StartExecution"); got != step.calls {
				t.Errorf("%s later: %d calls of StartExecution, want %d", step.after, got, step.calls)
			}
		}
	})
}

// Ten concurrent admitters admit as many runs as the limit allows.
func TestConcurrentAdmitters(t *testing.T) {
	t.Parallel()
	inWorld(t, 3, 3, func(t *testing.T, w *simulation.World) {
		for i := range 20 {
			w.Request(request(fmt.Sprint(i), "one", 0))
		}
		for range 10 {
			go func() { _, _ = w.Invoke("admit", []byte("{}")) }() // conflicts are the next tick's
		}
		synctest.Wait()
		if got := started(w); len(got) != 3 {
			t.Errorf("started %q with room for 3", got)
		}
	})
}
