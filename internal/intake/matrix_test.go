package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const matrix = "pipeline: m\ntriggers: [{s3: {bucket: raw, prefix: m/}}]\n" +
	"params: {country: {}, kind: {default: a}}\nmatrix: {country: [pt, es], kind: [a, b]}\n" + jobs

// values are those of the runs of m, with their states if these are not QUEUED.
func values(w *simulation.World) (all []string) {
	for _, r := range runs(w) {
		if r.Pipeline != "m" {
			continue
		}
		text := r.Params["country"] + r.Params["kind"]
		if r.State == run.Rejected {
			text += " " + string(r.State)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

var four = []string{"esa", "esb", "pta", "ptb"}

// Whatever starts a pipeline with a matrix starts one run for each combination, however
// often it is delivered.
func TestMatrix(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, start := range map[string]func(w *simulation.World){
		"schedule": func(w *simulation.World) { w.Tick("m", midnight) },
		"upload":   func(w *simulation.World) { w.Upload("m/x") },
		"request":  func(w *simulation.World) { w.Request(events.Request{RequestID: "1", Pipeline: "m"}) },
		"ad hoc": func(w *simulation.World) {
			spec := simulation.SpecOf(strings.Replace(matrix, "pipeline: m\ntriggers: [{s3: {bucket: raw, prefix: m/}}]", "pipeline: m2", 1))
			w.Request(events.Request{RequestID: "1", Spec: spec})
		},
		"by hand": func(w *simulation.World) {
			w.Start("by-hand", `{"pipeline":"m"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				w.Apply(matrix)
				for range 2 {
					start(w)
				}
				time.Sleep(time.Minute)
				got := values(w)
				if name == "ad hoc" {
					for _, r := range runs(w) {
						got = append(got, r.Params["country"]+r.Params["kind"])
					}
					slices.Sort(got)
				}
				if diff := cmp.Diff(four, got); diff != "" {
					t.Errorf("runs -want +got:\n%s", diff)
				}
			})
		})
	}
}

// Params name a subset; a value that the matrix does not have is refused.
func TestMatrixSubset(t *testing.T) {
	t.Parallel()
	for params, want := range map[string][]string{
		"country=pt":        {"pta", "ptb"},
		"kind=b":            {"esb", "ptb"},
		"country=pt kind=a": {"pta"},
		"country=fr":        nil,
	} {
		t.Run(params, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				w.Apply(matrix)
				q := events.Request{RequestID: "1", Pipeline: "m", Params: map[string]string{}}
				for p := range strings.FieldsSeq(params) {
					name, value, _ := strings.Cut(p, "=")
					q.Params[name] = value
				}
				w.Request(q)
				if want == nil {
					if r := runs(w)[0]; r.State != run.Rejected || !strings.Contains(r.Reason, `param country: "fr" is not a value of the matrix; use one of ["pt" "es"]`) {
						t.Errorf("got %s: %s", r.State, r.Reason)
					}
					return
				}
				if diff := cmp.Diff(want, values(w)); diff != "" {
					t.Errorf("runs -want +got:\n%s", diff)
				}
			})
		})
	}
}

// A request id is used up by all its runs: another request with it is refused, and the same
// one later makes no other runs.
func TestMatrixRequestID(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.Apply(matrix)
		w.Request(events.Request{RequestID: "1", Pipeline: "m", Params: map[string]string{"country": "pt"}})
		time.Sleep(2 * time.Minute) // another logical time
		w.Request(events.Request{RequestID: "1", Pipeline: "m", Params: map[string]string{"country": "pt"}})
		if diff := cmp.Diff([]string{"pta", "ptb"}, values(w)); diff != "" {
			t.Errorf("repeated: -want +got:\n%s", diff)
		}
		w.Request(events.Request{RequestID: "1", Pipeline: "m", Params: map[string]string{"country": "es"}})
		var reason string
		for _, r := range runs(w) {
			if r.State == run.Rejected {
				reason = r.Reason
			}
		}
		if !strings.Contains(reason, "request id 1 was used before, for something else") {
			t.Errorf("another request: %q", reason)
		}
	})
}

// What is wrong with one value is recorded with it, and the others run.
func TestMatrixWithOneWrongValue(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		file := strings.Replace(matrix, "country: {}", `country: {}, day: {default: '{{if eq .LogicalDate "2000-01-01"}}x{{end}}'}`, 1)
		file = strings.Replace(file, "source: a}", `source: a, args: ['{{if eq .Params.country "es"}}{{.Trigger.Key}}{{end}}']}`, 1)
		file = strings.Replace(file, "triggers: [{s3: {bucket: raw, prefix: m/}}]\n", "", 1)
		w.Apply(file)
		w.Request(events.Request{RequestID: "1", Pipeline: "m"})
		if diff := cmp.Diff([]string{"es REJECTED", "es REJECTED", "pta", "ptb"}, trimmed(values(w))); diff != "" {
			t.Errorf("runs -want +got:\n%s", diff)
		}
	})
}

func trimmed(all []string) []string {
	for i, v := range all {
		all[i] = strings.NewReplacer("esa ", "es ", "esb ", "es ").Replace(v)
	}
	return all
}

// The identity of a run without a matrix is what it was before there were any.
func TestIdentityWithoutMatrix(t *testing.T) {
	t.Parallel()
	planned := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	want := run.ID("one", planned, run.BySchedule, "one", planned.Format(time.RFC3339), "a=1", "b=2")
	if got := run.ID("one", planned, run.OfDate("one", planned, map[string]string{"b": "2", "a": "1"})...); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := fmt.Sprint(run.OfValue([]string{"x"}, nil)); got != "[x]" {
		t.Error(got)
	}
}
