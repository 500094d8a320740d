package statemachines_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/job"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// What cannot be filled in costs no cluster: not when the run is requested, and not when it starts after the
// stage or the record has changed.
func TestWrongValuesCostNoCluster(t *testing.T) {
	t.Parallel()
	const late = "pipeline: late\n" + onSmall + `jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b, needs: [a], args: ["{{.Trigger.Object}}"]}]`
	c := simulation.Config{Settings: func(s *stage.Settings) { s.Limits.PipelineMaxActive = 1 }}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(late)
		w.Upload("in/a.csv")
		synctest.Wait()
		first := w.RunIDs()[0]
		w.Upload("in/b.csv")
		synctest.Wait()
		var second string
		for _, id := range w.RunIDs() {
			if id != first {
				second = id
			}
		}
		change(t, w, records.RunKey(second), "trigger", &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"kind": records.String(run.ByRequest)}})
		got := outcomeOf(w, second, func() asl.Result { return w.Result(second) })
		compare(t, w, second, ended{Path: rejected, State: run.Failed, Class: job.ClassInvalid}, got)
		if reason := w.Record(second).Run.Reason; !strings.Contains(reason, "render jobs[b].args[0]: {{.Trigger.Object}}: this run's trigger has no Object") {
			t.Error(reason)
		}
	})
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(late, ".Trigger.Object", ".Trigger.RequestID", 1))
		w.Upload("in/a.csv")
		time.Sleep(time.Hour)
		id := w.RunIDs()[0]
		if rec := w.Record(id); rec.Run.State != run.Rejected || w.Made(id) != 0 || !strings.Contains(rec.Run.Reason, "render jobs[b].args[0]: ") {
			t.Errorf("%+v, %d clusters", rec.Run, w.Made(id))
		}
	})
}
