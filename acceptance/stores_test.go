package acceptance_test

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// systems are servers of an example, with their data.
type systems struct {
	Database, Index, Logs string

	expected map[string]map[string][]shown // by slot and country
}

// shown is what a partition says about a store.
type shown struct {
	ID        int32  `json:"store_id"`
	Country   string `json:"country"`
	Scheduled bool   `json:"scheduled"`
	Shown     bool   `json:"shown"`
}

// The example on real systems: readers of each country's partition see what the loader knows of its stores,
// a slot that runs again replaces its own partition, and a country that fails does not affect others.
func TestStoreAvailability(t *testing.T) {
	if !*examples {
		t.Skip("needs PostgreSQL and OpenSearch: make examples")
	}
	began := time.Now()
	slots := []string{"2026-12-01T10:15:00Z", "2026-12-01T21:15:00Z", "2026-12-01T12:00:00Z"}
	s := w.loadStores(t, "2026-11-30", slots...)
	w.ephemr(t, "query", "--saved", "create-availability")
	w.applyExample(t, "store-availability", "*/15 * * * *")
	passwords := w.passwords(t, "pt", "es", "it")
	for i, about := range []string{"new clusters", "warm clusters"} {
		recs := w.slot(t, s, slots[i], passwords)
		w.compare(t, s, slots[i], slices.Collect(maps.Keys(recs))...)
		visible, ended := slowest(recs)
		t.Logf("10,000 stores, %s: from request to the last published partition %.1f s, to the end of all runs %.1f s", about, visible.Seconds(), ended.Seconds())
	}
	again := w.slot(t, s, slots[1], passwords, "--param", "country=pt")["pt"]
	w.compare(t, s, slots[1], "pt", "es", "it")
	if pub := again.Run.Publication; pub == nil || pub.State != run.Published || pub.Previous == "" {
		t.Errorf("the rerun of pt has not replaced its partition: %+v", pub)
	}
	w.failsAlone(t, s, slots[2], passwords)
	w.hidden(t, s.Logs, 100, began, passwords)
}

// failsAlone breaks the secret of es, and then its index.
func (w *world) failsAlone(t *testing.T, s *systems, slot string, passwords map[string]canary) {
	t.Helper()
	w.password(t, "es", "not-the-password")
	recs := w.slot(t, s, slot, passwords)
	w.compare(t, s, slot, "pt", "it") // and nothing of es
	failed(t, recs["es"], `password authentication failed for user "stores_es"`)
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
		for _, row := range expectedOf[shown](t, args[i]) {
			rows[row.Country] = append(rows[row.Country], row)
		}
		s.expected[args[i-1]] = rows
	}
	return s
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

// slowest is how long the runs of a slot took from their request until readers saw their data and until their ends.
func slowest(recs map[string]*run.Record) (visible, ended time.Duration) {
	for _, rec := range recs {
		visible = max(visible, rec.Run.Publication.At.Sub(rec.Run.RequestedAt))
		ended = max(ended, rec.Run.EndedAt.Sub(rec.Run.RequestedAt))
	}
	return visible, ended
}

// compare checks what readers see of a slot against what the loader expects of the countries.
func (w *world) compare(t *testing.T, s *systems, slot string, countries ...string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, slot)
	if err != nil {
		t.Fatal(err)
	}
	seen := w.asked(t, "--format", "json", at.Format("select store_id, country, scheduled, shown from availability where dt = '2006-01-02' and slot = '1504' order by country, store_id"))
	var got, want []shown
	if err := json.Unmarshal(seen, &got); err != nil {
		t.Fatalf("%v: %.500s", err, seen)
	}
	slices.Sort(countries)
	for _, country := range countries {
		want = append(want, s.expected[slot][country]...)
	}
	same(t, slot, want, got)
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
