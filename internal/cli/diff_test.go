package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/pause"
	"ephemr/internal/emr"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/register"
)

var difference = apply.Options{DryRun: true, Diff: true}

// diff says exactly what apply would change, and nothing right after it.
func TestDiff(t *testing.T) {
	t.Parallel()
	dir := flightsProject(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pipelineOperations()
		w.differs(w.apply(dir, difference, "."), true)
		w.no(w.apply(dir, apply.Options{}, "."))
		w.empty(dir)

		edit(t, dir, "flights.yaml", `"0 3 * * *"`, `"0 4 * * *"
    timezone: Europe/Lisbon
    catchup: all
  - s3: {bucket: raw, prefix: in/}`)
		edit(t, dir, "flights.yaml", "name: publish", "name: publisher")
		edit(t, dir, "jobs/clean/main.py", "1", "2")
		w.no(pause.Run(t.Context(), pause.Options{Pipeline: "flights"}, w.io, w.settings, w.lambda))
		w.differs(w.apply(dir, difference, "."), true)
		n := len(w.out.String())
		o := difference
		o.JSON = true
		w.differs(w.apply(dir, o, "."), true)
		var got []apply.Result
		w.no(json.Unmarshal([]byte(w.out.String()[n:]), &got))
		lisbon, err := time.LoadLocation("Europe/Lisbon")
		w.no(err)
		p := got[0].Plan
		if diff := cmp.Diff([]apply.Schedule{
			{Change: apply.Added, Schedule: "0 4 * * *", Timezone: "Europe/Lisbon", Next: time.Date(2000, 1, 1, 4, 0, 0, 0, lisbon)},
			{Change: apply.Removed, Schedule: "0 3 * * *", Timezone: "UTC", Next: time.Date(2000, 1, 1, 3, 0, 0, 0, time.UTC)},
		}, p.Schedules, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]apply.Change{
			{Name: "clean", Change: apply.Changed, Keys: []string{"package"}},
			{Name: "again", Change: apply.Changed, Keys: []string{"package"}},
			{Name: "publisher", Change: apply.Added, Keys: []string{}},
			{Name: "publish", Change: apply.Removed, Keys: []string{}},
		}, p.Jobs); diff != "" {
			t.Error(diff)
		}
		if len(p.Packages) != 4 || p.Packages[0].Old == p.Packages[0].New || p.Packages[3].New != "" || !p.Paused {
			t.Errorf("packages %+v, paused %t", p.Packages, p.Paused)
		}
		w.no(w.apply(dir, apply.Options{}, "."))
		w.empty(dir)
		w.golden("diff", dir, "PROJECT", w.out.String()[n:], "")
	})
}

// empty checks that diff finds nothing.
func (w *world) empty(dir string) {
	w.t.Helper()
	n := len(w.out.String())
	w.no(w.apply(dir, difference, "."))
	o := difference
	o.JSON = true
	w.no(w.apply(dir, o, "."))
	if got := w.out.String()[n:]; got != "[]\n" {
		w.t.Errorf("after apply: %s", got)
	}
}

