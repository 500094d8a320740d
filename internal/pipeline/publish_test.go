package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

func publishing(change func(*pipeline.Publish)) pipeline.Spec {
	p := pipeline.Publish{
		Table: "ephemr.stores", Partition: map[string]string{"dt": "{{.LogicalDate}}"}, Location: "{{.Lake.curated}}/stores/run={{.RunID}}/",
	}
	change(&p)
	return pipeline.Spec{Name: "x", Cluster: pipeline.Cluster{Profile: "small"}, Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Source: "a"}}, Publish: &p}
}

// What is known to be wrong with publish is refused when the pipeline is applied.
func TestPublishIsChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*pipeline.Publish)
		want   string // "" = it is right
	}{
		"right":                 {func(*pipeline.Publish) {}, ""},
		"a fixed partition":     {func(p *pipeline.Publish) { p.Partition["country"] = "pt" }, ""},
		"values of jobs":        {func(p *pipeline.Publish) { p.Partition["n"] = "{{.Jobs.a.Outputs.n}}" }, ""},
		"a bucket of the lake":  {func(p *pipeline.Publish) { p.Location = "s3://lake-curated/{{.RunID}}" }, ""},
		"no table":              {func(p *pipeline.Publish) { p.Table = "" }, "no table"},
		"no database":           {func(p *pipeline.Publish) { p.Table = "stores" }, "write ephemr.stores"},
		"another database":      {func(p *pipeline.Publish) { p.Table = "sales.stores" }, "the only one that runs may publish to"},
		"a table's name":        {func(p *pipeline.Publish) { p.Table = "ephemr.Stores" }, "invalid table"},
		"no partition":          {func(p *pipeline.Publish) { p.Partition = nil }, "no partition"},
		"no value":              {func(p *pipeline.Publish) { p.Partition["dt"] = "" }, "has no value"},
		"a key":                 {func(p *pipeline.Publish) { p.Partition["D-T"] = "x" }, "invalid partition key"},
		"no location":           {func(p *pipeline.Publish) { p.Location = "" }, "no location"},
		"a shared location":     {func(p *pipeline.Publish) { p.Location = "{{.Lake.curated}}/stores/dt={{.LogicalDate}}/" }, "the same for every run; add {{.RunID}}"},
		"a local location":      {func(p *pipeline.Publish) { p.Location = "out/{{.RunID}}/" }, "must begin with s3://"},
		"a bucket outside":      {func(p *pipeline.Publish) { p.Location = "s3://elsewhere/{{.RunID}}/" }, "not in a zone of the lake"},
		"a location of a job's": {func(p *pipeline.Publish) { p.Location = "{{.Lake.curated}}/{{.Jobs.a.Outputs.x}}/{{.RunID}}" }, "cannot be used here"},
		"an unknown param":      {func(p *pipeline.Publish) { p.Partition["dt"] = "{{.Params.day}}" }, "no .Params.day"},
		"an Iceberg table":      {func(p *pipeline.Publish) { *p = pipeline.Publish{Table: "ephemr.stores", Iceberg: true} }, ""},
		"an Iceberg partition": {func(p *pipeline.Publish) {
			*p = pipeline.Publish{Table: "ephemr.stores", Iceberg: true, Partition: p.Partition}
		}, "remove partition"},
		"an Iceberg location": {func(p *pipeline.Publish) {
			*p = pipeline.Publish{Table: "ephemr.stores", Iceberg: true, Location: p.Location}
		}, "remove location"},
		"another Iceberg database":   {func(p *pipeline.Publish) { *p = pipeline.Publish{Table: "sales.stores", Iceberg: true} }, "the only one that runs may publish to"},
		"control characters in keys": {func(p *pipeline.Publish) { p.Partition["dt"] = "a\nb" }, "control characters"},
	} {
		err := publishing(tt.change).Validate(pipeline.WithBuckets(map[string]string{"curated": "lake-curated"}))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// A run publishes to a prefix of its own in the lake; what is known before its jobs run is
// checked before it acquires capacity.
func TestRenderPublish(t *testing.T) {
	t.Parallel()
	c := pipeline.Context{
		RunID: "x-20261130T0000-0a", LogicalDate: "2026-11-30", Lake: map[string]string{"curated": "s3://b-curated"}, Params: map[string]string{"bucket": "elsewhere", "empty": ""},
	}
	for name, tt := range map[string]struct {
		change func(*pipeline.Publish)
		want   string // the location, or part of the error
		early  bool   // known before the jobs run
	}{
		"a prefix":                  {func(*pipeline.Publish) {}, "s3://b-curated/stores/run=x-20261130T0000-0a/", true},
		"without a slash":           {func(p *pipeline.Publish) { p.Location = "{{.Lake.curated}}/{{.RunID}}" }, "s3://b-curated/x-20261130T0000-0a/", true},
		"outside of the lake":       {func(p *pipeline.Publish) { p.Location = "s3://{{.Params.bucket}}/{{.RunID}}" }, "not in a zone of the lake", true},
		"a run id that is left out": {func(p *pipeline.Publish) { p.Location = "{{.Lake.curated}}/{{if false}}{{.RunID}}{{end}}x" }, "does not contain the run's id", true},
		"a value without text":      {func(p *pipeline.Publish) { p.Partition["dt"] = "{{.Params.empty}}" }, "has no value", false},
		"an output that is missing": {func(p *pipeline.Publish) { p.Partition["dt"] = "{{.Jobs.a.Outputs.n}}" }, "publish.partition.dt", false},
	} {
		s := publishing(tt.change)
		got, err := s.RenderPublish(c)
		if strings.HasPrefix(tt.want, "s3://") {
			if err != nil || got.Location != tt.want || got.Partition["dt"] != "2026-11-30" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if checked := s.CheckValues(c); (checked == nil) != (err == nil || !tt.early) {
			t.Errorf("%s: CheckValues says %v", name, checked)
		}
		if diff := cmp.Diff(publishing(tt.change), s); diff != "" {
			t.Errorf("%s: the pipeline has changed (-want +got):\n%s", name, diff)
		}
	}
}

// A pipeline with a trigger publishes an Iceberg table, whose location is not known.
func TestIcebergHasNoLocation(t *testing.T) {
	t.Parallel()
	s, err := pipeline.Parse("p.yaml", []byte(`pipeline: x
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: tables}
jobs: [{name: add, type: bash, source: jobs/add}]
publish: {table: ephemr.stores, iceberg: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	c := pipeline.Context{RunID: "r", Lake: map[string]string{"raw": "s3://b-raw"}}
	if err := s.CheckValues(c); err != nil {
		t.Error(err)
	}
	if got, err := s.RenderLocation(c); err != nil || got != "branch run-r" {
		t.Errorf("location %q, %v", got, err)
	}
}
