package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/exit"
	"ephemr/internal/pipeline"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const pipelineFile = `pipeline: flights
triggers:
  - schedule: "0 3 * * *"
cluster: {profile: small}
jobs:
  - {name: clean, type: spark, source: jobs/clean}
  - {name: again, type: spark, source: jobs/clean, needs: [clean]}
  - {name: publish, type: hive, source: jobs/publish, needs: [clean]}
`

// project writes files to a new directory and returns it.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (w *world) apply(dir string, o apply.Options, files ...string) error {
	o.Project = dir
	for _, f := range files {
		o.Files = append(o.Files, filepath.Join(dir, f))
	}
	return apply.Run(w.t.Context(), o, w.io, w.settings, apply.Clients{Profiles: w.ssm, Pipelines: w.pipelines, S3: w.s3, Lambda: w.lambda})
}

// differs checks the end of a dry run.
func (w *world) differs(err error, want bool) {
	w.t.Helper()
	code := exit.CodeOK
	if want {
		code = exit.CodeDifferent
	}
	if exit.CodeOf(err) != code || err != nil && !exit.IsSilent(err) {
		w.t.Errorf("got %v, code %d, want code %d", err, exit.CodeOf(err), code)
	}
}

func flightsProject(t *testing.T) string {
	t.Helper()
	return project(t, map[string]string{
		"flights.yaml": pipelineFile, "jobs/clean/main.py": "print(1)\n", "jobs/clean/lib.py": "", "jobs/publish/delays.sql": "select 1;\n",
	})
}

func TestApply(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
	w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
	w.golden("apply", dir, "PROJECT")

	v, err := w.pipelines.Current(t.Context(), "flights")
	w.no(err)
	if v == nil || v.Number != 1 {
		t.Fatalf("got version %+v, want 1", v)
	}
	if e := v.Spec.Jobs[2].Entry; e != "delays.sql" {
		t.Errorf("entry of publish is %q", e)
	}
	if v.Spec.Jobs[0].Package == nil || w.s3.Object("artifacts", v.Spec.Jobs[0].Package.Key) == nil {
		t.Error("the package of clean is not in the bucket")
	}
	if n := w.s3.Calls("PutObject"); n != 2 {
		t.Errorf("%d uploads, want one for each of 2 sources", n)
	}
}

// A package that was overwritten in S3 is uploaded again, although the pipeline is
// unchanged; a dry run says so.
func TestApplyRepairsAPackage(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
	v, err := w.pipelines.Current(t.Context(), "flights")
	w.no(err)
	key := v.Spec.Jobs[0].Package.Key
	whole := w.s3.Object("artifacts", key)
	_, err = w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new("artifacts"), Key: &key, Body: bytes.NewReader(make([]byte, len(whole)))})
	w.no(err)
	before := len(w.err.String())
	w.no(w.apply(dir, apply.Options{DryRun: true}, "flights.yaml"))
	contains(t, w.out.String(), "version 1 would be unchanged")
	if did := w.err.String()[before:]; strings.Count(did, ", to be uploaded") != 1 || strings.Count(did, ", already uploaded") != 1 {
		t.Errorf("the dry run says %q", did)
	}
	w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
	if !bytes.Equal(w.s3.Object("artifacts", key), whole) {
		t.Error("the package was not uploaded again")
	}
}

// A resize that the profile does not support is reported with the file, before
// anything is registered.
func TestApplyResize(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	file := filepath.Join(dir, "flights.yaml")
	w.no(os.WriteFile(file, []byte(strings.Replace(pipelineFile, "needs: [clean]}", "needs: [clean], resize: {task: 9}}", 1)), 0o600))
	err := w.apply(dir, apply.Options{}, "flights.yaml")
	if want := file + ": jobs[1].resize: 2 core and 9 task units are more than the 10 that profile small allows (maxUnits)"; err == nil || err.Error() != want || exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("got %v, want %q", err, want)
	}
	if w.lambda.Calls("Invoke") > 0 {
		t.Error("it was registered")
	}
}

// So is a step concurrency for which the profile's primary has too little memory.
func TestApplyStepConcurrency(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	file := filepath.Join(dir, "flights.yaml")
	w.no(os.WriteFile(file, []byte(strings.Replace(pipelineFile, "profile: small", "profile: small, stepConcurrency: 100", 1)), 0o600))
	err := w.apply(dir, apply.Options{}, "flights.yaml")
	want := file + ": cluster.stepConcurrency: pipeline flights and profile small: 100 steps side by side need 260.0 GiB of memory on the primary"
	if err == nil || !strings.HasPrefix(err.Error(), want) || exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("got %v, want %q", err, want)
	}
	if w.lambda.Calls("Invoke") > 0 {
		t.Error("it was registered")
	}
}

