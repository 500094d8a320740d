package step_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/emr/step"
	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/result"
	"ephemr/internal/run"
)

// asked is EMR with steps that are all in one state. It counts what it is asked.
type asked struct {
	*awsfake.EMR

	state types.StepState
	ids   []string // in EMR's order, the oldest first
	calls int
}

func (a *asked) ListSteps(_ context.Context, in *emr.ListStepsInput, _ ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	a.calls++
	out := &emr.ListStepsOutput{}
	for i, id := range slices.Backward(a.ids) {
		if in.StepIds != nil && !slices.Contains(in.StepIds, id) || in.Marker != nil && id >= *in.Marker {
			continue
		}
		out.Steps = append(out.Steps, types.StepSummary{Id: new(id), Status: &types.StepStatus{State: a.state}})
		if len(out.Steps) == 50 && i > 0 {
			out.Marker = new(id)
			break
		}
	}
	return out, nil
}

func (a *asked) DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	return &emr.DescribeClusterOutput{Cluster: &types.Cluster{Status: &types.ClusterStatus{State: types.ClusterStateRunning}}}, nil
}

// An event counts only together with a result that says the same of the same attempt.
// Otherwise EMR is asked, and what it says counts as if there had been no event.
func TestEventsAndResults(t *testing.T) {
	t.Parallel()
	ended := func(state types.StepState) *run.StepEnd {
		return &run.StepEnd{ClusterID: "j-1", StepID: "s-2", State: string(state)}
	}
	other := func(change func(*run.StepEnd)) *run.StepEnd { e := ended("COMPLETED"); change(e); return e }
	good, bad := job.Result{RunID: "r", Job: "a", Attempt: 2, Nonce: "N"}, job.Result{RunID: "r", Job: "a", Attempt: 2, Nonce: "N", ExitCode: 3}
	earlier := good
	earlier.Attempt = 1
	const running = types.StepStateRunning
	for name, tt := range map[string]struct {
		event *run.StepEnd
		left  *job.Result
		emr   types.StepState
		tick  bool
		asked bool
		over  bool
		class job.Class
	}{
		"success":                                  {event: ended("COMPLETED"), left: &good, emr: "COMPLETED", over: true},
		"success, at the tick":                     {event: ended("COMPLETED"), left: &good, emr: "COMPLETED", tick: true, over: true},
		"failure":                                  {event: ended("FAILED"), left: &bad, emr: "FAILED", over: true, class: job.ClassJob},
		"cancelled":                                {event: ended("CANCELLED"), left: &bad, emr: "CANCELLED", over: true, class: job.ClassJob},
		"no event":                                 {left: &good, emr: "COMPLETED"},
		"no event, at the tick":                    {left: &good, emr: "COMPLETED", tick: true, asked: true, over: true},
		"no event, at the tick, step runs":         {left: &good, emr: running, tick: true, asked: true},
		"no result":                                {event: ended("FAILED"), emr: "FAILED", asked: true, over: true, class: job.ClassLost},
		"result of an earlier attempt":             {event: ended("COMPLETED"), left: &earlier, emr: "COMPLETED", asked: true, over: true, class: job.ClassLost},
		"event says failed, result success":        {event: ended("FAILED"), left: &good, emr: "FAILED", asked: true, over: true, class: job.ClassLost},
		"event says completed, result failure":     {event: ended("COMPLETED"), left: &bad, emr: "COMPLETED", asked: true, over: true, class: job.ClassJob},
		"step of an earlier attempt":               {event: other(func(e *run.StepEnd) { e.StepID = "s-1" }), left: &good, emr: running},
		"step of an earlier attempt, at the tick":  {event: other(func(e *run.StepEnd) { e.StepID = "s-1" }), left: &good, emr: running, tick: true, asked: true},
		"step of another cluster":                  {event: other(func(e *run.StepEnd) { e.ClusterID = "j-2" }), left: &good, emr: running},
		"a state that is no end (never recorded)":  {event: ended("RUNNING"), left: &good, emr: running, asked: true},
		"EMR contradicts the event, without proof": {event: ended("COMPLETED"), emr: running, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &asked{state: tt.emr, ids: []string{"s-2"}}
			steps, store := newSteps(api)
			if tt.left != nil {
				leave(t, store, *tt.left)
			}
			all, _, err := steps.Attempts(t.Context(), &run.Record{
				Run: run.Run{ID: "r"}, Waiter: &run.Waiter{Kind: run.ForSteps, ClusterID: "j-1"},
				Jobs: []run.Job{{Name: "a", State: run.JobRunning, Attempt: 2, Nonce: "N", ClusterID: "j-1", StepID: "s-2", StepEnd: tt.event}},
			}, engine.View{Noted: !tt.tick})
			if err != nil {
				t.Fatal(err)
			}
			var got engine.Attempt
			if len(all) == 1 {
				got = all[0]
			}
			if (api.calls > 0) != tt.asked || got.Over != tt.over || got.Class != tt.class {
				t.Errorf("%d calls, attempt %+v", api.calls, got)
			}
		})
	}
}

// Many steps are listed by pages, few by their ids.
func TestListOfManySteps(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ flying, others, calls int }{
		"one":                                {1, 0, 1},
		"ten":                                {10, 0, 1},
		"twelve among many":                  {12, 300, 1},
		"two hundred":                        {200, 0, 4},
		"twenty behind many newer of others": {20, -300, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, rec := &asked{state: types.StepStateRunning}, &run.Record{Run: run.Run{ID: "r"}, Waiter: &run.Waiter{Kind: run.ForSteps, ClusterID: "j-1"}}
			add := func(n int, own bool) {
				for range n {
					id := fmt.Sprintf("s-%04d", len(api.ids))
					api.ids = append(api.ids, id)
					if own {
						rec.Jobs = append(rec.Jobs, run.Job{Name: id, State: run.JobRunning, Attempt: 1, ClusterID: "j-1", StepID: id})
					}
				}
			}
			add(tt.others, false)
			add(tt.flying, true)
			add(-tt.others, false)
			steps, _ := newSteps(api)
			all, _, err := steps.Attempts(t.Context(), rec, engine.View{})
			if err != nil || len(all) != tt.flying || api.calls != tt.calls {
				t.Errorf("%d attempts, %d calls, %v; want %d, %d", len(all), api.calls, err, tt.flying, tt.calls)
			}
			for _, a := range all {
				if a.Over {
					t.Errorf("%s counts as ended", a.Job)
				}
			}
		})
	}
}

func newSteps(api step.API) (*step.Steps, *awsfake.S3) {
	store := awsfake.NewS3("logs")
	return &step.Steps{EMR: api, Results: &result.Reader{S3: store, LogsBucket: "logs", Logs: awsfake.NewLogs("g"), LogGroup: "g"}}, store
}

// leave puts a result where attempt 2 of job a leaves its own.
func leave(t *testing.T, store *awsfake.S3, r job.Result) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	bucket, key := "logs", "runs/r/a/2/N/"+job.ResultName
	if _, err := store.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
}
