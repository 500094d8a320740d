package statemachines_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A job that has nothing to do has succeeded: what needs it goes on, nothing is
// tried again, and every notice of the run says so.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	const idle = "pipeline: idle\nowner: o@example.com\nnotify: {success: [owner]}\n" + onSmall +
		"jobs: [{name: a, type: bash, source: a, retries: 3}, {name: b, type: bash, source: b, needs: [a]}]"
	for name, tt := range map[string]struct {
		b    int // exit code of the job that needs the idle one
		want string
		run  bool // had nothing to do
	}{
		"all of it": {job.NothingToDo, "SUCCEEDED (nothing to do)", true},
		"a part":    {0, "SUCCEEDED", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: job.NothingToDo}, "b#1": {ExitCode: tt.b}})}
			inWorld(t, config, func(t *testing.T, w *simulation.World) {
				got, id := uploaded(t, w, idle, nil)
				compare(t, w, id, ended{
					Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED", Clusters: 1,
				}, got)
				rec := w.Record(id)
				if rec.Run.NothingToDo != tt.run || !rec.Job("a").NothingToDo || *rec.Job("a").ExitCode != 77 || rec.Job("b").NothingToDo != tt.run {
					t.Errorf("run: %t, jobs: %+v", rec.Run.NothingToDo, rec.Jobs)
				}
				notice := w.Mails()[0]
				if s := aws.ToString(notice.Subject); s != tt.want+" "+id {
					t.Errorf("subject %q", s)
				}
				if m := aws.ToString(notice.Message); !strings.Contains(m, ": "+tt.want+"\n") || !strings.Contains(m, "a had nothing to do\n") {
					t.Errorf("notice:\n%s", m)
				}
				if _, marked := notice.MessageAttributes["nothingToDo"]; marked != tt.run || idleEvent(t, w) != tt.run {
					t.Errorf("marked: notice %t, event %t", marked, idleEvent(t, w))
				}
			})
		})
	}
}

// idleEvent says whether the first outcome that was announced is one without work.
func idleEvent(t *testing.T, w *simulation.World) bool {
	t.Helper()
	for _, e := range w.Bus.Events() {
		var d events.RunFinished
		if *e.DetailType != events.TypeRunFinished {
			continue
		}
		if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil {
			t.Fatal(err)
		}
		return d.NothingToDo
	}
	t.Fatal("no outcome was announced")
	return false
}
