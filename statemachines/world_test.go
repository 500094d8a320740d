package statemachines_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// Parts of paths.
const (
	begin    = "PrepareRun Prepared CreateCluster"
	round    = "SubmitSteps JobsLeft"
	stopped  = "SubmitSteps StopSteps Stopped"
	finish   = "TerminateCluster FinishRun Outcome"
	good     = finish + " Succeeded"
	bad      = finish + " Failed"
	rejected = "PrepareRun FinishRun Outcome Failed"
)

func path(parts ...string) string { return strings.Join(parts, " ") }

// Pipelines that scenarios run. Those for uploads watch in/.
const (
	watching = "triggers: [{s3: {bucket: raw, prefix: in/}}]\n"
	onSmall  = watching + "cluster: {profile: small}\n"
	onLadder = watching + "cluster: {profile: ladder}\n"
	one      = "pipeline: one\n" + onSmall + "jobs: [{name: a, type: bash, source: a}]"
	again    = "pipeline: again\n" + onSmall + "jobs: [{name: a, type: bash, source: a, retries: 1}]"
	ladder   = "pipeline: ladder\n" + onLadder + "jobs: [{name: a, type: bash, source: a}]"
	join     = "pipeline: join\n" + onSmall + "jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b}, {name: c, type: bash, source: c, needs: [a, b]}]"
	fork     = "pipeline: fork\n" + onSmall + "jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b, needs: [a]}, {name: c, type: bash, source: c}]"
	chain    = "pipeline: chain\n" + onSmall + "jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b, needs: [a]}]"
)

// ended is everything that matters of a run that is over.
type ended struct {
	Path     string
	State    run.State
	Class    job.Class
	Jobs     string // name=state of each
	Clusters int    // that were made for it
	Left     []string
}

// outcomeOf waits for a run and for its cluster to be gone.
func outcomeOf(w *simulation.World, id string, result func() asl.Result) ended {
	w.Wait(id)
	time.Sleep(10 * time.Minute) // clusters need a while to go, and sweep to come by
	rec := w.Record(id)
	e := ended{
		Path: strings.Join(result().Path, " "), State: rec.Run.State, Class: rec.Run.Class, Clusters: w.Made(id), Left: w.Left(),
	}
	var jobs []string
	for _, j := range rec.Jobs {
		jobs = append(jobs, j.Name+"="+string(j.State))
	}
	e.Jobs = strings.Join(jobs, " ")
	return e
}

// uploaded sends one upload through a pipeline to its end.
func uploaded(t *testing.T, w *simulation.World, pipeline string, during func(w *simulation.World, id string)) (ended, string) {
	t.Helper()
	w.Apply(pipeline)
	w.Upload("in/a.csv")
	synctest.Wait()
	ids := w.RunIDs()
	if len(ids) != 1 {
		t.Fatalf("runs %v, want one", ids)
	}
	if during != nil {
		during(w, ids[0])
	}
	return outcomeOf(w, ids[0], func() asl.Result { return w.Result(ids[0]) }), ids[0]
}

// inWorld runs f in a world of its own.
func inWorld(t *testing.T, c simulation.Config, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(c)
		defer w.Close()
		f(t, w)
	})
}

// compare reports what differs, with the reason that the run gives.
func compare(t *testing.T, w *simulation.World, id string, want, got ended) {
	t.Helper()
	if want.Left == nil {
		want.Left = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s\nreason: %s\nerrors: %v", diff, w.Record(id).Run.Reason, w.Errors())
	}
}
