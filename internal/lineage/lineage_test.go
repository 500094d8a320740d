package lineage_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ephemr/internal/job"
	"ephemr/internal/lineage"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

var (
	began = time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	dev   = stage.Settings{
		Stage: "dev", Account: "111122223333", Region: "eu-west-1", ArtifactsBucket: "artifacts", LogsBucket: "logs",
		Lake: map[string]string{"raw": "dev-raw", "curated": "dev-curated"},
	}
)

// record is a run that started at began and has jobs a and checks.
func record(state run.State, a run.JobState, t job.Type) *run.Record {
	r := run.Run{
		ID: "p-20260102T0000-0123456789abcdef0123", Pipeline: "p", Owner: "data@example.com", State: state, RequestedAt: began, StartedAt: began,
		LogicalTime: began.Truncate(24 * time.Hour), Trigger: run.Trigger{Kind: run.ByS3, Bucket: "dev-raw", Key: "in/a.csv", Size: 12},
		Params: map[string]string{"token": pipeline.Hidden, "country": "pt"}, Secrets: map[string]string{"token": "swordfish"},
	}
	if state.Final() {
		r.EndedAt = began.Add(time.Hour)
	}
	if state == run.Failed || state == run.Cancelled {
		r.Class, r.Reason = job.ClassJob, "job a: exit code 1"
	}
	spec := &pipeline.Spec{
		Name: "p", Description: "what it does", Params: map[string]pipeline.Param{"token": {Sensitive: true}, "country": {}},
		Jobs: []pipeline.Job{{
			Name: "a", Type: t, Args: []string{"{{.Trigger.Object}}"}, Expect: []string{"{{.Lake.curated}}/{{.Params.token}}/{{.Params.country}}/"},
			Package: &pipeline.Package{Key: "packages/ab.zip", SHA256: "ab"},
		}},
		Checks: []job.Check{{Dataset: "s3://dev-curated/orders/", Rows: ">= 1", Columns: map[string]string{"id": "long"}}},
	}
	one := 1
	jobs := []run.Job{
		{
			Name: "a", Type: t, State: a, Attempt: 2, IntentAt: began.Add(2 * time.Minute), EndedAt: began.Add(3 * time.Minute), ClusterID: "j-1", StepID: "s-2",
			Earlier: []run.Attempt{{Attempt: 1, ClusterID: "j-1", StepID: "s-1", Class: job.ClassJob, Reason: "exit code 1", ExitCode: &one, StartedAt: began.Add(time.Minute), EndedAt: began.Add(2 * time.Minute)}},
		},
		{
			Name: pipeline.ChecksJob, Type: job.Quality, State: a, Attempt: 1, IntentAt: began.Add(4 * time.Minute), EndedAt: began.Add(5 * time.Minute), ClusterID: "j-1", StepID: "s-3",
			Findings: []job.Finding{{Dataset: "s3://dev-curated/orders/", Expect: "rows >= 1", Found: "0 rows in 1 files"}},
		},
	}
	if a == run.JobFailed || a == run.JobCancelled {
		jobs[0].Class, jobs[0].Reason = job.ClassJob, "exit code 1"
	}
	return &run.Record{Run: r, Spec: spec, Jobs: jobs, Clusters: []run.Cluster{{Attempt: 1, ID: "j-1", Release: "emr-7.14.0"}}}
}

// schemas compiles OpenLineage's schemas: the event's, and each facet's by its address.
func schemas(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	files, err := fs.Glob(os.DirFS("testdata/spec"), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := fs.ReadFile(os.DirFS("testdata/spec"), name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := doc.(map[string]any)["$id"].(string)
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// validate checks an event, and each of its facets by the schema that it names.
func validate(t *testing.T, c *jsonschema.Compiler, e lineage.Event) {
	t.Helper()
	body, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	check := func(url string, v any) {
		schema, err := c.Compile(url)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v\n%s", url, err, body)
		}
	}
	check("https://openlineage.io/spec/2-0-2/OpenLineage.json", doc)
	check(e.SchemaURL, doc)
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if url, ok := v["_schemaURL"].(string); ok {
				check(url, v)
			}
			for _, x := range v {
				visit(x)
			}
		case []any:
			for _, x := range v {
				visit(x)
			}
		}
	}
	visit(doc)
}

