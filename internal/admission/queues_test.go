package admission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Across the pipelines of a team: the highest priority first, then the oldest, however
// long the other queues are.
func TestOrderAcrossPipelines(t *testing.T) {
	t.Parallel()
	inWorld(t, 1, 1, func(t *testing.T, w *simulation.World) {
		for i, x := range []struct {
			pipeline string
			priority int
		}{{"two", 0}, {"two", 3}, {"one", 3}, {"two", 3}, {"one", 9}, {"one", 0}} {
			w.Request(request(fmt.Sprint(i), x.pipeline, x.priority))
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Hour)
		if got := strings.Join(started(w), " "); got != "0 4 1 2 3 5" {
			t.Errorf("started in the order %s", got)
		}
	})
}

// Hundreds of pipelines with a run each are all admitted: none is skipped with its
// neighbours.
func TestManyPipelines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 130
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 2*n, 1
		}})
		defer w.Close()
		for i := range n {
			w.Apply(file(fmt.Sprintf("p%d", i)))
			w.Apply(file(fmt.Sprintf("p%d-b", i)))
		}
		for i := range n {
			w.Request(request(fmt.Sprintf("a%d", i), fmt.Sprintf("p%d", i), 0))
			w.Request(request(fmt.Sprintf("b%d", i), fmt.Sprintf("p%d-b", i), 5))
			w.Request(request(fmt.Sprintf("c%d", i), fmt.Sprintf("p%d", i), 0))
		}
		synctest.Wait()
		if got := started(w); len(got) != 2*n {
			t.Errorf("%d runs began, want one of each of %d pipelines", len(got), 2*n)
		}
	})
}

// Runs that an earlier version has queued, all pipelines of a team in one queue, are
// admitted in the same order, and moved to the queues of their pipelines.
func TestRunsOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 1, 1
		}})
		defer w.Close()
		w.Apply(file("one"))
		w.Apply(file("two"))
		var want []string
		for i := range 70 { // more than a page
			w.Request(request(fmt.Sprintf("%02d", i), []string{"one", "two"}[i%2], 0))
			want = append(want, fmt.Sprintf("%02d", i))
			time.Sleep(time.Second)
		}
		for _, it := range w.DB.Items(w.Settings.RunsTable) {
			if strings.HasPrefix(records.Text(it[records.StateName]), "QUEUED#") {
				_, place, _ := strings.Cut(records.Text(it[records.StateOrderName]), "#")
				if _, err := w.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
					TableName: &w.Settings.RunsTable, Key: awsfake.Item{"pk": it["pk"], "sk": it["sk"]},
					UpdateExpression: aws.String("SET gsOrder = :o"), ExpressionAttributeValues: awsfake.Item{":o": records.String(place)},
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 70 {
			if _, err := w.Invoke("admit", []byte("{}")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(24 * time.Hour)
		if diff := cmp.Diff(want, started(w)); diff != "" {
			t.Error(diff)
		}
	})
}

// Runs that ended while they were queued, and that the index still has, do not make a
// pass read the whole queue, and the next pass continues.
func TestRunsThatAreGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 300
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 2, 1
		}})
		defer w.Close()
		w.Apply(file("one"))
		w.Apply(file("two"))
		for i := range n {
			w.Request(request(fmt.Sprintf("%03d", i), "one", 0))
		}
		synctest.Wait()
		w.DB.DelayIndexes(1, time.Hour)
		for _, id := range w.RunIDs() {
			if _, err := w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`"}`)); err != nil && w.Record(id).Run.State == run.Queued {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Minute)
		before := w.DB.Reads()
		w.Request(request("other", "two", 0))
		synctest.Wait()
		if read := w.DB.Reads().Sub(before); read.Items > 300 {
			t.Errorf("a pass has read %d items of %d runs that are gone", read.Items, n)
		}
		if got := started(w); !slices.Contains(got, "other") {
			t.Errorf("started %q", got)
		}
	})
}
