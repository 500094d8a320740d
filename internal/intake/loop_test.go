package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/intake"
	"ephemr/internal/job"
	"ephemr/internal/operation"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// writing is a pipeline that listens to in/ of the zone raw.
func writing(trigger, jobKeys string) string {
	return "pipeline: writer\ntriggers: [{s3: {bucket: raw, prefix: in/" + trigger + "}}]\ncluster: {profile: small}\n" +
		"jobs: [{name: a, type: bash, source: a" + jobKeys + "}]\n"
}

// working waits until the job of a run is at work.
func working(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	for range 600 {
		if jobs := w.Record(id).Jobs; len(jobs) > 0 && jobs[0].State == run.JobRunning {
			time.Sleep(10 * time.Second)
			return
		}
		time.Sleep(time.Second)
	}
	t.Fatalf("job of run %s did not start", id)
}

// What a run writes below its own trigger starts nothing, as far as the records of the run
// say where it writes. What others write meanwhile starts a run.
func TestOwnWritesStartNothing(t *testing.T) {
	t.Parallel()
	const own = "was written by run writer-"
	for name, tt := range map[string]struct {
		trigger, keys string
		outputs       map[string]string
		second        string // created while the run of in/day/first is at work; ID stands for its id
		want          string // of the reason; "" = it starts a run, "-" = none is recorded
	}{
		"an argument":                    {keys: `, args: ["{{.Trigger.Object}}", "--out=s3a://test-raw/in/out/"]`, second: "in/out/part-0", want: own},
		"the object itself":              {keys: `, args: ["s3://test-raw/in/out.csv"]`, second: "in/out.csv", want: own},
		"the environment":                {keys: `, env: {OUT: "{{.Lake.raw}}/in/out"}`, second: "in/out/part-0", want: own},
		"an output of the job":           {outputs: map[string]string{"path": "s3://test-raw/in/out/"}, second: "in/out/part-0", want: own},
		"a batch":                        {trigger: ", batch: {window: 1s}", keys: `, args: ["s3://test-raw/in/out/"]`, second: "in/out/part-0", want: own},
		"the id of the run":              {second: "in/ID/part-0", want: "-"},
		"the id in a name":               {second: "in/part-0_ID.csv", want: "-"},
		"the id of another pipeline":     {second: "in/my-ID/part-0"},
		"another directory":              {keys: `, args: ["s3://test-raw/in/out/"]`, second: "in/outside/part-0"},
		"the whole prefix is read":       {keys: `, args: ["{{.Lake.raw}}/in/"]`, second: "in/day/part-0"},
		"the whole bucket is read":       {keys: `, args: ["{{.Lake.raw}}"]`, second: "in/day/part-0"},
		"the directory of its own input": {keys: `, args: ["{{.Lake.raw}}/in/day/"]`, second: "in/day/part-0"},
		"nothing is known":               {second: "in/out/part-0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{Steps: func(simulation.Attempt) simulation.Step {
					return simulation.Step{Outputs: tt.outputs}
				}})
				defer w.Close()
				w.Apply("limits: {maxActive: 1}\n" + writing(tt.trigger, tt.keys))
				w.Upload("in/day/first")
				time.Sleep(3 * time.Second)
				first := w.RunIDs()[0]
				working(t, w, first)
				w.Upload(strings.ReplaceAll(tt.second, "ID", first))
				time.Sleep(time.Hour)
				second := of(w, first)
				switch {
				case second == nil:
					if tt.want != "-" {
						t.Errorf("%s has no run, want %q", tt.second, tt.want)
					}
				case tt.want == "":
					if second.State != run.Succeeded {
						t.Errorf("run of %s is %s: %s", tt.second, second.State, second.Reason)
					}
				case second.State != run.Failed || second.Class != job.ClassInvalid || !strings.Contains(second.Reason, tt.want) || w.Made(second.ID) != 0:
					t.Errorf("run of %s is %s, with %d clusters: %s; want %q", tt.second, second.State, w.Made(second.ID), second.Reason, tt.want)
				default:
					redone(t, w, second.ID)
				}
			})
		})
	}
}