// Events of runs and jobs in all states and of all types are valid.
func TestEventsAreValid(t *testing.T) {
	t.Parallel()
	c := schemas(t)
	n := 0
	for _, state := range run.States {
		for _, a := range []run.JobState{run.JobPending, run.JobSubmitting, run.JobRunning, run.JobSucceeded, run.JobFailed, run.JobSkipped, run.JobCancelled} {
			for _, kind := range job.Types() {
				for _, x := range lineage.Of(record(state, a, kind), dev) {
					validate(t, c, x.Event)
					n++
				}
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d events", n)
	}
}

// Names and texts of any kind give valid events, in one line each.
func TestEventsOfHostileRecords(t *testing.T) {
	t.Parallel()
	c := schemas(t)
	for _, text := range []string{
		"", " ", "\x00", "\xff\xfe", "a b", `"`, `\`, "<script>", "\n\r\u2028", "../..", "ü/ä=€", "%zz%", "{{.Params.x}}", strings.Repeat("€", 5000), "urn:x", "s3://", "'; drop table",
	} {
		rec := record(run.Failed, run.JobFailed, job.Spark)
		rec.Run.Reason, rec.Run.Owner, rec.Jobs[0].Reason, rec.Run.Trigger.Key, rec.Spec.Description = text, text, text, text, text
		rec.Run.Params["country"], rec.Jobs[1].Findings[0].Found, rec.Jobs[1].Findings[0].Expect = text, text, text
		rec.Run.Trigger.Objects = []string{"s3://dev-raw/" + text}
		rec.Spec.Checks[0].Dataset = "s3://dev-curated/" + text
		rec.Jobs[0].Name, rec.Run.Pipeline, rec.Clusters[0].Release = text, text, text
		for _, x := range lineage.Of(rec, dev) {
			validate(t, c, x.Event)
			if body, err := x.Event.JSON(); err != nil || bytes.Count(body, []byte("\n")) != 1 || len(body) > 200_000 {
				t.Errorf("%q: %v, %d bytes", text, err, len(body))
			}
		}
	}
}

// Each execution and each attempt that has started has one START, and one end of the
// right type when it is over.
func TestTypesOfEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state run.State
		a     run.JobState
		want  []string
	}{
		"queued":    {run.Queued, run.JobPending, nil},
		"rejected":  {run.Rejected, run.JobPending, nil},
		"running":   {run.Running, run.JobRunning, []string{"p START", "p.a START", "p.a FAIL", "p.a START", "p.checks START"}},
		"submitted": {run.Running, run.JobSubmitting, []string{"p START", "p.a START", "p.a FAIL"}},
		"retried":   {run.Running, run.JobPending, []string{"p START", "p.a START", "p.a FAIL"}},
		"succeeded": {run.Succeeded, run.JobSucceeded, []string{
			"p START", "p COMPLETE", "p.a START", "p.a FAIL", "p.a START", "p.a COMPLETE", "p.checks START", "p.checks COMPLETE",
		}},
		"failed": {run.Failed, run.JobFailed, []string{
			"p START", "p FAIL", "p.a START", "p.a FAIL", "p.a START", "p.a FAIL", "p.checks START", "p.checks FAIL",
		}},
		"cancelled": {run.Cancelled, run.JobCancelled, []string{
			"p START", "p ABORT", "p.a START", "p.a FAIL", "p.a START", "p.a ABORT", "p.checks START", "p.checks ABORT",
		}},
		"ended without the end of its jobs": {run.Cancelled, run.JobRunning, []string{
			"p START", "p ABORT", "p.a START", "p.a FAIL", "p.a START", "p.a ABORT", "p.checks START", "p.checks ABORT",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			keys := map[string]bool{}
			for _, x := range lineage.Of(record(tt.state, tt.a, job.Spark), dev) {
				got = append(got, x.Event.Job.Name+" "+string(x.Event.EventType))
				keys[x.Key] = true
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(keys) != len(got) {
				t.Errorf("%d keys, events (-want +got):\n%s", len(keys), diff)
			}
		})
	}
}

// The events of a retry of a run are in an execution of its own, and what succeeded
// before is not repeated.
func TestEventsOfARetry(t *testing.T) {
	t.Parallel()
	before := record(run.Failed, run.JobFailed, job.Spark)
	again := record(run.Running, run.JobRunning, job.Spark)
	again.Run.Restarts, again.Run.RequestedAt = 1, began.Add(48*time.Hour)
	again.Jobs[0].Restart, again.Jobs[0].Attempt, again.Jobs[0].Base = 1, 3, 2
	again.Jobs[1].State = run.JobSucceeded
	var got []string
	for _, x := range lineage.Of(again, dev) {
		got = append(got, x.Key)
		if x.Event.Job.Name == "p.a" && fmt.Sprint(x.Event.Run.Facets["parent"]["run"]) != fmt.Sprint(map[string]any{"runId": lineage.RunID(dev, again.Run.ID, 1)}) {
			t.Errorf("parent %v", x.Event.Run.Facets["parent"])
		}
	}
	dir := "lineage/dt=2026-01-04/" + again.Run.ID + "/"
	if diff := cmp.Diff([]string{dir + "run.1.start.json", dir + "jobs/a.3.start.json"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if lineage.Of(before, dev)[0].Event.Run.RunID == lineage.Of(again, dev)[0].Event.Run.RunID {
		t.Error("the retry has the id of the execution before it")
	}
}

// Ids are UUIDs of version 5 that depend on stage, run, job and attempt, and on nothing else.
func TestIDs(t *testing.T) {
	t.Parallel()
	prod := dev
	prod.Stage = "prod"
	all := []string{
		lineage.RunID(dev, "r", 0), lineage.RunID(dev, "r", 1), lineage.RunID(prod, "r", 0), lineage.AttemptID(dev, "r", "a", 1),
		lineage.AttemptID(dev, "r", "a", 2), lineage.AttemptID(dev, "r", "b", 1), lineage.AttemptID(dev, "ra", "", 1),
	}
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("only %d of %d differ", n, len(all))
	}
	if got := lineage.RunID(dev, "r", 0); got != lineage.RunID(dev, "r", 0) || got[14] != '5' {
		t.Errorf("id %s", got)
	}
}

// What a run reads and writes, by its record.
func TestDatasets(t *testing.T) {
	t.Parallel()
	names := func(all []lineage.Dataset) (out []string) {
		for _, d := range all {
			out = append(out, d.String())
		}
		return out
	}
	for name, tt := range map[string]struct {
		change    func(*run.Record)
		in, out   []string
		reads     []string // of job a
		a, checks []string // what a writes, what the checks read
	}{
		"object": {
			in: []string{"s3://dev-raw/in"}, reads: []string{"s3://dev-raw/in"}, a: []string{"s3://dev-curated/***/pt"},
			out: []string{"s3://dev-curated/***/pt", "s3://dev-curated/orders"}, checks: []string{"s3://dev-curated/orders"},
		},
		"batch": {
			change: func(rec *run.Record) {
				rec.Run.Trigger = run.Trigger{Kind: run.ByS3, Batch: "b", Count: 3, Bytes: 9, Objects: []string{"s3://dev-raw/x/1", "s3://dev-raw/x/2", "s3://dev-raw/3"}}
				rec.Spec.Jobs[0].Args = []string{"{{.Trigger.Manifest}}"}
				rec.Spec.Jobs[0].Expect = nil
			},
			in: []string{"s3://dev-raw/x", "s3://dev-raw/"}, out: []string{"s3://dev-curated/orders"}, checks: []string{"s3://dev-curated/orders"},
			reads: []string{"s3://dev-raw/x", "s3://dev-raw/"},
		},
		"batch of many objects": {
			change: func(rec *run.Record) {
				rec.Run.Trigger = run.Trigger{Kind: run.ByS3, Batch: "b", Count: 300, Manifest: "s3://logs/m"}
				rec.Spec.Triggers = []pipeline.Trigger{{S3: &pipeline.S3Trigger{Bucket: "raw", Prefix: "many/part-", Batch: &pipeline.Batch{}}}}
				rec.Spec.Jobs[0].Expect, rec.Spec.Jobs[0].Args = nil, nil
			},
			in: []string{"s3://dev-raw/many"}, out: []string{"s3://dev-curated/orders"}, checks: []string{"s3://dev-curated/orders"},
		},
		"a check of what started the run": {
			change: func(rec *run.Record) {
				rec.Spec.Checks[0].Dataset = "s3://dev-raw/in/"
				rec.Spec.Jobs[0].Expect = nil
			},
			in: []string{"s3://dev-raw/in"}, reads: []string{"s3://dev-raw/in"}, checks: []string{"s3://dev-raw/in"},
		},
		"nothing was written": {
			change: func(rec *run.Record) { rec.Jobs[0].State = run.JobFailed },
			in:     []string{"s3://dev-raw/in"}, reads: []string{"s3://dev-raw/in"}, checks: []string{"s3://dev-curated/orders"},
		},
		"further outputs": {
			change: func(rec *run.Record) {
				rec.Spec.Jobs[0].Expect, rec.Spec.Outputs = nil, []string{"s3://dev-curated/more/"}
			},
			in: []string{"s3://dev-raw/in"}, reads: []string{"s3://dev-raw/in"}, checks: []string{"s3://dev-curated/orders"},
			out: []string{"s3://dev-curated/orders", "s3://dev-curated/more"},
		},
		"published": {
			change: func(rec *run.Record) {
				rec.Spec = nil
				rec.Run.Publication = &run.Publication{State: run.Published, Table: "ephemr.orders", Location: "s3://dev-curated/orders/run=1/"}
			},
			in: []string{"s3://dev-raw/in"}, out: []string{"s3://dev-curated/orders/run=1", "ephemr_dev.orders"},
		},
		"not published": {
			change: func(rec *run.Record) {
				rec.Spec = nil
				rec.Run.Publication = &run.Publication{State: run.Unpublished, Table: "ephemr.orders", Location: "s3://dev-curated/orders/run=1/"}
			},
			in: []string{"s3://dev-raw/in"}, out: []string{"s3://dev-curated/orders/run=1"},
		},
		"no pipeline": {change: func(rec *run.Record) { rec.Spec = nil }, in: []string{"s3://dev-raw/in"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := record(run.Succeeded, run.JobSucceeded, job.Spark)
			if tt.change != nil {
				tt.change(rec)
			}
			f := lineage.FlowOf(rec, dev)
			want := [][]string{tt.in, tt.out, tt.reads, tt.a, tt.checks}
			got := [][]string{names(f.In), names(f.Out), names(f.Reads["a"]), names(f.Writes["a"]), names(f.Reads["checks"])}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Values of sensitive params and lines of logs are in no event.
func TestEventsHaveNoSecrets(t *testing.T) {
	t.Parallel()
	rec := record(run.Failed, run.JobFailed, job.Spark)
	rec.Jobs[0].Tail = []string{"password=swordfish"}
	for _, x := range lineage.Of(rec, dev) {
		if body, err := x.Event.JSON(); err != nil || bytes.Contains(body, []byte("swordfish")) {
			t.Errorf("%v: %s", err, body)
		}
	}
}

// The facets of an attempt that has failed and of one that has succeeded.
func TestFacets(t *testing.T) {
	t.Parallel()
	facets := map[string]string{}
	for _, x := range lineage.Of(record(run.Succeeded, run.JobSucceeded, job.Spark), dev) {
		body, err := json.Marshal(x.Event)
		if err != nil {
			t.Fatal(err)
		}
		facets[path.Base(x.Key)] = string(body)
	}
	for key, want := range map[string][]string{
		"run.0.start.json":    {`"nominalStartTime":"2026-01-02T00:00:00Z"`, `"name":"data@example.com"`, `"locations":["s3://dev-raw/in/a.csv"]`, `"size":12`, `"jobType":"PIPELINE"`, `"description":"what it does"`},
		"a.1.end.json":        {`"message":"job: exit code 1"`, `"eventTime":"2026-01-02T03:06:05.678Z"`, `"exitCode":1`},
		"a.2.start.json":      {`"version":"7.14.0"`, `"url":"s3://artifacts/packages/ab.zip"`, `"jobType":"SPARK"`, `"stepId":"s-2"`},
		"checks.1.end.json":   {`"assertion":"rows"`, `"success":false`, `"actual":"0 rows in 1 files"`, `"fields":[{"name":"id","type":"long"}]`},
		"checks.1.start.json": {`"jobType":"QUALITY"`},
	} {
		for _, text := range want {
			if !strings.Contains(facets[key], text) {
				t.Errorf("%s has no %s: %s", key, text, facets[key])
			}
		}
	}
	if strings.Contains(facets["checks.1.start.json"], "assertion") {
		t.Error("the checks have findings before they began")
	}
}

// What CheckData has found is in the last event of the run.
func TestFacetsOfCheckData(t *testing.T) {
	t.Parallel()
	rec := record(run.Succeeded, run.JobSucceeded, job.Spark)
	rec.Spec.Jobs[0].Expect = nil
	rec.Spec.Checks[0].Partition = "dt={{.LogicalDate}}"
	address := "s3://dev-curated/orders/dt=2026-01-02/"
	rec.Data = &run.Data{
		Datasets: 1, Sizes: []run.Size{{Address: address, Rows: new(int64(7)), Bytes: 99, Files: 2}},
		Findings: []job.Finding{{Dataset: address, Expect: "rows >= 1", Found: "7 rows in 2 files", OK: true}},
	}
	all := lineage.Of(rec, dev)
	end := all[slices.IndexFunc(all, func(x lineage.Written) bool { return path.Base(x.Key) == "run.0.end.json" })]
	body, err := end.Event.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"rowCount":7`, `"size":99`, `"fileCount":2`, `"assertion":"rows"`, `"success":true`, `"name":"orders/dt=2026-01-02"`} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s has no %s: %s", end.Key, want, body)
		}
	}
	c := schemas(t)
	for _, x := range all {
		validate(t, c, x.Event)
	}
}

