package acceptance_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/job"
	"ephemr/internal/local/laptop"
	"ephemr/internal/run"
)

// examples allows tests that need systems of scripts/setup, as PostgreSQL.
var examples = flag.Bool("examples", false, "run the examples on real systems; make examples installs them")

// systems are servers of an example, with their data.
type systems struct {
	Database, Index, Logs string

	expected map[string]map[string][]shown // by slot and country
}

// shown is what a partition says about a store.
type shown struct {
	ID        int32  `parquet:"store_id,optional"  json:"store_id"`
	Country   string `parquet:"-"                  json:"country"`
	Scheduled bool   `parquet:"scheduled,optional" json:"scheduled"`
	Shown     bool   `parquet:"shown,optional"     json:"shown"`
}

// The example on real systems: each country's partition is what the loader knows of its stores,
// a slot that runs again replaces its own partition, and a country that fails does not affect others.
func TestStoreAvailability(t *testing.T) {
	if !*examples {
		t.Skip("needs PostgreSQL and OpenSearch: make examples")
	}
	began := time.Now()
	slots := []string{"2026-12-01T10:15:00Z", "2026-12-01T21:15:00Z", "2026-12-01T12:00:00Z"}
	s := w.loadStores(t, "2026-11-30", slots...)
	w.applyExample(t, "store-availability", "*/15 * * * *")
	passwords := w.passwords(t)
	for i, about := range []string{"new clusters", "warm clusters"} {
		recs := w.slot(t, s, slots[i], passwords)
		w.compare(t, s, slots[i], slices.Collect(maps.Keys(recs))...)
		written, ended := slowest(recs)
		t.Logf("10,000 stores, %s: from request to the last partition %.1f s, to the end of all runs %.1f s", about, written.Seconds(), ended.Seconds())
	}
	before := w.partition(t, slots[1], "es")
	w.slot(t, s, slots[1], passwords, "--param", "country=pt")
	w.compare(t, s, slots[1], "pt", "es", "it")
	if diff := cmp.Diff(before, w.partition(t, slots[1], "es")); diff != "" {
		t.Errorf("a rerun of pt changed es: %s", diff)
	}
	w.failsAlone(t, s, slots[2], passwords)
	w.hidden(t, s, began, passwords)
}

// failsAlone breaks the secret of es, and then its index.
func (w *world) failsAlone(t *testing.T, s *systems, slot string, passwords map[string]canary) {
	t.Helper()
	w.password(t, "es", "not-the-password")
	recs := w.slot(t, s, slot, passwords)
	w.compare(t, s, slot, "pt", "it")
	failed(t, recs["es"], `password authentication failed for user "stores_es"`)
	if n := len(w.partition(t, slot, "es")); n != 0 {
		t.Errorf("%d objects in the partition of es", n)
	}
	w.password(t, "es", passwords["es"].value)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.Index+"/stores-es", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("delete the index: %s, %v", response.Status, err)
	}
	failed(t, w.slot(t, s, slot, passwords, "--param", "country=es")["es"], "no such index [stores-es]")
}

// failed checks that a run failed in its job, with the text that says why.
func failed(t *testing.T, rec *run.Record, want string) {
	t.Helper()
	if rec.Run.State != run.Failed || rec.Run.Class != job.ClassJob || !strings.Contains(rec.Run.Reason, want) {
		t.Errorf("%s, %s: %s; want %s", rec.Run.State, rec.Run.Class, rec.Run.Reason, want)
	}
}

// loadStores starts the systems for a test.
func (w *world) loadStores(t *testing.T, from string, slots ...string) *systems {
	t.Helper()
	s := &systems{expected: map[string]map[string][]shown{}}
	args := []string{"scripts/examples/stores.py", "--from", from}
	for _, slot := range slots {
		args = append(args, "--expect", slot, filepath.Join(t.TempDir(), "rows.jsonl"))
	}
	t.Cleanup(func() {
		for _, address := range []string{s.Database, strings.TrimPrefix(s.Index, "http://")} {
			if c, err := net.Dial("tcp", address); err == nil { //nolint:noctx // refused at once
				t.Errorf("%s still answers: %v", address, c.Close())
			}
		}
	})
	w.serve(t, s, args...)
	for i := 5; i < len(args); i += 3 {
		rows := map[string][]shown{}
		text, err := os.ReadFile(args[i])
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var row shown
			if err := json.Unmarshal(line, &row); err != nil {
				t.Fatal(err)
			}
			rows[row.Country] = append(rows[row.Country], row)
		}
		s.expected[args[i-1]] = rows
	}
	return s
}

// serve starts a script that prints the addresses of its servers, into what, and ends them when its input ends.
func (w *world) serve(t *testing.T, what any, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(w.region.Root, ".tools/venv/bin/python"), args...) //nolint:gosec // our own
	cmd.Dir, cmd.Env, cmd.Stderr = w.region.Root, laptop.Overlay(os.Environ(), w.region.Environ()), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Errorf("%s: %v", args[0], err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s has not started: %v", args[0], err)
	}
	if err := json.Unmarshal(line, what); err != nil {
		t.Fatal(err)
	}
}

