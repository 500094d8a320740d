package why_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/why"
)

// moving has a run that is admitted while its limits are read: the limit is full by then,
// because of the run itself and another.
type moving struct {
	why.RunReader

	reads, until int
}

func (m *moving) Load(_ context.Context, id string) (*run.Record, error) {
	m.reads++
	rec := &run.Record{Run: run.Run{ID: id, Pipeline: "p", State: run.Queued}}
	if m.reads > 1 {
		rec.Run.State, rec.Run.AdmittedAt = run.Admitted, time.Unix(int64(min(m.reads, m.until)), 0)
	}
	return rec, nil
}

func (m *moving) Holders(context.Context, records.Key) ([]string, error) {
	return []string{"p-20000101T0000-1"}, nil
}

// What was read while records changed is no answer: it is read again, and what changes
// each time is reported as such.
func TestChangingRecords(t *testing.T) {
	t.Parallel()
	for until, changing := range map[int]bool{2: false, 4: false, 100: true} {
		m := &moving{until: until}
		r := &why.Reader{Limits: stage.Limits{MaxActive: 1, PipelineMaxActive: 1}, Runs: m, Slots: m}
		a, err := r.Short(t.Context(), "p-20000101T0000-2")
		if err != nil || a.State != run.Admitted || a.Cause != why.Starting || a.Changing != changing {
			t.Errorf("records that change %d times: got %+v, %v", until, a, err)
		}
	}
}

const two = "pipeline: p\ntriggers: [{s3: {bucket: raw, prefix: in/}}]\nlimits: {maxActive: 1}\ncluster: {profile: small}\njobs: [{name: j, type: bash, source: j}]"

// What a run waits for, from its request to its end, in a stage where one run is active at
// a time; and how long that will take when others have ended.
func TestLifeOfARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{})
		defer w.Close()
		w.Apply(two)
		upload := func(key string) string {
			before := w.RunIDs()
			w.Upload(key)
			return slices.DeleteFunc(w.RunIDs(), func(id string) bool { return slices.Contains(before, id) })[0]
		}
		ask := func(id string, state run.State, cause why.Cause) why.Answer {
			t.Helper()
			synctest.Wait()
			a, err := w.Why().Of(t.Context(), id)
			if err != nil || a.State != state || a.Cause != cause {
				t.Errorf("got %+v, %v; want %s, %s", a, err, state, cause)
			}
			return a
		}
		first := upload("in/first.csv")
		ask(first, run.Running, why.Cluster)
		second := upload("in/second.csv")
		if a := ask(second, run.Queued, why.Limit); a.Expected != nil || len(a.Limits) != 1 || a.Limits[0].Holders[0].RunID != first || a.Ahead.Team != 0 {
			t.Errorf("nothing has ended yet: %+v", a)
		}
		w.Wait(first)
		ask(first, run.Succeeded, why.Ended)
		time.Sleep(time.Second)
		if a := ask(second, run.Running, why.Cluster); a.Expected == nil {
			t.Errorf("a cluster has started before: %+v", a)
		}
		third := upload("in/third.csv")
		a := ask(third, run.Queued, why.Limit)
		w.Wait(second)
		if late := time.Until(a.Expected.At).Abs(); late > time.Minute {
			t.Errorf("expected a slot at %s, %s beside the end of the run", a.Expected.At, late)
		}
	})
}
