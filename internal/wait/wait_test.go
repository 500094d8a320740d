package wait_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/events"
	"ephemr/internal/emr"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

var _ wait.TokenAPI = (*awsfake.StepFunctions)(nil)

// tokens notes what is answered, and answers with err.
type tokens struct {
	sent []string
	err  error
}

func (k *tokens) SendTaskSuccess(_ context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	k.sent = append(k.sent, *in.TaskToken+" "+*in.Output)
	return &sfn.SendTaskSuccessOutput{}, k.err
}

func (k *tokens) SendTaskFailure(_ context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	k.sent = append(k.sent, *in.TaskToken+" "+*in.Error)
	return &sfn.SendTaskFailureOutput{}, k.err
}

func newStore(t *testing.T) *store.Runs {
	t.Helper()
	s := &store.Runs{Table: "runs", DB: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})}
	if _, ok, err := s.Create(t.Context(), run.Run{ID: "r", Pipeline: "p", State: run.Running, Execution: "x"}, &pipeline.Spec{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	return s
}

func TestWake(t *testing.T) {
	t.Parallel()
	yes := &wait.Answer{Output: map[string]bool{"done": true}}
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name     string
		deadline time.Time
		answer   *wait.Answer
		lookErr  error
		sendErr  error
		only     []string
		sent     string // "" = nothing
		stays    bool   // the waiter is there afterwards
		fails    fault.Name
	}{
		{name: "something to say", deadline: future, answer: yes, sent: `t {"done":true}`},
		{name: "an error to say", deadline: future, answer: &wait.Answer{Err: fault.New(fault.Capacity, "full")}, sent: "t CapacityError"},
		{name: "nothing to say", deadline: future, stays: true},
		{name: "deadline passed", deadline: past, sent: "t TimeoutError"},
		{name: "deadline passed, something to say", deadline: past, answer: yes, sent: `t {"done":true}`},
		{name: "hint for another kind", deadline: future, answer: yes, only: []string{run.ForCluster}, stays: true},
		{name: "hint for this kind", deadline: future, answer: yes, only: []string{run.ForSteps}, sent: `t {"done":true}`},
		{name: "look fails", deadline: past, lookErr: awsfake.Throttled(), stays: true, fails: fault.Throttled},
		{name: "answered before", deadline: future, answer: yes, sendErr: &types.TaskTimedOut{}, sent: `t {"done":true}`},
		{name: "execution is over", deadline: future, answer: yes, sendErr: &types.TaskDoesNotExist{}, sent: `t {"done":true}`},
		{name: "token of another age", deadline: future, answer: yes, sendErr: &types.InvalidToken{}, sent: `t {"done":true}`},
		{name: "Step Functions fails", deadline: future, answer: yes, sendErr: errors.New("reset"), sent: `t {"done":true}`, stays: true, fails: fault.Internal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, api := newStore(t), &tokens{err: tt.sendErr}
			k := &wait.Waker{Runs: s, SFN: api, Looks: map[string]wait.Look{run.ForSteps: func(context.Context, *run.Record, engine.View) (*wait.Answer, error) {
				return tt.answer, tt.lookErr
			}}}
			if err := s.Wait(t.Context(), run.Waiter{RunID: "r", Kind: run.ForSteps, Token: "t", Deadline: tt.deadline}); err != nil {
				t.Fatal(err)
			}
			err := k.Hint(t.Context(), engine.Hint{RunID: "r", Kinds: tt.only})
			if (err != nil) != (tt.fails != "") || err != nil && fault.NameOf(err) != tt.fails {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
			var sent string
			if len(api.sent) > 0 {
				sent = api.sent[0]
			}
			if sent != tt.sent || len(api.sent) > 1 {
				t.Errorf("sent %q, want %q", api.sent, tt.sent)
			}
			rec, err := s.Load(t.Context(), "r")
			if err != nil || (rec.Waiter != nil) != tt.stays {
				t.Errorf("waiter %+v, %v; stays: %t", rec.Waiter, err, tt.stays)
			}
		})
	}
}

// What happens between registering and looking must not be missed: the token is
// written before anybody looks.
func TestRegisterFirst(t *testing.T) {
	t.Parallel()
	s, api := newStore(t), &tokens{}
	k := &wait.Waker{Runs: s, SFN: api, Looks: map[string]wait.Look{run.ForSteps: func(ctx context.Context, rec *run.Record, _ engine.View) (*wait.Answer, error) {
		if now, err := s.Load(ctx, "r"); err != nil || now.Waiter == nil || now.Waiter.Token != "t" {
			t.Errorf("looked before the token was there: %+v, %v", now, err)
		}
		return &wait.Answer{Output: rec.Waiter.Kind}, nil
	}}}
	if err := k.Register(t.Context(), run.Waiter{RunID: "r", Kind: run.ForSteps, Token: "t", Deadline: time.Now().Add(time.Hour)}, engine.View{}); err != nil || len(api.sent) != 1 {
		t.Errorf("%v, sent %q", err, api.sent)
	}
}

