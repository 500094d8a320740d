package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/calendar"
	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/pause"
	"ephemr/internal/cli/remove"
	"ephemr/internal/cli/resume"
	"ephemr/internal/cli/rollback"
	"ephemr/internal/emr"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/operation"
	"ephemr/internal/register"
	"ephemr/internal/run"
)

// pipelineOperations serves what changes pipelines.
func (w *world) pipelineOperations() {
	w.pipelines.Runs = "runs"
	reg := &register.Register{Settings: w.settings, Engines: engine.Catalog{Default: emr.Capabilities}, Profiles: &cluster.Profiles{API: w.ssm, Stage: "dev"}, Store: w.pipelines}
	p := &operation.Pipelines{Register: reg, Packages: w.s3}
	cancel := func(ctx context.Context, in operation.CancelRequest) (struct{}, error) {
		_, err := w.runs.RequestCancel(ctx, in.RunID, in.Why, in.Kill)
		return struct{}{}, err
	}
	d := &operation.Deleter{Store: w.pipelines, Runs: w.runs, Cancel: cancel}
	w.controls(operation.Handler{
		Pause: operation.Of(p.Pause), Resume: operation.Of(p.Resume), Rollback: operation.Of(p.Rollback), Delete: operation.Of(d.Delete),
	})
}

// A paused pipeline lists what became due; resuming says what is made of it.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	for catchup, want := range map[string]string{
		"none": "0 to be requested, 3 skipped", "latest": "1 to be requested, 2 skipped", "all": "3 to be requested, 0 skipped", "": "1 to be requested, 2 skipped",
	} {
		t.Run("catchup "+catchup, func(t *testing.T) {
			t.Parallel()
			dir := flightsProject(t)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.pipelineOperations()
				w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
				stop := pause.Options{Pipeline: "flights", Why: "a reason"}
				w.no(pause.Run(t.Context(), stop, w.io, w.settings, w.lambda))
				time.Sleep(3 * 24 * time.Hour)
				w.no(w.listPipelines(false))
				stop.Why = "another"
				w.no(pause.Run(t.Context(), stop, w.io, w.settings, w.lambda))
				for range 2 {
					w.no(resume.Run(t.Context(), resume.Options{Pipeline: "flights", Catchup: catchup}, w.io, w.settings, w.lambda))
				}
				contains(t, w.out.String(), "; "+want+"\n", "is paused already: a reason;")
				if catchup == "latest" {
					w.golden("pause", dir, "PROJECT")
				}
			})
		})
	}
}

func TestPauseJSON(t *testing.T) {
	t.Parallel()
	dir := flightsProject(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pipelineOperations()
		w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
		n := len(w.out.String())
		w.no(pause.Run(t.Context(), pause.Options{Pipeline: "flights", JSON: true}, w.io, w.settings, w.lambda))
		time.Sleep(24 * time.Hour)
		var got register.Paused
		w.no(json.Unmarshal([]byte(w.out.String()[n:]), &got))
		if diff := cmp.Diff(register.Paused{Pipeline: "flights", Version: 1, Paused: true, Changed: true, Due: []calendar.Dates{}}, got); diff != "" {
			t.Errorf("paused: %s", diff)
		}
		n = len(w.out.String())
		w.no(resume.Run(t.Context(), resume.Options{Pipeline: "flights", JSON: true}, w.io, w.settings, w.lambda))
		w.no(json.Unmarshal([]byte(w.out.String()[n:]), &got))
		if got.Paused || !got.Changed || len(got.Due) != 1 || got.Due[0].Due != 1 || got.Due[0].Made != 1 || got.Due[0].Schedule != "0 3 * * *" {
			t.Errorf("resumed: %+v", got)
		}
	})
}

func TestRefusedPipelineOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pipelineOperations()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"pause":    {pause.Run(t.Context(), pause.Options{Pipeline: "x"}, w.io, w.settings, w.lambda), `pipeline "x" is not known; list pipelines with ephemr pipelines`},
		"resume":   {resume.Run(t.Context(), resume.Options{Pipeline: "x"}, w.io, w.settings, w.lambda), `pipeline "x" is not known`},
		"catchup":  {resume.Run(t.Context(), resume.Options{Pipeline: "x", Catchup: "some"}, w.io, w.settings, w.lambda), `invalid --catchup "some": use none, latest or all`},
		"rollback": {rollback.Run(t.Context(), rollback.Options{Pipeline: "x"}, w.io, w.settings, w.lambda), `pipeline "x" is not known`},
		"to":       {rollback.Run(t.Context(), rollback.Options{Pipeline: "x", To: -1}, w.io, w.settings, w.lambda), "invalid --to -1: versions start at 1"},
		"delete":   {remove.Run(t.Context(), remove.Options{Pipeline: "x", Yes: true}, w.io, w.settings, w.pipelines, w.lambda), `pipeline "x" is not known`},
		"no yes":   {remove.Run(t.Context(), remove.Options{Pipeline: "x"}, w.io, w.settings, w.pipelines, w.lambda), "pipeline x not found"},
	} {
		if !strings.HasPrefix(usageMessage(tt.err), tt.want) {
			t.Errorf("%s: %v, code %d", name, tt.err, exit.CodeOf(tt.err))
		}
	}
}

// usageMessage returns the message of an error in the use of a command, and nothing for other errors.
func usageMessage(err error) string {
	if err == nil || exit.CodeOf(err) != exit.CodeUsage {
		return ""
	}
	return err.Error()
}

// isRegistered reports whether the pipeline exists and has not been deleted.
func (w *world) isRegistered(name string) bool {
	w.t.Helper()
	v, err := w.pipelines.Current(w.t.Context(), name)
	w.no(err)
	return v != nil
}

// A pipeline with active runs is deleted only with --cancel; its history is kept.
func TestDelete(t *testing.T) {
	t.Parallel()
	dir := flightsProject(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pipelineOperations()
		w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
		for _, id := range []string{"r1", "r2"} {
			w.made(w.runs.Create(t.Context(), run.Run{ID: id, Pipeline: "flights", State: run.Queued, LogicalTime: time.Now(), RequestedAt: time.Now()}, &twoJobs))
		}
		o := remove.Options{Pipeline: "flights"}
		err := remove.Run(t.Context(), o, w.io, w.settings, w.pipelines, w.lambda)
		if usageMessage(err) != "delete flights, version 1, with 1 trigger? Confirm with: ephemr delete flights --yes" {
			t.Errorf("without --yes: %v", err)
		}
		o.Yes = true
		err = remove.Run(t.Context(), o, w.io, w.settings, w.pipelines, w.lambda)
		if !strings.HasPrefix(usageMessage(err), "pipeline flights has active runs: r") {
			t.Errorf("with active runs: %v", err)
		}
		if !w.isRegistered("flights") {
			t.Error("it was deleted")
		}
		o.Cancel = true
		w.no(remove.Run(t.Context(), o, w.io, w.settings, w.pipelines, w.lambda))
		w.golden("delete", dir, "PROJECT")
		if w.isRegistered("flights") {
			t.Error("it was not deleted")
		}
		rec, err := w.runs.Load(t.Context(), "r1")
		if err != nil || rec.Run.Cancel == "" || rec.Spec == nil {
			t.Errorf("the run is %+v, %v", rec, err)
		}
		err = remove.Run(t.Context(), o, w.io, w.settings, w.pipelines, w.lambda)
		if err == nil || !strings.Contains(err.Error(), "pipeline flights was deleted before; the last version was 1") {
			t.Errorf("the second time: %v", err)
		}
	})
}

func TestRollback(t *testing.T) {
	t.Parallel()
	dir := flightsProject(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pipelineOperations()
		w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
		edit(t, dir, "flights.yaml", "0 3 * * *", "0 4 * * *")
		w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
		for _, to := range []int{0, 1, 0} {
			w.no(rollback.Run(t.Context(), rollback.Options{Pipeline: "flights", To: to}, w.io, w.settings, w.lambda))
		}
		w.golden("rollback", dir, "PROJECT")
	})
}

// edit replaces text in a file of a project.
func edit(t *testing.T, dir, name, old, now string) {
	t.Helper()
	file := filepath.Join(dir, name)
	data, err := os.ReadFile(file) //nolint:gosec // of this test
	if err == nil {
		err = os.WriteFile(file, []byte(strings.ReplaceAll(string(data), old, now)), 0o600) //nolint:gosec // of this test
	}
	if err != nil {
		t.Fatal(err)
	}
}
