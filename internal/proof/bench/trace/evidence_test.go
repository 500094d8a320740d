package trace_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/bench/trace"
	"ephemr/internal/run"
)

// recorded is the evidence of one real run on the emulator.
type recorded struct {
	Sent    time.Time
	Record  *run.Record
	History []types.HistoryEvent
	Cluster emrtypes.ClusterTimeline
	Step    emrtypes.StepTimeline
	Logs    map[string][]logtypes.FilteredLogEvent
}

func evidence(t *testing.T) (trace.Evidence, recorded) {
	t.Helper()
	data, err := os.ReadFile("testdata/run.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	e := trace.Evidence{
		Sent: r.Sent, Record: r.Record, Path: trace.ReadHistory(r.History),
		Cluster: r.Cluster, Step: r.Step, Logs: map[string][]trace.Invocation{},
	}
	for name, events := range r.Logs {
		e.Logs[name] = trace.ReadLog(name, events)
	}
	return e, r
}

func TestMarksOfARecordedRun(t *testing.T) {
	t.Parallel()
	e, _ := evidence(t)
	m := e.Marks()
	got := map[string]string{}
	for _, h := range trace.Hops {
		if d, ok := m.Between(h.From, h.To); ok {
			got[h.Name] = d.Round(time.Millisecond).String()
		}
	}
	want := map[string]string{
		"object put, event in the queue":          "4ms",
		"queue polled, intake invoked":            "1ms",
		"run written, admit invoked":              "52ms",
		"slots taken, execution started":          "45ms",
		"first state entered":                     "151ms",
		"run bound to execution, jobs planned":    "55ms",
		"profile read, RunJobFlow accepted":       "52ms",
		"cluster ready, watch invoked":            "6ms",
		"checked, token answered, state entered":  "4ms",
		"job claimed, AddJobFlowSteps accepted":   "47ms",
		"step added, started":                     "1ms",
		"step ended, watch invoked":               "4ms",
		"checked, token answered, states entered": "53ms",
		"TerminateJobFlows answered":              "46ms",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hops (-want +got):\n%s", diff)
	}
	overhead, ok := m.Overhead()
	if !ok || overhead.Round(time.Millisecond) != 521*time.Millisecond || m.Unexplained() != 0 {
		t.Errorf("overhead %s (%t), unexplained %s", overhead, ok, m.Unexplained())
	}
}

func TestTransitionsOfARecordedRun(t *testing.T) {
	t.Parallel()
	_, r := evidence(t)
	if p := trace.ReadHistory(r.History); p.Transitions() != 8 || p.Retries != 0 {
		t.Errorf("%d transitions, %d of them retries; want 8 and 0", p.Transitions(), p.Retries)
	}
	// A retry schedules the task of a state once more.
	var again []types.HistoryEvent
	for _, e := range r.History {
		again = append(again, e)
		if e.Type == types.HistoryEventTypeTaskScheduled {
			again = append(again, e)
		}
	}
	if p := trace.ReadHistory(again); p.Transitions() != 13 || p.Retries != 5 {
		t.Errorf("%d transitions, %d of them retries; want 13 and 5", p.Transitions(), p.Retries)
	}
}

func TestReadLog(t *testing.T) {
	t.Parallel()
	at := func(message string) logtypes.FilteredLogEvent {
		return logtypes.FilteredLogEvent{Timestamp: new(noon.UnixMilli()), Message: &message}
	}
	got := trace.ReadLog("watch", []logtypes.FilteredLogEvent{
		at("START RequestId: a Version: $LATEST"),
		at(`timestamp=2026-11-21T11:59:59.990Z level=INFO message="answer waiter" runId=r1 output="{\"jobsLeft\":false}" requestId=a`),
		at("panic: without a request id"),
		at("REPORT RequestId: a\tDuration: 70.5 ms\tBilled Duration: 71 ms"),
		at(`timestamp=2026-11-21T11:59:59.990Z message="answer waiter" runId=r2 requestId=b`), // it has not ended
	})
	if len(got) != 1 || got[0].Took != 70500*time.Microsecond || !got[0].Began.Equal(noon.Add(-got[0].Took)) {
		t.Fatalf("got %+v, want the one that has ended", got)
	}
	if said, ok := got[0].Said("answer waiter", "r1"); !ok || !said.Equal(noon.Add(-10*time.Millisecond)) {
		t.Errorf("it said so at %s (%t)", said, ok)
	}
	if _, ok := got[0].Said("answer waiter", "r2"); ok {
		t.Error("it has said nothing about r2")
	}
	if out := got[0].Lines[0]["output"]; out != `{"jobsLeft":false}` {
		t.Errorf("output is %s", out)
	}
}