// What a test of ephemr test puts into the lake, and what its run writes there, starts nothing.
func TestObjectsOfTestsStartNothing(t *testing.T) {
	t.Parallel()
	for name, batch := range map[string]string{"each object": "", "a batch": ", batch: {window: 1s}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{})
				defer w.Close()
				w.Apply("pipeline: all\ntriggers: [{s3: {bucket: raw" + batch + "}}]\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\n")
				w.Upload("tests/test-flights-daily-abc234/flights/a.csv")
				w.Upload("tests/abc234/flights/a.csv")
				time.Sleep(time.Hour)
				if all := runs(w); len(all) != 1 || batch == "" && all[0].Trigger.Key != "tests/abc234/flights/a.csv" || all[0].Trigger.Count > 1 {
					t.Errorf("got %+v", all)
				}
			})
		})
	}
}

// of returns the other run, or nil.
func of(w *simulation.World, first string) *run.Run {
	for _, r := range runs(w) {
		if r.ID != first {
			return &r
		}
	}
	return nil
}

// redone has a run that was stopped go on.
func redone(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	var redone intake.Redone
	must(t, control(t, w, operation.Redo, intake.RedoRequest{RunID: id, RequestID: "1"}, &redone))
	time.Sleep(time.Hour)
	if r := w.Record(redone.RunID).Run; r.State != run.Succeeded || r.Chain != nil {
		t.Errorf("the run that redoes it is %s: %s; chain %v", r.State, r.Reason, r.Chain)
	}
}

// Objects that are created before a run is at work, and after it, start others.
func TestObjectsBesideARun(t *testing.T) {
	t.Parallel()
	inBatches(t, writing("", `, args: ["{{.Trigger.Object}}", "s3://test-raw/in/out/"]`), func(t *testing.T, w *simulation.World) {
		w.Upload("in/first")
		time.Sleep(10 * time.Second)
		w.Upload("in/out/before") // the cluster starts
		w.Wait(w.RunIDs()[0])
		time.Sleep(10 * time.Minute)
		w.Upload("in/out/after")
		time.Sleep(time.Hour)
		for _, r := range runs(w) {
			if r.State != run.Succeeded || r.Chain != nil {
				t.Errorf("run of %s is %s: %s; chain %v", r.Trigger.Key, r.State, r.Reason, r.Chain)
			}
		}
	})
}

// A loop that the records do not show ends by its length, and the message names it.
func TestLoopEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		want int // runs that are not stopped
	}{
		"by default":  {writing("", ""), 17},
		"shorter":     {"limits: {maxChain: 3}\n" + writing("", ""), 4},
		"with a pool": {"limits: {maxActive: 1}\n" + strings.Replace(writing("", ""), "profile: small", "profile: small, keepAlive: 10m", 1), 17},
		"batches":     {"limits: {maxChain: 3}\n" + writing(", batch: {window: 20s}", ""), 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var w *simulation.World
				w = simulation.New(simulation.Config{Steps: func(a simulation.Attempt) simulation.Step {
					time.AfterFunc(30*time.Second, func() { w.Upload("in/after-" + a.RunID[len(a.RunID)-8:]) })
					return simulation.Step{}
				}})
				defer w.Close()
				w.Apply(tt.file)
				w.Upload("in/first")
				time.Sleep(time.Duration(tt.want) * 10 * time.Minute)
				var stopped []run.Run
				for _, r := range runs(w) {
					if r.State != run.Succeeded {
						stopped = append(stopped, r)
					}
				}
				if n := len(w.RunIDs()); n != tt.want+1 || len(stopped) != 1 {
					t.Fatalf("%d runs, %d stopped, want %d and 1", n, len(stopped), tt.want+1)
				}
				want := fmt.Sprintf("this may be a loop: %d runs of pipeline writer in succession", tt.want)
				if r := stopped[0]; r.State != run.Failed || r.Class != job.ClassInvalid || !strings.Contains(r.Reason, want) || !strings.Contains(r.Reason, "ephemr redo "+r.ID) || w.Made(r.ID) != 0 {
					t.Errorf("run %s is %s: %s; want %q", r.ID, r.State, r.Reason, want)
				}
			})
		})
	}
}

// A source that goes on while runs are at work is no loop, because some of its objects
// come while none is.
func TestStreamIsNoLoop(t *testing.T) {
	t.Parallel()
	inBatches(t, writing("", ""), func(t *testing.T, w *simulation.World) {
		for i := range 50 {
			w.Upload(fmt.Sprintf("in/%d", i))
			time.Sleep(47 * time.Second)
		}
		time.Sleep(2 * time.Hour)
		for _, r := range runs(w) {
			if r.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", r.ID, r.State, r.Reason)
			}
		}
		if n := len(w.RunIDs()); n != 50 {
			t.Errorf("%d runs, want 50", n)
		}
	})
}
