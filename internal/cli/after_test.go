package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/calendar"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/pipelines"
	"ephemr/internal/cli/remove"
	"ephemr/internal/cli/show"
	"ephemr/internal/run"
)

// waiting is a file of a pipeline that waits for others.
func waiting(name string, upstreams ...string) string {
	triggers := ""
	for _, u := range upstreams {
		triggers += "  - after: {pipeline: " + u + ", same: interval}\n"
	}
	return strings.Replace(strings.Replace(pipelineFile, "pipeline: flights", "pipeline: "+name, 1), "cluster:", triggers+"cluster:", 1)
}

// A folder registers pipelines that wait for one another, in whatever order its files are.
func TestApplyAfter(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.pipelineOperations()
	write := func(name string, upstreams ...string) {
		w.no(os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(waiting(name, upstreams...)), 0o600))
	}
	write("a", "b", "flights")
	write("b", "c")
	write("c", "flights")
	w.differs(w.apply(dir, apply.Options{DryRun: true, Diff: true}, "."), true)
	contains(t, w.out.String(), "+ after flights (interval)")
	w.no(w.apply(dir, apply.Options{}, "."))
	w.differs(w.apply(dir, apply.Options{DryRun: true}, "."), false)

	write("flights", "a")
	for _, dry := range []bool{true, false} {
		err := w.apply(dir, apply.Options{DryRun: dry}, "flights.yaml")
		if err == nil || exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("a loop: %v", err)
		} else {
			contains(t, err.Error(), "pipeline flights waits for itself: flights -> a -> flights; remove one of these triggers")
		}
	}
	write("b", "nobody")
	err := w.apply(dir, apply.Options{DryRun: true}, "b.yaml")
	if err == nil || exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), `b.yaml: pipeline b waits for pipeline "nobody", which is not registered`) {
		t.Errorf("an unknown pipeline: %v", err)
	}

	err = remove.Run(t.Context(), remove.Options{Pipeline: "c", Yes: true}, w.io, w.settings, w.pipelines, w.lambda)
	if err == nil || !strings.Contains(err.Error(), "pipeline c is waited for by b") {
		t.Errorf("delete: %v", err)
	}
	w.no(remove.Run(t.Context(), remove.Options{Pipeline: "c", Yes: true, Force: true}, w.io, w.settings, w.pipelines, w.lambda))
}

// A run names the runs that it was waiting for, and a pipeline the pipelines.
func TestShowAfter(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.no(os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(strings.Replace(waiting("a", "flights"), "  - schedule: \"0 3 * * *\"\n", "", 1)), 0o600))
	w.no(w.apply(dir, apply.Options{}, "."))
	up := []string{"flights-20261130T0300-1", "flights-20261130T0300-2"}
	r := run.Run{ID: "a-20261130T0000-1", Pipeline: "a", State: run.Queued, Trigger: run.Trigger{Kind: run.ByAfter, Upstream: up}, LogicalTime: time.Now(), RequestedAt: time.Now()}
	_, _, err := w.runs.Create(t.Context(), r, nil)
	w.no(err)
	w.no(show.Run(t.Context(), show.Options{RunID: r.ID}, w.io, w.runs))
	contains(t, w.out.String(), "after "+strings.Join(up, ", "))
	w.no(show.Run(t.Context(), show.Options{RunID: r.ID, JSON: true}, w.io, w.runs))
	contains(t, strings.Join(strings.Fields(w.out.String()), ""), `"upstream":["`+up[0])
	w.no(pipelines.Run(t.Context(), pipelines.Options{}, w.io, w.db, "pipelines"))
	contains(t, w.out.String(), "after flights (interval)")
	w.no(w.calendar(calendar.Options{Pipeline: "a"}))
	contains(t, w.err.String(), "it runs after flights (interval)")
	contains(t, w.out.String(), "queued  after  "+r.ID)
}
