package acceptance_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ephemr/events"
	"ephemr/internal/run"
)

// Objects become one run when their batch closes, with a list of exactly these; each of
// them is in the ledger, and a new run gets them again.
func TestBatchOfUploads(t *testing.T) {
	t.Parallel()
	for name, batch := range map[string]string{"window": "window: 20s", "objects": "window: 1h, maxObjects: 3", "manifest": `window: 1h, manifest: "*.manifest"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pipe, prefix := "batch-by-"+name, "batch-by-"+name+"/"+nonce+"/"
			w.apply(t, fmt.Sprintf(`pipeline: %s
cluster: {profile: small}
triggers: [{s3: {bucket: raw, prefix: %s/, exclude: ["*.tmp"], batch: {%s}}}]
jobs:
  - {name: work, type: bash, source: jobs/work, args: ["{{.Trigger.Manifest}}", "{{.Trigger.Count}}", "{{.Trigger.Objects}}"]}
`, pipe, pipe, batch), map[string]string{
				"work": `aws s3 cp "$1" list && [ "$(wc -l <list)" = "$2" ] && echo "objects=$3" >>"$EPHEMR_OUTPUT"`,
			})
			began := time.Now()
			var want []string
			for _, file := range []string{"a b+c.csv", "größe.csv", "c.csv"} {
				w.upload(t, prefix+file, "x")
				want = append(want, "s3://"+w.settings.Lake["raw"]+"/"+prefix+file)
			}
			w.upload(t, prefix+"d.tmp", "x")
			w.upload(t, prefix+"_SUCCESS", "")
			w.upload(t, prefix+"all.manifest", strings.Join(want, "\n"))
			if name != "manifest" {
				// The manifest is an object as any other where none is declared.
				want = append(want, "s3://"+w.settings.Lake["raw"]+"/"+prefix+"all.manifest")
			}
			if name == "objects" {
				want = want[:3] // the fourth opens the next batch
			}
			r := w.find(t, pipe, func(r run.Run) bool { return r.Trigger.Batch != "" && r.RequestedAt.After(began.Add(-time.Minute)) })
			rec := w.end(t, r.ID)
			w.succeeded(t, rec)
			got := strings.Split(rec.Jobs[0].Outputs["objects"], ",")
			slices.Sort(got)
			slices.Sort(want)
			if rec.Run.Trigger.Count != len(want) || name != "objects" && !slices.Equal(got, want) {
				t.Errorf("the job was given %q, want %q", got, want)
			}
			w.redo(t, rec.Run)
		})
	}
}

// redo gives the objects of a run to a new one, and looks them up.
func (w *world) redo(t *testing.T, r run.Run) {
	t.Helper()
	out, stderr, code := w.cli(t, t.TempDir(), "redo", r.ID)
	if code != 0 {
		t.Fatalf("ephemr redo: exit code %d\n%s", code, stderr)
	}
	again := w.end(t, strings.TrimSpace(out))
	w.succeeded(t, again)
	if again.Run.Trigger.RedoOf != r.ID || again.Run.Trigger.Count != r.Trigger.Count || again.Run.Trigger.Manifest == r.Trigger.Manifest {
		t.Errorf("trigger %+v of the new run, %+v of the first", again.Run.Trigger, r.Trigger)
	}
	out, stderr, code = w.cli(t, t.TempDir(), "objects", again.Run.Trigger.Objects[0], "-o", "json")
	if code != 0 || !strings.Contains(out, r.ID) || !strings.Contains(out, again.Run.ID) {
		t.Errorf("ephemr objects: exit code %d\n%s%s", code, out, stderr)
	}
}

// What was there before the pipeline is missing; it is fed once, and can be given by hand.
func TestMissingObjectsAreFed(t *testing.T) {
	t.Parallel()
	key := "fed/" + nonce + ".csv"
	w.upload(t, key, "x")
	w.apply(t, `pipeline: fed
cluster: {profile: small}
triggers: [{s3: {bucket: raw, prefix: fed/`+nonce+`}}]
jobs: [{name: work, type: bash, source: jobs/work, args: ["{{.Trigger.Object}}"]}]
`, map[string]string{"work": `aws s3 cp "$1" -`})
	var missing struct{ Missing []events.Object }
	for n, want := range []int{1, 0} {
		out, stderr, code := w.cli(t, t.TempDir(), "objects", "--missing", "fed", "--older", "0s", "--feed", "-o", "json")
		if err := json.Unmarshal([]byte(out), &missing); err != nil || code != 0 || len(missing.Missing) != want {
			t.Fatalf("look %d: exit code %d, %v\n%s%s", n, code, err, out, stderr)
		}
		w.succeeded(t, w.end(t, w.find(t, "fed", byKey(key)).ID))
	}
	out, stderr, code := w.cli(t, t.TempDir(), "start", "fed", "--object", "s3://raw/"+key)
	if code != 0 {
		t.Fatalf("ephemr start --object: exit code %d\n%s", code, stderr)
	}
	w.succeeded(t, w.end(t, strings.TrimSpace(out)))
}