func newWatch(t *testing.T) *wait.Watch {
	t.Helper()
	s, db := newStore(t), awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"})
	return &wait.Watch{
		Waker: &wait.Waker{Runs: s, SFN: &tokens{}, Looks: map[string]wait.Look{}},
		Engines: engine.Set{Default: emr.New(emr.Deps{
			Settings: stage.Settings{RunsTable: "runs", ClustersTable: "clusters", Namespace: "ns"},
			EMR:      awsfake.NewEMR(awsfake.EMRConfig{}), DB: db, CloudMap: awsfake.NewServiceDiscovery(map[string]string{"ns": "n"}),
		})},
	}
}

// Events of clusters that are not ours, also of ones named like ours, are no error.
func TestForeignClusters(t *testing.T) {
	t.Parallel()
	w := newWatch(t)
	for _, name := range []string{"etl", "etl.2", "", ".1"} {
		for _, kind := range []string{events.TypeClusterState, events.TypeStepStatus} {
			detail, err := json.Marshal(events.ClusterState{ClusterID: "j-1", Name: name, State: "TERMINATED"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Handle(t.Context(), wait.Input{Envelope: events.Envelope{DetailType: kind, Detail: detail}}); err != nil {
				t.Errorf("%s of cluster %q: %v", kind, name, err)
			}
		}
	}
}

// An event may hold anything: watch neither panics nor asks EMR for nothing.
func FuzzEvent(f *testing.F) {
	f.Add(events.TypeClusterState, []byte(`{"clusterId":"j-1","name":"r.1","state":"WAITING","stateChangeReason":"{\"code\":\"\"}"}`))
	f.Add(events.TypeStepStatus, []byte(`{"clusterId":"j-1","stepId":"s-1","state":"COMPLETED"}`))
	f.Add("Scheduled Event", []byte(`{}`))
	f.Add("", []byte(`null`))
	f.Fuzz(func(t *testing.T, kind string, detail []byte) {
		w := newWatch(t)
		e := wait.Input{Envelope: events.Envelope{DetailType: kind, Detail: detail}}
		_, err := w.Handle(t.Context(), e)
		if err != nil && json.Valid(detail) && json.Unmarshal(detail, &events.ClusterState{}) == nil && json.Unmarshal(detail, &events.StepStatus{}) == nil {
			var d events.ClusterState
			_ = json.Unmarshal(detail, &d) // checked above
			if d.ClusterID != "" {
				t.Errorf("%s %s: %v", kind, detail, err)
			}
		}
	})
}

// An event that comes before its run waits is not lost: the next check asks for more
// than what events have recorded, once.
func TestEventBeforeTheWaiter(t *testing.T) {
	t.Parallel()
	gone := engine.Hint{RunID: "r"}
	for _, tt := range []struct {
		name  string
		hints []engine.Hint
		asks  bool
	}{
		{name: "none"},
		{name: "cluster is gone", hints: []engine.Hint{gone}, asks: true},
		{name: "twice", hints: []engine.Hint{gone, gone}, asks: true},
		{name: "cluster is ready", hints: []engine.Hint{{RunID: "r", Kinds: []string{run.ForCluster}}}, asks: true},
		{name: "a step, which is recorded", hints: []engine.Hint{{RunID: "r", Kinds: []string{run.ForSteps}, Noted: true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, views := newStore(t), []engine.View{}
			k := &wait.Waker{Runs: s, SFN: &tokens{}, Looks: map[string]wait.Look{run.ForSteps: func(_ context.Context, _ *run.Record, v engine.View) (*wait.Answer, error) {
				views = append(views, v)
				return nil, nil //nolint:nilnil // not yet
			}}}
			for _, h := range tt.hints {
				if err := k.Hint(t.Context(), h); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if err := k.Register(t.Context(), run.Waiter{RunID: "r", Kind: run.ForSteps, Token: "t", Since: time.Now(), Deadline: time.Now().Add(time.Hour)}, engine.View{Noted: true}); err != nil {
					t.Fatal(err)
				}
			}
			if want := []engine.View{{Noted: !tt.asks}, {Noted: true}}; !slices.Equal(views, want) {
				t.Errorf("looks %+v, want %+v", views, want)
			}
		})
	}
}

// One event that comes during a look is one more look, and so are many.
func TestEventsDuringALook(t *testing.T) {
	t.Parallel()
	s, looks := newStore(t), 0
	step := engine.Hint{RunID: "r", Kinds: []string{run.ForSteps}, Noted: true}
	var k *wait.Waker
	k = &wait.Waker{Runs: s, SFN: &tokens{}, Looks: map[string]wait.Look{run.ForSteps: func(ctx context.Context, _ *run.Record, _ engine.View) (*wait.Answer, error) {
		if looks++; looks == 1 {
			for range 5 {
				if err := k.Hint(ctx, step); err != nil || looks != 1 {
					t.Errorf("%d looks at a time, %v", looks, err)
				}
			}
		}
		return nil, nil //nolint:nilnil // not yet
	}}}
	if err := s.Wait(t.Context(), run.Waiter{RunID: "r", Kind: run.ForSteps, Token: "t", Deadline: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := k.Hint(t.Context(), step); err != nil || looks != 2 {
		t.Errorf("%d looks, %v; want one and one for all that came meanwhile", looks, err)
	}
	if err := k.Hint(t.Context(), step); err != nil || looks != 3 {
		t.Errorf("%d looks, %v; want another for the next event", looks, err)
	}
}
