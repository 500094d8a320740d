package admission_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Each value of a matrix has its own limit within that of the pipeline, and hundreds of
// runs that wait for one value do not keep another waiting.
func TestLimitPerValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 20, 20
		}})
		defer w.Close()
		w.Apply("pipeline: m\nparams: {c: {}}\nmatrix: {c: [a, b, d]}\nlimits: {maxActive: 5, maxActivePerValue: 2}\ncluster: {profile: small}\njobs: [{name: x, type: bash, source: x}]")
		ask := func(i int, value string) {
			w.Request(events.Request{RequestID: fmt.Sprint(value, i), Pipeline: "m", Params: map[string]string{"c": value}})
		}
		for i := range 60 {
			ask(i, "a")
		}
		for i := range 4 {
			ask(i, "b")
			ask(i, "d")
		}
		time.Sleep(10 * time.Second)
		if got := active(w); got != "map[a:2 b:2 d:1]" {
			t.Errorf("active %s, want two of each value and five together", got)
		}
		time.Sleep(5 * time.Hour)
		ended := 0
		for _, id := range w.RunIDs() {
			if w.Record(id).Run.State == run.Succeeded {
				ended++
			}
		}
		if ended != 68 {
			t.Errorf("%d runs succeeded, want all of 68", ended)
		}
	})
}

func active(w *simulation.World) string {
	n := map[string]int{}
	for _, id := range w.RunIDs() {
		if r := w.Record(id).Run; r.State == run.Admitted || r.State == run.Running {
			n[r.Params["c"]]++
		}
	}
	return fmt.Sprint(n)
}
