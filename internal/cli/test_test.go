package cli_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/test"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// prices is a project with a test: its run reads a file and writes another.
func prices(t *testing.T, expected string) string {
	t.Helper()
	return project(t, map[string]string{
		"prices.yaml": "pipeline: prices\ncluster: {profile: small, keepAlive: 5m}\n" +
			"triggers: [{s3: {bucket: raw, prefix: prices/}}]\nnotify: {failure: [owner]}\nowner: ann@example.com\n" +
			"jobs: [{name: load, type: bash, source: jobs/load, args: [\"{{.Lake.raw}}/prices/\", \"{{.Trigger.Object}}\"], approve: {timeout: 1h}}]\n",
		"jobs/load/run.sh":         "true\n",
		"tests/prices/test.yaml":   "pipeline: prices.yaml\nobject: raw/prices/in.csv\ninput: {raw/prices/: in.csv}\nexpected:\n" + expected,
		"tests/prices/in.csv":      "sku,price\n",
		"tests/prices/want.csv":    "sku,price\na,1.5\nb,2.5\nc,3\n",
		"tests/broken/b/test.yaml": "pipeline: prices.yaml\nobject: raw/prices/in.csv\nexpectation: {}\n",
	})
}

// plays runs a test of a project whose job writes data, and returns the id of the run.
func (w *world) plays(o test.Options, exitCode int, outcome run.Outcome, data string) (id string, err error) {
	w.t.Helper()
	w.s3 = awsfake.NewS3("artifacts", "logs", "lake-raw", "lake-curated")
	go func() {
		time.Sleep(time.Second + between)
		r := w.arrived()
		id = r.ID
		w.begin(r.ID, run.Job{Name: "load", Type: job.Bash, State: run.JobPending})
		j := w.submit(r.ID, "load", 1)
		w.print(r.ID, "load", 1, "stdout", "loading")
		w.s3.Place("lake-curated", "tests/"+r.Pipeline+"/prices/part-0.csv", []byte(data))
		j.Outputs = map[string]string{"rows": "2"}
		time.Sleep(2 * time.Second)
		w.over(r.ID, j, exitCode, false)
		w.end(r.ID, outcome)
	}()
	o.Parallel = 1
	err = w.tests(w.t.Context(), o)
	return id, err
}

// tests runs ephemr test.
func (w *world) tests(ctx context.Context, o test.Options) error {
	return test.Run(ctx, o, w.io, func(context.Context) (test.Clients, func(context.Context) error, error) {
		return test.Clients{Settings: w.settings, Sender: caller, API: test.API{S3: w.s3, SQS: w.sqs, Lambda: w.lambda, Follower: w.follower()}},
			func(context.Context) error { w.io.Notef("ended\n"); return nil }, nil
	})
}

func TestTest(t *testing.T) {
	t.Parallel()
	succeeded := run.Outcome{State: run.Succeeded}
	failed := run.Outcome{State: run.Failed, Class: job.ClassJob, Reason: "job load: no such column"}
	const rows = "  datasets: [{dataset: curated/prices/, rows: want.csv, key: [sku], tolerance: 0.001}]\n"
	for name, tt := range map[string]struct {
		expected, data string
		exit           int
		outcome        run.Outcome
		want           int
	}{
		"passes":               {"  jobs: {load: {outputs: {rows: 2}}}\n" + rows, "price,sku\n2.5001,b\n1.5,a\n3,c\n", 0, succeeded, 0},
		"differs":              {"  jobs: {load: {state: SKIPPED, outputs: {rows: 3, files: 1}}}\n" + rows, "sku,price\na,1.6\nb,2.5\nd,4\n", 0, succeeded, 1},
		"fails":                {rows, "sku,price\n", 3, failed, 1},
		"fails as it is":       {"  outcome: FAILED\n  class: job\n  reason: no such\n", "", 3, failed, 0},
		"fails in another way": {"  outcome: FAILED\n  class: data\n  reason: unique\n", "", 3, failed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := prices(t, tt.expected)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				junit := filepath.Join(dir, "out.xml")
				id, err := w.plays(test.Options{Project: dir, Dirs: []string{filepath.Join(dir, "tests", "prices")}, JUnit: junit}, tt.exit, tt.outcome, tt.data)
				if got := exit.CodeOf(err); got != tt.want {
					t.Errorf("exit code %d (%v), want %d", got, err, tt.want)
				}
				w.cleaned()
				checkJUnit(t, junit, tt.want)
				w.adapted(id)
				w.golden("test-"+strings.ReplaceAll(name, " ", "-"), id, "RUN", dir, "PROJECT")
			})
		})
	}
}