// applyExample registers an example with a schedule that does not come, so that only the test starts runs.
func (w *world) applyExample(t *testing.T, name, schedule string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.region.Root, "pipelines", name+".yaml"))
	if err != nil || !strings.Contains(string(text), schedule) {
		t.Fatalf("%s has no schedule %s: %v", name, schedule, err)
	}
	dir := project(t, map[string]string{"pipeline.yaml": strings.Replace(string(text), schedule, "0 0 29 2 *", 1)})
	w.ephemr(t, "apply", "--project", w.region.Root, filepath.Join(dir, "pipeline.yaml"))
}

// ephemr runs a command that must succeed, in the checkout.
func (w *world) ephemr(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, code := w.cli(t, w.region.Root, args...)
	if code != 0 {
		t.Fatalf("ephemr %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, stderr)
	}
	return out
}

// slot runs a slot and returns the records by country. No process shows a password meanwhile.
func (w *world) slot(t *testing.T, s *systems, slot string, passwords map[string]canary, more ...string) map[string]*run.Record {
	t.Helper()
	args := append([]string{"start", "store-availability", "--date", slot, "--param", "database=" + s.Database, "--param", "index=" + s.Index}, more...)
	recs := map[string]*run.Record{}
	for _, id := range strings.Fields(w.ephemr(t, args...)) {
		eventually(t, "the end of "+id, func() (bool, string) {
			for country, c := range passwords {
				if shows := commands(c); len(shows) > 0 {
					t.Errorf("the password of %s: %q", country, shows)
				}
			}
			rec, err := w.runs.Load(t.Context(), id)
			if err != nil {
				return false, err.Error()
			}
			recs[rec.Run.Params["country"]] = rec
			return rec.Run.State.Final() && rec.Run.Announced, string(rec.Run.State)
		})
	}
	return recs
}

// slowest is how long the runs of a slot took from their request until their partitions and until their ends.
func slowest(recs map[string]*run.Record) (written, ended time.Duration) {
	for _, rec := range recs {
		written = max(written, rec.Job("join").EndedAt.Sub(rec.Run.RequestedAt))
		ended = max(ended, rec.Run.EndedAt.Sub(rec.Run.RequestedAt))
	}
	return written, ended
}

// compare checks partitions of a slot against what the loader expects.
func (w *world) compare(t *testing.T, s *systems, slot string, countries ...string) {
	t.Helper()
	for _, country := range countries {
		var got []shown
		for key := range w.partition(t, slot, country) {
			if !strings.HasSuffix(key, ".parquet") {
				continue
			}
			out, err := w.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(w.settings.Lake["curated"]), Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(out.Body)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := parquet.Read[shown](bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rows...)
		}
		for i := range got {
			got[i].Country = country
		}
		slices.SortFunc(got, func(a, b shown) int { return int(a.ID - b.ID) })
		want := s.expected[slot][country]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s of %s: %d rows, want %d: %.2000s", slot, country, len(got), len(want), diff)
		}
	}
}

// partition is what the partition of a slot has: ETags by key.
func (w *world) partition(t *testing.T, slot, country string) map[string]string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, slot)
	if err != nil {
		t.Fatal(err)
	}
	prefix := at.Format("availability/dt=2006-01-02/slot=1504/country=") + country + "/"
	out, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(w.settings.Lake["curated"]), Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, o := range out.Contents {
		tags[*o.Key] = *o.ETag
	}
	return tags
}

// passwords are those of the countries, which the loader has made.
func (w *world) passwords(t *testing.T) map[string]canary {
	t.Helper()
	found := map[string]canary{}
	for _, country := range []string{"pt", "es", "it"} {
		out, err := secretsmanager.NewFromConfig(w.region.Config()).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("stores/" + country)})
		if err != nil {
			t.Fatal(err)
		}
		var value struct{ Password string }
		if err := json.Unmarshal([]byte(*out.SecretString), &value); err != nil || len(value.Password) < 20 {
			t.Fatalf("the secret of %s has %d characters: %v", country, len(value.Password), err)
		}
		code := base64.StdEncoding.EncodeToString([]byte(value.Password))
		found[country] = canary{value.Password, []string{value.Password, code[:len(code)-4]}}
	}
	return found
}

func (w *world) password(t *testing.T, country, value string) {
	t.Helper()
	text, err := json.Marshal(map[string]string{"password": value})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secretsmanager.NewFromConfig(w.region.Config()).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String("stores/" + country), SecretString: aws.String(string(text)),
	}); err != nil {
		t.Fatal(err)
	}
}

// hidden checks that passwords are nowhere in what the region and the systems keep.
func (w *world) hidden(t *testing.T, s *systems, since time.Time, passwords map[string]canary) {
	t.Helper()
	places := w.everything(t, since)
	places["systems"] = map[string][]byte{}
	err := filepath.WalkDir(s.Logs, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // removed meanwhile
		}
		if text, err := os.ReadFile(name); err == nil { //nolint:gosec // of the systems
			places["systems"][name] = text
		}
		return nil
	})
	if err != nil || len(places["systems"]) < 100 {
		t.Fatalf("%d files of the systems: %v", len(places["systems"]), err)
	}
	for place, texts := range places {
		for where, text := range texts {
			for country, c := range passwords {
				if c.in(text) {
					t.Errorf("%s: %s shows the password of %s", place, where, country)
				}
			}
		}
	}
}
