package intake_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Five thousand requests at once are taken without one error and without a call
// to EMR; there is room for one, and the others wait in the queue.
func TestBurstIsTaken(t *testing.T) {
	t.Parallel()
	n := 5000
	if testing.Short() {
		n = 200
	}
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) { s.Limits.MaxActive = 1 }})
		defer w.Close()
		w.Apply("pipeline: one\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]")
		for i := range n {
			w.Request(events.Request{RequestID: fmt.Sprint(i), Pipeline: "one"})
		}
		synctest.Wait()
		byState := map[run.State]int{}
		for _, id := range w.RunIDs() {
			byState[w.Record(id).Run.State]++
		}
		if len(w.Errors()) > 0 || byState[run.Queued] != n-1 || byState[run.Running] != 1 || w.EMR.Calls("RunJobFlow") != 1 {
			t.Errorf("runs by state %v, %d clusters, errors %v", byState, w.EMR.Calls("RunJobFlow"), w.Errors())
		}
	})
}

// A batch reads the pipeline that its requests name once, and a later batch sees its
// next version.
func TestBatchReadsItsPipelineOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		w := simulation.New(simulation.Config{NoTicks: true, Table: func(db store.DB) store.DB { return countReads{db, &reads} }})
		defer w.Close()
		w.Apply(one)
		reads.Store(0)
		var batch []events.Request
		for i := range 10 {
			batch = append(batch, events.Request{RequestID: fmt.Sprint(i), Pipeline: "one", Params: map[string]string{"country": []string{"pt", "es"}[i%2]}})
		}
		w.Request(batch...)
		if n := reads.Load(); n != 1 {
			t.Errorf("%d reads of the pipeline for a batch, want one", n)
		}
		w.Apply(one + "owner: etl@example.org\n")
		w.Request(events.Request{RequestID: "later", Pipeline: "one"})
		found := map[string]int{}
		for _, r := range runs(w) {
			found[fmt.Sprint(r.Version, r.Params["country"])]++
		}
		if diff := cmp.Diff(map[string]int{"1pt": 5, "1es": 5, "2pt": 1}, found); diff != "" {
			t.Errorf("runs by version and param, -want +got:\n%s", diff)
		}
	})
}

// countReads counts the reads of items of the table of pipelines. Admission reads others at
// the same time.
type countReads struct {
	store.DB

	n *atomic.Int64
}

func (c countReads) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if *in.TableName == "pipelines" {
		c.n.Add(1)
	}
	return c.DB.GetItem(ctx, in, o...)
}
