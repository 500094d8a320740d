package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/pipeline"
)

// An output below the pipeline's own trigger prefix is refused: at apply where it is
// known, and otherwise when the run's values are.
func TestOwnOutputsAreRefused(t *testing.T) {
	t.Parallel()
	options := []pipeline.Option{
		pipeline.WithZones("raw", "curated"), pipeline.WithSources("partner"), pipeline.WithBuckets(map[string]string{"raw": "lake-raw", "curated": "lake-curated"}),
	}
	const apply, atRun, fine = "at apply", "at run", "fine"
	for name, tt := range map[string]struct{ trigger, expect, dataset, want string }{
		"below":                    {"bucket: raw, prefix: in/", "{{.Lake.raw}}/in/out/", "", apply},
		"the prefix itself":        {"bucket: raw, prefix: in/", "{{ .Lake.raw }}/in/", "", apply},
		"the bucket by name":       {"bucket: raw, prefix: in/", "s3://lake-raw/in/out/", "", apply},
		"a whole bucket":           {"bucket: raw", "{{.Lake.raw}}/out/", "", apply},
		"a date in it":             {"bucket: raw, prefix: in/", "{{.Lake.raw}}/in/{{.LogicalDate}}/", "", apply},
		"a check's dataset":        {"bucket: raw, prefix: in/", "", "{{.Lake.raw}}/in/out/", apply},
		"a dataset with suffix":    {"bucket: raw, prefix: in/, suffix: .parquet", "", "{{.Lake.raw}}/in/out/", apply},
		"a file with suffix":       {"bucket: raw, prefix: in/, suffix: .csv", "{{.Lake.raw}}/in/out.csv", "", apply},
		"batches":                  {"bucket: raw, prefix: in/, batch: {window: 1m}", "{{.Lake.raw}}/in/out/", "", apply},
		"a source":                 {"bucket: partner, prefix: in/", "s3://partner/in/out/", "", apply},
		"known in the run":         {"bucket: raw, prefix: in/2026/", "{{.Lake.raw}}/in/{{date \"2006\" .LogicalDate}}/", "", atRun},
		"a zone in a param":        {"bucket: raw, prefix: in/", "s3://{{.Params.bucket}}/in/", "", atRun},
		"another prefix":           {"bucket: raw, prefix: in/", "{{.Lake.raw}}/out/", "", fine},
		"a sibling":                {"bucket: raw, prefix: in/", "{{.Lake.raw}}/in-done/", "", fine},
		"another zone":             {"bucket: raw, prefix: in/", "{{.Lake.curated}}/in/", "", fine},
		"excluded":                 {"bucket: raw, prefix: in/, exclude: [out/]", "{{.Lake.raw}}/in/out/", "", fine},
		"excluded by name":         {"bucket: raw, prefix: in/, exclude: [out]", "{{.Lake.raw}}/in/out/", "", fine},
		"a suffix, unknown names":  {"bucket: raw, prefix: in/, suffix: .csv", "{{.Lake.raw}}/in/out/", "", fine},
		"a suffix of other data":   {"bucket: raw, prefix: in/, suffix: .csv", "", "{{.Lake.raw}}/in/out/", fine},
		"another year in the run":  {"bucket: raw, prefix: in/2025/", "{{.Lake.raw}}/in/{{date \"2006\" .LogicalDate}}/", "", fine},
		"a job's output, unknown":  {"bucket: raw, prefix: in/", "s3://{{.Params.other}}/in/", "", fine},
		"only hidden files can be": {"bucket: raw, prefix: in/, globs: [\"*.csv\"]", "{{.Lake.raw}}/in/out/", "", fine},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "pipeline: p\ntriggers: [{s3: {" + tt.trigger + "}}]\nparams: {bucket: {default: lake-raw}, other: {default: elsewhere}}\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a"
			if tt.expect != "" {
				file += fmt.Sprintf(", expect: ['%s']", tt.expect)
			}
			file += "}]\n"
			if tt.dataset != "" {
				file += fmt.Sprintf("checks: [{dataset: '%s', rows: '>= 1'}]\n", tt.dataset)
			}
			got := fine
			spec, err := pipeline.Parse("p.yaml", []byte(file), options...)
			if err != nil {
				got = apply
			} else if err = spec.CheckValues(pipeline.Context{
				LogicalDate: "2026-01-02", Params: map[string]string{"bucket": "lake-raw", "other": "elsewhere"},
				Lake: map[string]string{"raw": "s3://lake-raw", "curated": "s3://lake-curated"},
			}); err != nil {
				got = atRun
			}
			if got != tt.want || err != nil && !strings.Contains(err.Error(), "is below the prefix of triggers[0], so that each run would start another") {
				t.Errorf("%s, want %s: %v", got, tt.want, err)
			}
		})
	}
}
