package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	cli "ephemr/internal/cli/lineage"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// past are runs of two pipelines: clean writes what report is started by.
type past map[string]*run.Record

func (p past) Load(_ context.Context, id string) (*run.Record, error) {
	if p[id] == nil {
		return nil, &run.UnknownError{ID: id}
	}
	return p[id], nil
}

func (p past) List(_ context.Context, q run.Query) (all []run.Run, _ error) {
	for _, rec := range p {
		if rec.Run.State == q.State {
			all = append(all, rec.Run)
		}
	}
	return all, nil
}

func traced() past {
	at := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	rec := func(id string, hour int, state run.State, key string, expect ...string) *run.Record {
		name, _, _ := strings.Cut(id, "-")
		return &run.Record{
			Run:  run.Run{ID: id, Pipeline: name, State: state, StartedAt: at, EndedAt: at.Add(time.Duration(hour) * time.Hour), Trigger: run.Trigger{Kind: run.ByS3, Bucket: "lake", Key: key}},
			Spec: &pipeline.Spec{Name: name, Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Expect: expect}}},
			Jobs: []run.Job{{Name: "a", State: run.JobSucceeded}},
		}
	}
	return past{
		"clean-1":  rec("clean-1", 1, run.Succeeded, "raw/a.csv", "s3://lake/clean/"),
		"clean-2":  rec("clean-2", 2, run.Succeeded, "raw/b.csv", "s3://lake/clean/"),
		"report-1": rec("report-1", 3, run.Failed, "clean/part-0", "s3://lake/report/"),
	}
}

func streams() (io *terminal.IO, out *bytes.Buffer) {
	out = &bytes.Buffer{}
	return &terminal.IO{Out: out, Err: &bytes.Buffer{}}, out
}

func TestLineage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ of, want string }{
		"dataset": {"s3://lake/clean/", `
s3://lake/clean

upstream
└─ written by clean-2 SUCCEEDED 2026-11-01 05:00Z and 1 other run
   └─ reads s3://lake/raw

downstream
└─ read by report-1 FAILED 2026-11-01 06:00Z
   └─ wrote s3://lake/report

from the records of 3 runs; --runs reads more
`},
		"run": {"report-1", `
report-1

upstream
└─ reads s3://lake/clean
   └─ written by clean-2 SUCCEEDED 2026-11-01 05:00Z and 1 other run
      └─ reads s3://lake/raw

downstream
└─ wrote s3://lake/report

from the records of 3 runs; --runs reads more
`},
		"table": {"db.t", `
db.t

upstream
└─ nothing is known

downstream
└─ nothing is known

from the records of 3 runs; --runs reads more
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			io, out := streams()
			if err := cli.Run(t.Context(), cli.Options{Of: tt.of, Depth: 5, Runs: 10}, io, stage.Settings{}, traced()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, "\n"+out.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLineageAsJSON(t *testing.T) {
	t.Parallel()
	io, out := streams()
	if err := cli.Run(t.Context(), cli.Options{Of: "report-1", Depth: 1, Runs: 10, JSON: true}, io, stage.Settings{}, traced()); err != nil {
		t.Fatal(err)
	}
	var got cli.Answer
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Upstream) != 1 || got.Upstream[0].Dataset != "s3://lake/clean" || got.Upstream[0].Next != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLineageRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]cli.Options{
		"unknown run": {Of: "x", Depth: 1, Runs: 1}, "depth": {Of: "s3://b/", Depth: 0, Runs: 1}, "runs": {Of: "s3://b/", Depth: 1, Runs: 5000},
	} {
		io, _ := streams()
		if err := cli.Run(t.Context(), o, io, stage.Settings{}, traced()); exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