func TestApplyJSON(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.no(w.apply(dir, apply.Options{JSON: true}, "flights.yaml"))
	var got []apply.Result
	w.no(json.Unmarshal([]byte(w.out.String()), &got))
	if len(got) != 1 || got[0].Version != 1 || !got[0].Changed || len(got[0].Packages) != 2 || len(got[0].Schedules) != 1 || !got[0].Packages[0].Uploaded {
		t.Errorf("got %+v", got)
	}
}

// A dry run says what would change, and changes nothing.
func TestApplyDryRun(t *testing.T) {
	t.Parallel()
	const schedule = `schedule: "0 3 * * *"`
	for name, tt := range map[string]struct {
		applied bool
		edit    []string // of the file, after it was applied
		script  string   // of the job clean
		text    []string
		plan    apply.Plan
		upload  bool // of the package of clean
	}{
		"new": {false, nil, "print(1)\n", []string{"flights.yaml: flights is valid; it would be registered as a new pipeline", `+ schedule "0 3 * * *" UTC`}, apply.Plan{
			Action: apply.Create, Version: 1, Changes: []string{}, Triggers: []string{`+ schedule "0 3 * * *" UTC`},
		}, true},
		"the same": {true, nil, "print(1)\n", []string{"flights.yaml: flights is valid; version 1 would be unchanged"}, apply.Plan{
			Action: apply.Unchanged, Version: 1, Changes: []string{}, Triggers: []string{},
		}, false},
		"triggers": {true, []string{schedule, `s3: {bucket: raw, prefix: in/, suffix: .csv}`}, "print(1)\n", []string{"it would become version 2: triggers"}, apply.Plan{
			Action: apply.Update, Version: 2, Changes: []string{"triggers"}, Triggers: []string{"+ s3 raw/in/*.csv", `- schedule "0 3 * * *" UTC`},
		}, false},
		"a job": {true, []string{"name: publish", "name: publish, retries: 2"}, "print(1)\n", []string{"it would become version 2: jobs.publish.retries"}, apply.Plan{
			Action: apply.Update, Version: 2, Changes: []string{"jobs.publish.retries"}, Triggers: []string{},
		}, false},
		"a package": {true, nil, "print(2)\n", []string{"it would become version 2: jobs.again.package, jobs.clean.package"}, apply.Plan{
			Action: apply.Update, Version: 2, Changes: []string{"jobs.again.package", "jobs.clean.package"}, Triggers: []string{},
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, dir := newWorld(t), flightsProject(t)
			if tt.applied {
				w.no(w.apply(dir, apply.Options{}, "flights.yaml"))
			}
			before := w.s3.Calls("PutObject") + w.lambda.Calls("Invoke") + w.db.Calls("PutItem")
			w.no(os.WriteFile(filepath.Join(dir, "flights.yaml"), []byte(strings.NewReplacer(tt.edit...).Replace(pipelineFile)), 0o600))
			w.no(os.WriteFile(filepath.Join(dir, "jobs/clean/main.py"), []byte(tt.script), 0o600))
			w.differs(w.apply(dir, apply.Options{DryRun: true}, "flights.yaml"), tt.plan.Action != apply.Unchanged)
			contains(t, w.out.String(), tt.text...)
			text := len(w.out.String())
			w.differs(w.apply(dir, apply.Options{DryRun: true, JSON: true}, "flights.yaml"), tt.plan.Action != apply.Unchanged)
			var got []apply.Result
			w.no(json.Unmarshal([]byte(w.out.String()[text:]), &got))
			if diff := cmp.Diff(&tt.plan, got[0].Plan, cmpopts.IgnoreFields(apply.Plan{}, "Jobs", "Packages", "Schedules")); diff != "" || got[0].Changed != (tt.plan.Action != apply.Unchanged) || got[0].Packages[0].Uploaded != tt.upload {
				t.Errorf("%s\n%+v", diff, got)
			}
			if n := w.s3.Calls("PutObject") + w.lambda.Calls("Invoke") + w.db.Calls("PutItem"); n != before {
				t.Errorf("%d calls that change something", n-before)
			}
		})
	}
}

// All errors of all files are reported before anything is registered.
// Overrides that the profile does not allow are reported where they are written, beside the file's other errors.
func TestApplyOverrides(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	small := `{"release": "emr-7.14.0", "applications": ["Spark"], "idleTimeout": "10m", "primary": {"types": ["m5.xlarge"], "onDemand": 1},
		"core": {"types": ["m5.xlarge"], "spot": 2}, "overrides": {"core": {"types": ["m5.*", "r5.*"], "units": {"min": 1, "max": 4}}}}`
	_, err := w.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new(stage.ProfileParameter("dev", "small")), Value: &small, Overwrite: new(true)})
	w.no(err)
	file := filepath.Join(dir, "flights.yaml")
	for name, tt := range map[string]struct {
		overrides string
		want      []string
	}{
		"allowed": {"{core: {types: [r5.xlarge], spot: 4}}", nil},
		"refused": {"\n    core: {types: [c5.xlarge]}\n    tags: {project: x}\n    maxUnits: 9\n    rootGiB: 1", []string{
			":7:19: cluster.overrides.core.types: profile small does not allow instance type c5.xlarge; it allows m5.*, r5.*",
			":8:21: cluster.overrides.tags.project: profile small does not allow tag project; it allows none",
			":9:15: cluster.overrides.maxUnits: profile small does not allow a change of maxUnits; remove it",
			":10:14: cluster.overrides.rootGiB: rootGiB is 1; use 15 to 100",
		}},
	} {
		w.no(os.WriteFile(file, []byte(strings.Replace(pipelineFile, "cluster: {profile: small}", "cluster:\n  profile: small\n  overrides: "+tt.overrides, 1)), 0o600))
		err := w.apply(dir, apply.Options{DryRun: true}, "flights.yaml")
		if (exit.CodeOf(err) == exit.CodeUsage) != (tt.want != nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range tt.want {
			contains(t, err.Error(), want)
		}
	}
}

func TestApplyReportsAllErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := project(t, map[string]string{
		"flights.yaml": pipelineFile, "jobs/clean/a.py": "", "jobs/clean/b.py": "",
		"broken.yaml":     "pipeline: Broken\ncluster: {profile: small}\njobs:\n  - {name: a, type: sprak, source: x}\n",
		"profile.yaml":    strings.NewReplacer("small", "huge", "flights", "other", "jobs/clean", "jobs/ok", "jobs/publish", "jobs/sql").Replace(pipelineFile),
		"jobs/ok/main.py": "", "jobs/sql/main.sql": "",
	})
	err := w.apply(dir, apply.Options{}, "flights.yaml", "broken.yaml", "profile.yaml", "none.yaml")
	if err == nil {
		t.Fatal("no error")
	}
	if exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("exit code %d, want 2", exit.CodeOf(err))
	}
	golden(t, "apply-faults", strings.ReplaceAll(err.Error(), dir, "PROJECT")+"\n")
	contains(t, err.Error(), "broken.yaml:1:11:", "broken.yaml:4:", `no cluster profile "huge"`, "more than one possible entry: a.py, b.py")
	if n := w.lambda.Calls("Invoke"); n != 0 {
		t.Errorf("%d pipelines registered", n)
	}
}

// A variable that the stage does not have is reported at its place.
func TestApplyVars(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := project(t, map[string]string{
		"vars.yaml": "pipeline: vars\ncluster: {profile: small}\njobs:\n  - {name: a, type: bash, source: jobs/a.sh, args: ['{{.Vars.stage_secret}}', '{{.Vars.secret}}']}\n", "jobs/a.sh": "",
	})
	w.settings.Vars = map[string]string{"secret": "x"}
	if err := w.apply(dir, apply.Options{}, "vars.yaml"); err == nil || !strings.Contains(err.Error(), "vars.yaml:4:53: jobs[0].args[0]: no .Vars.stage_secret; use one of secret") {
		t.Errorf("%v", err)
	}
}

func TestApplyReportsTheFunctionsError(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.handle("register", func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("too many pipelines") })
	err := w.apply(dir, apply.Options{}, "flights.yaml")
	if err == nil {
		t.Fatal("no error")
	}
	contains(t, err.Error(), "flights.yaml: register pipeline flights: too many pipelines")
	if v, _ := w.pipelines.Current(t.Context(), "flights"); v != nil {
		t.Errorf("got %v", v)
	}
}

func TestApplyRejectsDuplicateNames(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t), flightsProject(t)
	w.no(os.WriteFile(filepath.Join(dir, "other.yaml"), []byte("# a copy\n"+pipelineFile), 0o600))
	for _, files := range [][]string{{"flights.yaml", "other.yaml"}, {"."}} {
		err := w.apply(dir, apply.Options{}, files...)
		want := filepath.Join(dir, "other.yaml") + ":2: pipeline flights is also defined in " + filepath.Join(dir, "flights.yaml") + ":1; rename one"
		if err == nil || err.Error() != want || exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := w.apply(dir, apply.Options{}, "flights.yaml", "flights.yaml"); err == nil || !strings.Contains(err.Error(), "is also defined in") {
		t.Errorf("the same file twice: %v", err)
	}
}

func TestPipelines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, _, err := w.pipelines.Add(t.Context(), twoJobs, "digest", time.Now().Add(-90*time.Minute))
		w.no(err)
		other := twoJobs
		other.Name, other.Description = "airports", "All of them"
		other.Triggers = []pipeline.Trigger{{Schedule: "0 3 * * *", Timezone: "Europe/Lisbon"}, {S3: &pipeline.S3Trigger{Bucket: "raw", Prefix: "a/", Suffix: pipeline.Texts{".csv"}}}}
		_, _, err = w.pipelines.Add(t.Context(), other, "digest", time.Now().Add(-900*time.Hour))
		w.no(err)
		w.no(w.listPipelines(false))
		w.golden("pipelines")
		if lines := strings.Count(w.out.String(), "\n"); lines != 3 {
			t.Errorf("%d lines, want a header and 2 pipelines", lines)
		}
	})
}