// adapted checks what a test has made of the pipeline.
func (w *world) adapted(id string) {
	w.t.Helper()
	rec, err := w.runs.Load(w.t.Context(), id)
	w.no(err)
	s := rec.Spec
	if len(s.Triggers)+len(s.Notify.Failure) > 0 || s.Cluster.KeepAlive != 0 || s.Jobs[0].Approve != nil || rec.Run.Version != 0 {
		w.t.Errorf("got %+v", s)
	}
	if !run.OfTest(s.LakeFolder + "/prices/in.csv") {
		w.t.Errorf("objects in %s would start runs", s.LakeFolder)
	}
	c := rec.Context(w.settings)
	if want := "s3://lake-raw/tests/" + rec.Run.Pipeline; c.Lake["raw"] != want || c.Trigger["Object"] != want+"/prices/in.csv" {
		w.t.Errorf("got %v and %v", c.Lake, c.Trigger)
	}
}

// cleaned checks that tests have left nothing in the lake.
func (w *world) cleaned() {
	w.t.Helper()
	for _, bucket := range []string{"lake-raw", "lake-curated"} {
		if left := w.s3.Keys(bucket); len(left) > 0 {
			w.t.Errorf("left in %s: %v", bucket, left)
		}
	}
}

// checkJUnit reads a file as CI systems do.
func checkJUnit(t *testing.T, file string, failures int) {
	t.Helper()
	data, err := os.ReadFile(file) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Name    string    `xml:"name,attr"`
				Time    float64   `xml:"time,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(data, &got); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	s := got.Suites[0]
	if len(got.Suites) != 1 || s.Tests != 1 || s.Failures != failures || s.Errors != 0 || s.Cases[0].Name != "prices" || (s.Cases[0].Failure != nil) != (failures > 0) || s.Cases[0].Time <= 0 {
		t.Errorf("got %s", data)
	}
}

// A run that does not end is cancelled, and its test fails.
func TestTestTimesOut(t *testing.T) {
	t.Parallel()
	dir := prices(t, "  outcome: SUCCEEDED\ntimeout: 30s\n")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var cancelled json.RawMessage
		w.handle("control", func(_ context.Context, payload json.RawMessage) (any, error) {
			cancelled = payload
			return struct{}{}, nil
		})
		_, err := w.plays(test.Options{Project: dir, Dirs: []string{filepath.Join(dir, "tests", "prices")}, JSON: true}, 0, run.Outcome{State: run.Succeeded}, "")
		if exit.CodeOf(err) != exit.CodeFailed || !strings.Contains(string(cancelled), "ephemr test has ended") {
			t.Errorf("%v, cancelled by %s", err, cancelled)
		}
		contains(t, w.out.String(), `"message": "not over after 30s"`, `"failed": 1`)
		time.Sleep(time.Minute) // for the other goroutine
	})
}

// endsAfter ends a run that was cancelled, after it has written once more.
func (w *world) endsAfter(d time.Duration, r run.Run, file string) {
	time.Sleep(d)
	w.s3.Place("lake-curated", "tests/"+r.Pipeline+"/prices/"+file, []byte("a"))
	w.end(r.ID, run.Outcome{State: run.Cancelled, Class: job.ClassCancelled})
}

// The data of a test is deleted when its run has ended, not before: the job still reads and
// writes. If the run does not end, the data is kept.
func TestTestCleansUpAfterItsRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ends        time.Duration // after it was cancelled; 0 = does not end
		refused     bool          // the first cancellation
		interrupted bool
		want        int // exit code
	}{
		"a run that ends":                      {ends: 20 * time.Second, want: exit.CodeFailed},
		"a cancellation that is refused":       {ends: 20 * time.Second, refused: true, want: exit.CodeFailed},
		"an interrupted test":                  {ends: 20 * time.Second, interrupted: true, want: exit.CodeInterrupted},
		"a run that does not end":              {want: exit.CodeFailed},
		"an interrupted one that does not end": {interrupted: true, want: exit.CodeInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := prices(t, "  outcome: SUCCEEDED\ntimeout: 30s\n")
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.s3 = awsfake.NewS3("artifacts", "logs", "lake-raw", "lake-curated")
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				var r run.Run
				go func() {
					time.Sleep(time.Second + between)
					r = w.arrived()
					w.begin(r.ID, run.Job{Name: "load", Type: job.Bash, State: run.JobPending})
					w.submit(r.ID, "load", 1)
					w.s3.Place("lake-curated", "tests/"+r.Pipeline+"/prices/part-0.csv", []byte("a"))
					if tt.interrupted {
						interrupt()
					}
				}()
				refused := tt.refused
				w.handle("control", func(context.Context, json.RawMessage) (any, error) {
					if refused {
						refused = false
						return nil, errors.New("throttled")
					}
					if tt.ends > 0 {
						go w.endsAfter(tt.ends, r, "part-1.csv") //nolint:contextcheck // end uses that of the test
					}
					return struct{}{}, nil
				})
				err := w.tests(ctx, test.Options{Project: dir, Dirs: []string{filepath.Join(dir, "tests", "prices")}, Parallel: 1})
				if got := exit.CodeOf(err); got != tt.want {
					t.Errorf("exit code %d (%v), want %d", got, err, tt.want)
				}
				if tt.ends > 0 {
					w.cleaned()
					return
				}
				contains(t, w.err.String(), "run "+r.ID+" was cancelled, and has not ended within 3m0s; its data is kept",
					"aws s3 rm --recursive s3://lake-curated/tests/"+r.Pipeline+"/ && aws s3 rm --recursive s3://lake-raw/tests/"+r.Pipeline+"/")
				if in, out := w.s3.Keys("lake-raw"), w.s3.Keys("lake-curated"); len(in) != 1 || len(out) != 1 {
					t.Errorf("left %v and %v", in, out)
				}
			})
		})
	}
}

// Invalid tests are reported before anything starts.
func TestTestRefuses(t *testing.T) {
	t.Parallel()
	dir := prices(t, "  outcome: SUCCEEDED\n")
	for name, tt := range map[string]struct {
		o    test.Options
		want string
	}{
		"an unknown key":  {test.Options{Dirs: []string{"tests"}}, "tests/broken/b/test.yaml:3:1: expectation: unknown key"},
		"no folder":       {test.Options{Dirs: []string{"test"}}, "no such file or directory"},
		"no test":         {test.Options{Dirs: []string{"jobs"}}, "contains no test.yaml"},
		"no match":        {test.Options{Dirs: []string{"tests/prices"}, Run: "^x"}, "no test matches --run ^x; there are [prices]"},
		"an expression":   {test.Options{Run: "("}, "--run: error parsing regexp"},
		"parallel":        {test.Options{Parallel: -1}, "invalid --parallel -1: use 1 to 16"},
		"the same folder": {test.Options{Dirs: []string{"tests/prices", "tests/prices"}, Run: "x"}, "there are [prices]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := tt.o
			o.Project = dir
			if o.Parallel == 0 {
				o.Parallel = 1
			}
			o.Dirs = nil
			for _, d := range tt.o.Dirs {
				o.Dirs = append(o.Dirs, filepath.Join(dir, d))
			}
			err := test.Run(t.Context(), o, w.io, func(context.Context) (test.Clients, func(context.Context) error, error) {
				t.Error("connected")
				return test.Clients{}, nil, os.ErrInvalid
			})
			if exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
