package acceptance_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/local/flights"
	"ephemr/internal/run"
)

// publishesMonth cleans a month of flights into a prefix of the run.
const publishesMonth = `pipeline: NAME
params: {input: {}, rows: {default: "1000"}}
cluster: {profile: small, pool: publish}
jobs:
  - name: clean
    type: spark
    source: jobs/clean
    args: [--input, "{{.Lake.raw}}/{{.Params.input}}", --output, "{{.Lake.curated}}/TABLE/run={{.RunID}}/"]
checks:
  - {dataset: "{{.Lake.curated}}/TABLE/run={{.RunID}}/", rows: ">= {{.Params.rows}}"}
publish:
  table: ephemr.TABLE
  partition: {month: "2013-02"}
  location: "{{.Lake.curated}}/TABLE/run={{.RunID}}/"
`

// Readers see real data after its checks have passed: not while the run is at work, and
// not the data of a run whose check has failed.
func TestPublish(t *testing.T) {
	t.Parallel()
	name, table := "publishes-"+nonce, "monthly_"+strings.ReplaceAll(nonce, "-", "_")
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "jobs", "clean"), os.DirFS(filepath.Join(w.region.Root, "jobs", "clean"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pipeline.yaml")
	if err := os.WriteFile(file, []byte(strings.NewReplacer("NAME", name, "TABLE", table).Replace(publishesMonth)), 0o600); err != nil {
		t.Fatal(err)
	}
	ephemr := func(want int, args ...string) string {
		t.Helper()
		out, stderr, code := w.cli(t, dir, args...)
		if code != want {
			t.Fatalf("ephemr %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, stderr)
		}
		return out + stderr
	}
	ephemr(0, "apply", file)
	ephemr(0, "query", "create external table "+table+" (id string, carrier string) partitioned by (month string) stored as parquet location '{{.Lake.curated}}/"+table+"/'")
	rows := func() string {
		t.Helper()
		return strings.TrimSpace(string(w.asked(t, "--format", "csv", "select count(*) as n, count(distinct carrier) as carriers from "+table+" where month = '2013-02'")))
	}
	data, err := flights.Month(filepath.Join(w.region.Root, flights.Archive), 2)
	if err != nil {
		t.Fatal(err)
	}
	key := "publish-" + nonce + "/flights.csv.gz"
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(w.settings.Lake["raw"]), Key: &key, Body: bytes.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
	_, count, err := flights.Delays(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}

	first := w.begun(t, name, key, "1000")
	if got := rows(); got != "n,carriers\n0,0" {
		t.Errorf("before anything was published: %s", got)
	}
	rec := w.good(t, first)
	if pub := rec.Run.Publication; pub == nil || pub.State != run.Published || pub.Partition != "month=2013-02" || pub.Previous != "" {
		t.Fatalf("publication %+v", pub)
	}
	seen := rows()
	if lines := strings.Split(seen, "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], strconv.FormatInt(count.Kept, 10)+",") {
		t.Errorf("readers see %s, want %d rows", seen, count.Kept)
	}

	bad := w.begun(t, name, key, "900000")
	rec = w.end(t, bad)
	if rec.Run.State != run.Failed || rec.Run.Class != job.ClassData || rec.Run.Publication == nil || rec.Run.Publication.State != run.Unpublished {
		t.Errorf("the run with the failed check: %+v", rec.Run)
	}
	if got := rows(); got != seen {
		t.Errorf("after a failed check readers see %s, want %s", got, seen)
	}
	if out := ephemr(0, "show", bad); !strings.Contains(out, table+"/run="+bad+"/, not visible in ephemr."+table) {
		t.Errorf("ephemr show does not say where the data is:\n%s", out)
	}

	// Published again, and undone: what was published first.
	second := w.begun(t, name, key, "1001")
	rec = w.good(t, second)
	if pub := rec.Run.Publication; pub == nil || !strings.Contains(pub.Previous, first) {
		t.Errorf("publication %+v", pub)
	}
	if out := ephemr(0, "publications", table, "--all"); strings.Index(out, second) > strings.Index(out, first) || strings.Contains(out, bad) {
		t.Errorf("publications:\n%s", out)
	}
	if out := ephemr(0, "unpublish", second); !strings.Contains(out, "again, of run "+first) {
		t.Errorf("unpublish: %s", out)
	}
	if got := rows(); got != seen {
		t.Errorf("after it was undone readers see %s, want %s", got, seen)
	}
}

// begun starts a run of a pipeline of TestPublish, which needs so many rows.
func (w *world) begun(t *testing.T, pipeline, key, rows string) string {
	t.Helper()
	out, stderr, code := w.cli(t, t.TempDir(), "start", pipeline, "--param", "input="+key, "--param", "rows="+rows)
	if code != 0 {
		t.Fatalf("ephemr start: exit code %d\n%s%s", code, out, stderr)
	}
	return strings.TrimSpace(strings.Split(out, "\n")[0])
}
