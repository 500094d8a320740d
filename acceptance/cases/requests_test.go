package cases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// request is a message on the queue of requests, or the input of an execution that
// is started by hand, for the pipeline of a file.
type request struct {
	Pipeline  string `yaml:"pipeline"`
	Body      string `yaml:"body"`
	Execution string `yaml:"execution"`
	Rejected  string `yaml:"rejected"` // what the reason contains; "" = it is accepted
}

// deliver sends the request to a stage of the simulation.
func (r request) deliver(t *testing.T, dir string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, r.Pipeline)) //nolint:gosec // of a case
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(string(file))
		if r.Execution != "" {
			w.Start("by-hand", r.Execution)
		} else {
			w.Deliver("requests", r.Body)
		}
		time.Sleep(time.Hour)
		ids := w.RunIDs()
		if len(ids) != 1 {
			t.Fatalf("%d runs", len(ids))
		}
		got := w.Record(ids[0]).Run
		rejected := got.State == run.Rejected && got.Class == job.ClassInvalid
		if rejected != (r.Rejected != "") || !strings.Contains(got.Reason, r.Rejected) {
			t.Errorf("%s, class %q, reason %q\nwant %q", got.State, got.Class, got.Reason, r.Rejected)
		}
	})
}