// project100 has 100 pipelines with two sources in common.
func project100(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	files := map[string]string{"jobs/clean/main.py": strings.Repeat("print(1)\n", 1000), "jobs/publish/delays.sql": "select 1;\n"}
	for i := range 100 {
		files[fmt.Sprintf("pipelines/team%d/p%d.yaml", i%7, i)] = strings.Replace(pipelineFile, "pipeline: flights", fmt.Sprintf("pipeline: p%d", i), 1)
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// Each pipeline is read once, and what they have in common once.
func TestDiffReads(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), project100(t)
	w.no(w.apply(dir, apply.Options{}, "pipelines"))
	count := func() map[string]int {
		return map[string]int{
			"GetItem": w.db.Calls("GetItem"), "Scan": w.db.Calls("Scan"), "Query": w.db.Calls("Query"), "GetParameter": w.ssm.Calls("GetParameter"),
			"HeadObject": w.s3.Calls("HeadObject"), "PutObject": w.s3.Calls("PutObject"), "Invoke": w.lambda.Calls("Invoke"),
		}
	}
	before := count()
	w.no(w.apply(dir, difference, "pipelines"))
	got := map[string]int{}
	for call, n := range count() {
		if n > before[call] {
			got[call] = n - before[call]
		}
	}
	if diff := cmp.Diff(map[string]int{"GetItem": 100, "GetParameter": 1, "HeadObject": 2}, got); diff != "" {
		t.Errorf("calls -want +got:\n%s", diff)
	}
	if n := w.s3.Calls("PutObject"); n != 2 {
		t.Errorf("%d uploads, want 2", n)
	}
}

// BenchmarkDiff is ephemr diff of 100 unchanged pipelines, with 15 ms for each call.
func BenchmarkDiff(b *testing.B) {
	t := &testing.T{}
	w, dir := newWorld(t), project100(b)
	run := func(o apply.Options) {
		o.Project, o.Files = dir, []string{filepath.Join(dir, "pipelines")}
		if err := apply.Run(context.Background(), o, w.io, w.settings, apply.Clients{Profiles: w.ssm, Pipelines: w.pipelines, S3: w.s3, Lambda: w.lambda}); err != nil {
			b.Fatal(err)
		}
	}
	run(apply.Options{})
	slow := &awsfake.Hooks{Before: func(string) error { time.Sleep(15 * time.Millisecond); return nil }}
	w.db.Use(slow)
	w.s3.Use(slow)
	w.ssm.Use(slow)
	for b.Loop() {
		run(difference)
	}
}

// Folders stand for the pipeline files below, as git sees them.
func TestApplyFolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	named := func(name string) string {
		return strings.Replace(pipelineFile, "pipeline: flights", "pipeline: "+name, 1)
	}
	dir := project(t, map[string]string{
		"jobs/clean/main.py": "", "jobs/publish/main.sql": "select 1;",
		"pipelines/a.yaml": named("a"), "pipelines/deep/er/b.yml": named("b"), "pipelines/.hidden/.c.yaml": named("c"),
		"pipelines/notes.txt": "x", "pipelines/d.yaml.bak": "x", "pipelines/.git/e.yaml": "x", "elsewhere/f.yaml": named("f"), "nothing/readme.md": "",
	})
	for link, to := range map[string]string{"pipelines/loop": ".", "pipelines/other": "../elsewhere", "pipelines/g.yaml": "../elsewhere/f.yaml", "pipelines/dir.yaml": "../elsewhere"} {
		w.no(os.Symlink(to, filepath.Join(dir, link)))
	}
	w.no(w.apply(dir, apply.Options{}, "pipelines", "pipelines/deep"))
	var names []string
	for _, name := range []string{"a", "b", "c", "f", "e"} {
		v, err := w.pipelines.Current(t.Context(), name)
		w.no(err)
		if v != nil {
			names = append(names, name)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "f"}, names); diff != "" {
		t.Error(diff)
	}
	err := w.apply(dir, apply.Options{}, "nothing", "pipelines", "none")
	if want := "folder " + filepath.Join(dir, "nothing") + " contains no *.yaml"; err == nil || err.Error() != want || exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A pipeline that cannot be registered does not affect the others.
func TestApplyPartly(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	for _, name := range []string{"bad1", "bad2", "good"} {
		w.no(os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(strings.Replace(pipelineFile, "flights", name, 1)), 0o600))
	}
	w.refuseRegistration("bad")
	err := w.apply(dir, apply.Options{}, ".")
	want := dir + "/bad1.yaml: register pipeline bad1: refused\n" + dir + "/bad2.yaml: register pipeline bad2: refused"
	if err == nil || err.Error() != want || exit.CodeOf(err) != exit.CodeFailed {
		t.Errorf("got %v, want %s", err, want)
	}
	contains(t, w.out.String(), "flights version 1 registered", "good version 1 registered")
}

// refuseRegistration makes register refuse pipelines whose names begin with a prefix.
func (w *world) refuseRegistration(prefix string) {
	w.handle("register", func(ctx context.Context, payload json.RawMessage) (any, error) {
		var in register.Input
		if err := json.Unmarshal(payload, &in); err != nil {
			return nil, err
		}
		if strings.Contains(string(in.Spec), `"pipeline":"`+prefix) {
			return nil, errors.New("refused")
		}
		return (&register.Register{Settings: w.settings, Engines: engine.Catalog{Default: emr.Capabilities}, Profiles: &cluster.Profiles{API: w.ssm, Stage: "dev"}, Store: w.pipelines}).Apply(ctx, in)
	})
}
