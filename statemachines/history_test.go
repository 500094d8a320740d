package statemachines_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/statemachines"
)

// An execution fails after this many events of its history, and cleans up nothing.
// Source: AWS Step Functions Developer Guide, "Service quotas".
const maxHistory = 25_000

// visit is the number of events of one visit to a state, with all its retries.
func visit(t *testing.T, name string) int {
	t.Helper()
	var definition struct {
		States map[string]struct {
			Type, Resource string
			Retry          []struct{ MaxAttempts int }
		}
	}
	if err := json.Unmarshal([]byte(statemachines.Run), &definition); err != nil {
		t.Fatal(err)
	}
	s, ok := definition.States[name]
	if !ok {
		t.Fatalf("there is no state %s", name)
	}
	const entered, exited = 1, 1
	if s.Type != "Task" {
		return entered + exited
	}
	try := 3 // TaskScheduled, TaskStarted, TaskSucceeded or TaskFailed
	if strings.HasSuffix(s.Resource, ".waitForTaskToken") {
		try++ // TaskSubmitted
	}
	if try > run.RetryEvents {
		t.Errorf("another try of %s has %d events, and run.RetryEvents is %d", name, try, run.RetryEvents)
	}
	tries := 1
	for _, r := range s.Retry {
		tries += r.MaxAttempts
	}
	return entered + tries*try + exited
}

// limitOf is the limit of a field of a pipeline.
func limitOf(t *testing.T, of any, field, key string) (n int) {
	t.Helper()
	f, _ := reflect.TypeOf(of).FieldByName(field)
	for _, part := range strings.Split(f.Tag.Get("jsonschema"), ",") {
		if value, ok := strings.CutPrefix(part, key+"="); ok && json.Unmarshal([]byte(value), &n) == nil {
			return n
		}
	}
	t.Fatalf("field %s has no %s", field, key)
	return 0
}

// The largest pipeline fits into the history of one execution, and one that would not, because its functions are
// throttled very often, ends while it still can.
func TestHistoryFits(t *testing.T) {
	t.Parallel()
	if once := 1 + 4 + 1 + visit(t, "JobsLeft"); once != run.RoundEvents {
		t.Errorf("a round has %d events, and run.RoundEvents is %d", once, run.RoundEvents)
	}
	if got := visit(t, "CreateCluster"); got > run.ClusterEvents {
		t.Errorf("an attempt to get a cluster has up to %d events, and run.ClusterEvents is %d", got, run.ClusterEvents)
	}
	rounds := limitOf(t, pipeline.Spec{}, "Jobs", "maxItems") * (1 + limitOf(t, pipeline.Job{}, "Retries", "maximum"))
	if rounds < 2000 {
		t.Fatalf("%d rounds: the limits of pipelines were not read correctly", rounds)
	}
	if got := rounds*run.RoundEvents + run.ClusterEvents; got > run.MaxEvents {
		t.Errorf("%d attempts, one after another, have %d events; MaxEvents is %d", rounds, got, run.MaxEvents)
	}
	if got := pipeline.MaxRounds*run.RoundEvents + run.ClusterEvents; got > run.MaxEvents {
		t.Errorf("%d attempts and delays have %d events; MaxEvents is %d", pipeline.MaxRounds, got, run.MaxEvents)
	}
	if got := visit(t, "ReleaseCluster") + visit(t, "AwaitApproval") + visit(t, "Decided"); got > run.HoldEvents {
		t.Errorf("a wait for a person has up to %d events, and run.HoldEvents is %d", got, run.HoldEvents)
	}
	if got := run.MaxClusters * run.ClusterEvents; got > run.MaxEvents {
		t.Errorf("%d attempts to get a cluster have up to %d events; MaxEvents is %d", run.MaxClusters, got, run.MaxEvents)
	}
	rest := 2 // of the execution itself
	for _, state := range []string{"PrepareRun", "AwaitAdmission", "PrepareRun", "Prepared", "AwaitObjects", "SubmitSteps", "JobsLeft", "CheckData", "Checked", "Publish", "StopSteps", "Stopped", "SubmitSteps", "StopSteps", "Stopped", "TerminateCluster", "FinishRun", "Outcome", "Failed"} {
		rest += visit(t, state)
	}
	if run.MaxEvents+rest > maxHistory {
		t.Errorf("an execution that has %d events may have %d more: over %d", run.MaxEvents, rest, maxHistory)
	}
}

