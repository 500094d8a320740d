package follow_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/view/follow"
)

var (
	_ follow.Store   = (*store.Runs)(nil)
	_ follow.LogsAPI = (*awsfake.Logs)(nil)
)

func newFollower() (*follow.Follower, *store.Runs) {
	runs := &store.Runs{Table: "runs", DB: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})}
	return &follow.Follower{Runs: runs, Logs: awsfake.NewLogs("group"), Group: "group", Within: 10 * time.Second}, runs
}

// The id of a run that an upload causes cannot be predicted.
func TestWaitFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, runs := newFollower()
		began := time.Now()
		go func() {
			for i, key := range []string{"old.csv", "new.csv"} {
				at := began.Add(time.Duration(i) * 5 * time.Second)
				time.Sleep(time.Until(at))
				r := run.Run{ID: "flights-" + key, Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at, Trigger: run.Trigger{Kind: run.ByS3, Key: key}}
				if _, _, err := runs.Create(t.Context(), r, nil); err != nil {
					t.Error(err)
				}
			}
		}()
		var notes []string
		r, err := f.WaitFor(t.Context(), "flights", func(r run.Run) bool { return r.Trigger.Key == "new.csv" }, func(u follow.Update) {
			notes = append(notes, u.(follow.Note).Text)
		})
		if err != nil || r.ID != "flights-new.csv" || time.Since(began) > 6*time.Second {
			t.Errorf("got %s, %v after %s", r.ID, err, time.Since(began))
		}
		if len(notes) != 1 || !strings.Contains(notes[0], "waiting for a run of pipeline flights") {
			t.Errorf("got notes %q", notes)
		}
	})
}

func TestWaitForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFollower()
		_, err := f.WaitFor(t.Context(), "flights", func(run.Run) bool { return true }, func(follow.Update) {})
		absent, ok := errors.AsType[*follow.AbsentError](err)
		if !ok || absent.Waited < 10*time.Second || absent.Unknown() || !strings.Contains(absent.Error(), "did not appear within 10s") {
			t.Errorf("got %v", err)
		}
	})
}