// Tables that a program such as dbt says it has read and written are datasets of its job when it
// has ended, and of the run's outputs.
func TestTables(t *testing.T) {
	t.Parallel()
	rec := record(run.Succeeded, run.JobSucceeded, job.DBT)
	rec.Jobs[0].Tables = []job.Table{
		{Name: "shop.orders", Written: true, Rows: new(int64(3)), Columns: []job.Column{{Name: "id", Type: "int"}}},
		{Name: "shop_raw.prices"},
	}
	c := schemas(t)
	got := map[string]string{} // event -> its datasets that are tables
	note := func(event, text string, n lineage.Name) {
		if strings.HasPrefix(n.Name, "table/") {
			got[path.Base(event)] += text
		}
	}
	for _, x := range lineage.Of(rec, dev) {
		validate(t, c, x.Event)
		for _, in := range x.Event.Inputs {
			note(x.Key, "<"+in.Name.Name, in.Name)
		}
		for _, out := range x.Event.Outputs {
			note(x.Key, ">"+out.Name.Name+fmt.Sprint(out.OutputFacets["outputStatistics"], out.Facets["schema"]), out.Name)
		}
	}
	const facts = ">table/shop/orders"
	if len(got) != 2 || !strings.HasPrefix(got["a.2.end.json"], "<table/shop_raw/prices"+facts) || !strings.HasPrefix(got["run.0.end.json"], facts) {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(got["a.2.end.json"], "rowCount:3") || !strings.Contains(got["a.2.end.json"], "name:id type:int") {
		t.Errorf("no statistics or schema: %q", got)
	}
	nodes := lineage.GraphOf([]*run.Record{rec}, dev).Dataset(lineage.Table(dev, "shop", "orders"), true, 2)
	if tree := draw(nodes, ""); !strings.Contains(tree, "shop_raw.prices") {
		t.Errorf("upstream of the model:\n%s", tree)
	}
}