// counted has each waiter for steps count from a high number of events on.
type counted struct {
	store.DB

	mu     *sync.Mutex
	from   string
	counts *[]string // that were written
}

func (c counted) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if n, ok := in.Item["events"].(*types.AttributeValueMemberN); ok && records.Text(in.Item[records.SortName]) == records.WaiterSort {
		c.mu.Lock()
		defer c.mu.Unlock()
		*c.counts = append(*c.counts, n.Value)
		if c.from != "" {
			in.Item["events"] = &types.AttributeValueMemberN{Value: c.from}
		}
	}
	return c.DB.PutItem(ctx, in, o...)
}

// Rounds are counted through the state machine's data, and the run ends in order before Step Functions ends it.
func TestHistoryEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from string
		want ended
	}{
		"few":  {"", ended{Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED", Clusters: 1}},
		"many": {"21900", ended{Path: path(begin, round, stopped, bad), State: run.Failed, Class: job.ClassQuota, Jobs: "a=SUCCEEDED b=SKIPPED", Clusters: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counts []string
			mu := &sync.Mutex{}
			c := simulation.Config{Table: func(db store.DB) store.DB { return counted{db, mu, tt.from, &counts} }}
			inWorld(t, c, func(t *testing.T, w *simulation.World) {
				got, id := uploaded(t, w, chain, nil)
				compare(t, w, id, tt.want, got)
				if reason := w.Record(id).Run.Reason; (tt.want.State == run.Failed) != strings.Contains(reason, "ephemr retry continues it") {
					t.Errorf("reason %q", reason)
				}
				if tt.from == "" && strings.Join(counts, " ") != "8 16" {
					t.Errorf("events before the rounds: %v", counts)
				}
				if n := w.Result(id).Events; n < 2*run.RoundEvents {
					t.Errorf("the execution has %d events", n)
				}
			})
		})
	}
}

// An execution that outlives every deadline times out, which sets off an alarm; sweep records it at once.
func TestExecutionTimesOut(t *testing.T) {
	t.Parallel()
	var definition struct{ TimeoutSeconds int }
	if err := json.Unmarshal([]byte(statemachines.Run), &definition); err != nil {
		t.Fatal(err)
	}
	const longestDeadline, rest = 7 * 24 * time.Hour, 2 * time.Hour // rest: to stop steps and to clean up
	if _, err := pipeline.Parse("x.yaml", []byte("pipeline: x\ncluster: {profile: small}\nlimits: {deadline: 169h}\njobs: [{name: a, type: bash, source: a}]")); err == nil {
		t.Errorf("a pipeline may have a longer deadline than %s", longestDeadline)
	}
	if got, want := time.Duration(definition.TimeoutSeconds)*time.Second, stateTimeout(t, "AwaitAdmission")+longestDeadline+rest; got != want {
		t.Errorf("the execution times out after %s, want %s", got, want)
	}
	c := simulation.Config{ExecutionTimeout: time.Hour, Steps: always(simulation.Step{Takes: 3 * time.Hour})}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		synctest.Wait()
		began := time.Now()
		id := w.RunIDs()[0]
		rec := w.Wait(id)
		if r := w.Result(id); r.Status != "TIMED_OUT" {
			t.Errorf("the execution is %s: %s", r.Status, r.Cause)
		}
		if rec.Run.State != run.Failed || rec.Run.Class != job.ClassTimeout || !strings.Contains(rec.Run.Reason, "the execution timed out") {
			t.Errorf("run is %s %s: %s", rec.Run.State, rec.Run.Class, rec.Run.Reason)
		}
		if took := time.Since(began); took > time.Hour+10*time.Second {
			t.Errorf("it took %s", took)
		}
		time.Sleep(10 * time.Minute)
		if left := w.Left(); len(left) > 0 {
			t.Errorf("left %q", left)
		}
	})
}
