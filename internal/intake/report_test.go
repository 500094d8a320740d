package intake_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const refusing = "pipeline: refusing\ntriggers: [{s3: {bucket: raw, prefix: refused/}}]\n" +
	"cluster: {profile: small}\njobs: [{name: a, type: bash, source: a, args: [\"{{int .Trigger.Key}}\"]}]\n"

// Whatever has requested it, what is rejected is reported once to the owner of the
// pipeline, also if SNS fails at first.
func TestRejectionsAreReported(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]func(w *simulation.World){
		"request": func(w *simulation.World) { w.Deliver("requests", `{"requestId":"1","pipeline":"refusing"}`) },
		"upload":  func(w *simulation.World) { w.Upload("refused/a.csv") },
		"upload, delivered twice": func(w *simulation.World) {
			w.Upload("refused/a.csv")
			w.Upload("refused/a.csv")
		},
		"manual execution": func(w *simulation.World) { w.Start("mine", `{"pipeline":"refusing","params":{"x":"1"}}`) },
	} {
		for _, fails := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", SNS fails"}[fails], func(t *testing.T) {
				t.Parallel()
				inWorld(t, func(t *testing.T, w *simulation.World) {
					w.Apply(refusing)
					if fails {
						w.SNS.FailNext("Publish", errors.New("reset"))
					}
					request(w)
					time.Sleep(time.Hour)
					reportedOnce(t, w)
					copies := len(w.SQS.Messages(w.Settings.RequestsDLQ)) + len(w.SQS.Messages(w.Settings.EventsDLQ))
					if copies != map[bool]int{true: 1}[name == "request"] {
						t.Errorf("%d copies in dead-letter queues", copies)
					}
				})
			})
		}
	}
}

// reportedOnce checks the notice of the only run.
func reportedOnce(t *testing.T, w *simulation.World) {
	t.Helper()
	w.Mails() // SNS may fail
	time.Sleep(time.Hour)
	all, sent := runs(w), w.Mails()
	if len(all) != 1 || all[0].State != run.Rejected || all[0].Pipeline != "refusing" {
		t.Fatalf("runs %+v", all)
	}
	if len(sent) != 1 || !strings.Contains(*sent[0].Message, all[0].ID) {
		t.Errorf("%d notices, want 1", len(sent))
	}
}
