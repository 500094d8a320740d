package acceptance_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/local/flights"
	"ephemr/internal/local/laptop/demo"
	"ephemr/internal/run"
	"ephemr/internal/statistics"
)

// The demo's pipeline on real data: what Spark and Hive publish is what plain Go
// makes of the same file.
func TestFlightsAreRight(t *testing.T) {
	t.Parallel()
	const month = 2
	if out, stderr, code := w.cli(t, w.region.Root, "apply", "pipelines/flights-daily.yaml"); code != 0 {
		t.Fatalf("ephemr apply: exit code %d\n%s%s", code, out, stderr)
	}
	data, err := flights.Month(filepath.Join(w.region.Root, flights.Archive), month)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now().Truncate(time.Second)
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(w.settings.Lake["raw"]), Key: aws.String(flights.Key(month)), Body: bytes.NewReader(data),
	}); err != nil {
		t.Fatal(err)
	}
	r := w.find(t, "flights-daily", func(r run.Run) bool { return r.Trigger.Key == flights.Key(month) && !r.RequestedAt.Before(begun) })
	rec := w.end(t, r.ID)
	w.succeeded(t, rec)

	got := w.published(t, rec, "2013-02")
	want, count, err := flights.Delays(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := demo.Compare(got, want); diff != "" {
		t.Errorf("published delays differ from those computed from the CSV: %s", diff)
	}
	w.asks(t, want)
	if count.Kept == 0 || len(got) == 0 {
		t.Errorf("%d flights in %d rows: too few to have proved anything", count.Kept, len(got))
	}
	if findings := rec.Job("checks").Findings; len(findings) == 0 {
		t.Error("the checks found nothing, not even that all is well")
	}
	w.measured(t, rec, count.Kept)
}

// measured holds that statistics of the dataset were recorded after a run, with at least as many rows as it has
// added, and that they are shown.
func (w *world) measured(t *testing.T, rec *run.Record, rows int64) {
	t.Helper()
	out, stderr, code := w.cli(t, w.region.Root, "stats", "s3://curated/flights/", "--last", "100", "-o", "json")
	var all []statistics.Statistics
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 {
		t.Fatalf("ephemr stats: exit code %d, %v\n%s%s", code, err, out, stderr)
	}
	i := slices.IndexFunc(all, func(s statistics.Statistics) bool { return s.RunID == rec.Run.ID })
	if i < 0 || all[i].Rows == nil || *all[i].Rows < rows || len(all[i].Columns) < 5 {
		t.Errorf("statistics of run %s: %s", rec.Run.ID, out)
	}
	compared := func(f job.Finding) bool { return f.OK && strings.HasPrefix(f.Expect, "nulls within 5pp") }
	if found := rec.Found(); found == nil || !slices.ContainsFunc(found.Findings, compared) {
		t.Errorf("drift found %+v", found)
	}
}

// published returns what a run has published about a month.
func (w *world) published(t *testing.T, rec *run.Record, month string) []flights.Delay {
	t.Helper()
	p := rec.Run.Publication
	if p == nil || p.State != run.Published || p.Partition != "version=current" {
		t.Fatalf("publication %+v", p)
	}
	all, err := flights.Published(t.Context(), w.s3, p.Location)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(d flights.Delay) bool { return d.Month != month })
}
