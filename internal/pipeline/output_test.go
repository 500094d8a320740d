package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

const writes = "pipeline: w\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\n"

// Datasets of checks and outputs are what a run writes, each once; partitions at the end of an address are known.
func TestWritten(t *testing.T) {
	t.Parallel()
	spec, err := pipeline.Parse("w.yaml", []byte(writes+`
checks:
  - {dataset: "{{.Lake.raw}}/flights/", partition: "dt={{.LogicalDate}}", rows: ">= 1"}
  - {dataset: "{{.Lake.raw}}/flights", partition: "dt={{.LogicalDate}}/", drift: {rows: 30%}}
  - {dataset: "{{.Lake.raw}}/all", rows: ">= 1"}
outputs: ["{{.Lake.raw}}/flights/", "{{.Lake.raw}}/stores/dt={{.LogicalDate}}/country=pt/", "{{.Lake.raw}}/x/{{.Jobs.a.Outputs.y}}/"]
`), zones)
	if err != nil {
		t.Fatal(err)
	}
	got, err := spec.Written(pipeline.Context{LogicalDate: "2026-01-02", Lake: map[string]string{"raw": "s3://lake-raw"}})
	want := []pipeline.Output{
		{Dataset: "s3://lake-raw/flights/", Partition: "dt=2026-01-02"},
		{Dataset: "s3://lake-raw/all/"},
		{Dataset: "s3://lake-raw/stores/", Partition: "dt=2026-01-02/country=pt"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err == nil || !strings.Contains(err.Error(), "outputs[2]") {
		t.Errorf("error %v", err)
	}
	if keys := got[2].Keys(); keys != "dt/country" || got[2].Address() != "s3://lake-raw/stores/dt=2026-01-02/country=pt/" {
		t.Errorf("keys %q, address %s", keys, got[2].Address())
	}
}

// A check that has only drift needs no job on the cluster.
func TestOnlyDrift(t *testing.T) {
	t.Parallel()
	for drift, jobs := range map[string]int{"drift: {nulls: 5pp}": 1, "drift: {nulls: 5pp}, severity: warn": 1, `drift: {nulls: 5pp}, rows: ">= 1"`: 2} {
		spec, err := pipeline.Parse("w.yaml", []byte(writes+"checks: [{dataset: 's3://lake/flights/', "+drift+"}]"), zones)
		if err != nil || len(spec.AllJobs()) != jobs {
			t.Errorf("%s: %d jobs, %v", drift, len(spec.AllJobs()), err)
		}
	}
}

// Wrong outputs and comparisons are refused where they stand.
func TestOutputFaults(t *testing.T) {
	t.Parallel()
	buckets := pipeline.WithBuckets(map[string]string{"raw": "lake-raw"})
	for line, want := range map[string]string{
		`outputs: ["flights/"]`:                                                               `w.yaml:4:11: outputs[0]: invalid dataset "flights/"`,
		`outputs: ["s3://elsewhere/flights/"]`:                                                `w.yaml:4:11: outputs[0]: bucket elsewhere is not in the lake`,
		`outputs: ["s3://lake-raw/a/", "s3://lake-raw/a/"]`:                                   `w.yaml:4:31: outputs[1]: duplicate "s3://lake-raw/a/"`,
		`outputs: ["{{.Lake.other}}/a/"]`:                                                     `w.yaml:4:11: outputs[0]: `,
		`checks: [{dataset: "s3://lake-raw/a/", drift: {}}]`:                                  `w.yaml:4:47: checks[0].drift: drift compares nothing`,
		`checks: [{dataset: "s3://lake-raw/a/", drift: {rows: 30}}]`:                          `w.yaml:4:54: checks[0].drift.rows: invalid drift of rows "30"`,
		`checks: [{dataset: "s3://lake-raw/a/", drift: {nulls: 5%}}]`:                         `w.yaml:4:55: checks[0].drift.nulls: invalid drift of nulls "5%"`,
		`checks: [{dataset: "s3://lake-raw/a/", drift: {rows: 5%, against: 2}}]`:              `w.yaml:4:67: checks[0].drift.against: against is 2; use 3 to 60 runs`,
		`checks: [{dataset: "s3://lake-raw/a/", partition: "2026-01-01", drift: {rows: 5%}}]`: `w.yaml:4:51: checks[0].partition: invalid partition "2026-01-01"`,
		`checks: [{dataset: "s3://lake-raw/a/", severity: error, drift: {rows: 5%}}]`:         `w.yaml:4:50: checks[0].severity: unknown severity "error"; use one of fail, warn`,
	} {
		_, err := pipeline.Parse("w.yaml", []byte(writes+line), zones, buckets)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", line, err, want)
		}
	}
}
