package statemachines_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/infra/config"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	emrstep "ephemr/internal/emr/step"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/runner"
	"ephemr/statemachines"
)

// docs/architecture.md lists the timing invariants that are tested here.

// waitingState is the state that waits with each kind of waiter.
var waitingState = map[string]string{
	run.ForAdmission: "AwaitAdmission", run.ForCluster: "CreateCluster", run.ForSteps: "SubmitSteps", run.ForStop: "StopSteps",
}

// stateTimeout is the TimeoutSeconds of a state.
func stateTimeout(t *testing.T, state string) time.Duration {
	t.Helper()
	var definition struct {
		States map[string]struct{ TimeoutSeconds int }
	}
	if err := json.Unmarshal([]byte(statemachines.Run), &definition); err != nil {
		t.Fatal(err)
	}
	s := definition.States[state].TimeoutSeconds
	if s == 0 {
		t.Fatalf("state %s has no timeout", state)
	}
	return time.Duration(s) * time.Second
}

// waits records how long the waiters of each kind were to wait.
type waits struct {
	store.DB

	mu   *sync.Mutex
	seen map[string]time.Duration
}

func (w waits) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if records.Text(in.Item[records.SortName]) == records.WaiterSort {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen[records.Text(in.Item["kind"])] = at(in.Item["deadline"]).Sub(at(in.Item["since"]))
	}
	return w.DB.PutItem(ctx, in, o...)
}

func at(v types.AttributeValue) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, records.Text(v))
	return t
}

// The deadline of a waiter comes before its state's timeout: then the run ends
// with a reason, and Step Functions does not end it without one.
func TestWaitersEndBeforeTheirStates(t *testing.T) {
	t.Parallel()
	seen := waits{mu: &sync.Mutex{}, seen: map[string]time.Duration{}}
	c := simulation.Config{
		Settings: narrow, Steps: always(simulation.Step{Takes: time.Hour}),
		Table: func(db store.DB) store.DB { return waits{db, seen.mu, seen.seen} },
	}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		first := w.Start("first", `{"pipeline": "one"}`)
		synctest.Wait()
		second := w.Start("second", `{"pipeline": "one"}`)
		cancelling(false)(w, by(t, w, first))
		w.Wait(by(t, w, first))
		w.Wait(by(t, w, second))
	})
	for kind, state := range waitingState {
		if limit := stateTimeout(t, state); seen.seen[kind] == 0 || seen.seen[kind] >= limit {
			t.Errorf("a waiter for %s waits for %s; %s times out after %s", kind, seen.seen[kind], state, limit)
		}
	}
	for _, name := range config.Stages() {
		c, err := config.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if limit := stateTimeout(t, "CreateCluster"); c.Limits.ClusterReady.Std() >= limit {
			t.Errorf("stage %s waits %s for a cluster; CreateCluster times out after %s", name, c.Limits.ClusterReady.Std(), limit)
		}
	}
}

// signals records when steps were cancelled, and how.
type signals struct {
	emrapi.API

	term, kill *time.Time
}

func (s signals) CancelSteps(ctx context.Context, in *emr.CancelStepsInput, o ...func(*emr.Options)) (*emr.CancelStepsOutput, error) {
	first := s.term
	if in.StepCancellationOption == emrtypes.StepCancellationOptionTerminateProcess {
		first = s.kill
	}
	if first.IsZero() {
		*first = time.Now()
	}
	return s.API.CancelSteps(ctx, in, o...)
}

// The runner kills its program before EMR kills the runner, which then has time
// to record the result; and EMR is asked to before the wait ends.
func TestGracePeriods(t *testing.T) {
	t.Parallel()
	const (
		record = 30 * time.Second // for the result and the last log lines
		limit  = 4 * time.Minute  // of the whole stop
	)
	var s signals
	s.term, s.kill = &time.Time{}, &time.Time{}
	c := simulation.Config{
		NoTicks: true, Steps: always(simulation.Step{Takes: time.Hour, Deaf: true}),
		EMR: func(_ string, api emrapi.API) emrapi.API { return signals{api, s.term, s.kill} },
	}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		uploaded(t, w, one, func(w *simulation.World, id string) {
			cancelling(false)(w, id)
			for range 60 { // ticks that are closer than a minute show when the grace period ends
				time.Sleep(5 * time.Second)
				if _, err := w.Invoke("watch", []byte(`{"detail-type": "Scheduled Event"}`)); err != nil {
					t.Errorf("watch: %v", err)
				}
			}
		})
	})
	if s.term.IsZero() || s.kill.IsZero() {
		t.Fatalf("SIGTERM at %s, SIGKILL at %s", s.term, s.kill)
	}
	if gap := s.kill.Sub(*s.term); gap < runner.DefaultGrace+record || gap >= limit {
		t.Errorf("SIGKILL came %s after SIGTERM, want %s to %s", gap, runner.DefaultGrace+record, limit)
	}
	if tick := time.Minute; emrstep.Leave < runner.DefaultGrace+record || emrstep.Leave+2*tick > limit {
		t.Errorf("a result is waited for until %s after the end of an interrupted step, want %s to %s", emrstep.Leave, runner.DefaultGrace+record, limit-2*tick)
	}
}

// policies records how long EMR lets the clusters of pools idle.
type policies struct {
	emrapi.API

	idle *time.Duration
}

func (p policies) RunJobFlow(ctx context.Context, in *emr.RunJobFlowInput, o ...func(*emr.Options)) (*emr.RunJobFlowOutput, error) {
	*p.idle = time.Duration(aws.ToInt64(in.AutoTerminationPolicy.IdleTimeout)) * time.Second
	return p.API.RunJobFlow(ctx, in, o...)
}

// EMR terminates an idle cluster of a pool later than sweep drains it, and not
// before the run that leased it last has submitted a step.
func TestPoolClusterOutlivesItsKeepAlive(t *testing.T) {
	t.Parallel()
	const keepAlive = 12 * time.Hour // longer than a profile's own idleTimeout
	var idle time.Duration
	c := simulation.Config{EMR: func(_ string, api emrapi.API) emrapi.API { return policies{api, &idle} }}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", fmt.Sprintf("pool: p, keepAlive: %dm", int(keepAlive.Minutes())), ""))
		succeeded(t, w, asks(t, w, "p")...)
		w.Terminate()
	})
	margin := idle - keepAlive
	if margin < 2*time.Minute { // a tick for the lost event of each of two states
		t.Errorf("EMR terminates %s after the keepAlive", margin)
	}
	for _, name := range config.Stages() {
		c, err := config.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if every := c.Sweep.Every.Std(); margin < every {
			t.Errorf("stage %s sweeps every %s; EMR terminates %s after the keepAlive", name, every, margin)
		}
	}
}

// A step can arrive on a cluster while its intent is respected, and as long after
// that as a call to EMR can be under way.
func TestInFlight(t *testing.T) {
	t.Parallel()
	const underWay = 30 * time.Second
	if cluster.InFlightFor < run.Lease+underWay {
		t.Errorf("InFlightFor is %s, the lease of an intent %s", cluster.InFlightFor, run.Lease)
	}
}
