package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/submit"
	"ephemr/internal/emr/pool"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

func (w *world) submits(ctx context.Context, o submit.Options) error {
	return submit.Run(ctx, o, w.io, w.settings, submit.Clients{
		Profiles: w.ssm, S3: w.s3, SQS: w.sqs, Pools: &pool.Store{DB: w.db, Table: w.settings.ClustersTable}, Follower: w.follower(), Sender: caller,
	})
}

func hiveJob(t *testing.T) submit.Options {
	t.Helper()
	dir := project(t, map[string]string{"jobs/hive_job/main.sql": "select 1;\n"})
	return submit.Options{Source: "jobs/hive_job", Type: "hive", User: "etl", Project: dir, Profile: "small"}
}

// arrived delivers the request and returns its run.
func (w *world) arrived() run.Run {
	w.t.Helper()
	w.deliver()
	for _, s := range []run.State{run.Queued, run.Rejected} {
		found, err := w.runs.List(w.t.Context(), run.Query{State: s, Limit: 1})
		w.no(err)
		if len(found) == 1 {
			return found[0]
		}
	}
	w.t.Fatal("no run")
	return run.Run{}
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		exit    int
		outcome run.Outcome
		want    int
		color   bool
	}{
		"succeeds":  {0, run.Outcome{State: run.Succeeded}, 0, false},
		"fails":     {3, run.Outcome{State: run.Failed, Class: job.ClassJob, Reason: "job hive-job: the program ended with exit code 3"}, 3, false},
		"idle":      {77, run.Outcome{State: run.Succeeded, NothingToDo: true}, 77, false},
		"cancelled": {0, run.Outcome{State: run.Cancelled, Class: job.ClassCancelled, Reason: "asked for by etl"}, 1, false},
		"terminal":  {0, run.Outcome{State: run.Succeeded}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := hiveJob(t)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.io.OutTTY, w.io.ErrTTY, w.io.Color = c.color, c.color, c.color
				var id string
				go func() {
					time.Sleep(time.Second + between)
					id = w.arrived().ID
					w.begin(id, run.Job{Name: "hive-job", Type: job.Hive, State: run.JobPending})
					j := w.submit(id, "hive-job", 1)
					w.print(id, "hive-job", 1, "stdout", "1")
					w.print(id, "hive-job", 1, "stderr", "Time taken: 1 s", "\x1b]0;title\a\x1b[31mred\x1b[0m")
					time.Sleep(2 * time.Second)
					w.over(id, j, c.exit, false)
					w.end(id, c.outcome)
				}()
				err := w.submits(t.Context(), o)
				if got := exit.CodeOf(err); got != c.want {
					t.Errorf("exit code %d (%v), want %d", got, err, c.want)
				}
				if c.color {
					contains(t, w.err.String(), "\r\x1b[K", "cluster j-1ABC is starting", "hive-job 1.", "\nred\n")
					return
				}
				if w.out.String() != "1\n" {
					t.Errorf("stdout is %q, want what the job printed there", w.out.String())
				}
				w.golden("submit-"+name, id, "RUN", o.Project, "PROJECT")
			})
		})
	}
}

// A request contains everything about the job, and intake accepts it.
func TestSubmitRequest(t *testing.T) {
	t.Parallel()
	o := hiveJob(t)
	o.User, o.Detach, o.Retries, o.Timeout, o.Resize = "Ann.Smith@example.com", true, 2, time.Minute, "task=4"
	o.Expect = []string{"s3://lake-curated/out/"}
	o.Background = "wait"
	o.Args, o.Vars, o.Conf, o.Params = []string{"-v"}, []string{"day={{.Params.day}}"}, []string{"hive.x=a=b"}, []string{"day=2026-11-01"}
	w := newWorld(t)
	w.no(w.submits(t.Context(), o))
	var q events.Request
	w.no(json.Unmarshal([]byte(aws.ToString(w.sqs.Messages(requests)[0].MessageBody)), &q))
	r := w.arrived()
	if r.State != run.Queued || r.ID+"\n" != w.out.String() {
		t.Fatalf("got %s %s %s, stdout %q", r.ID, r.State, r.Reason, w.out.String())
	}
	rec, err := w.runs.Load(t.Context(), r.ID)
	w.no(err)
	if rec.Spec.Name != "adhoc-ann-smith" || rec.Run.Owner != caller || rec.Run.Params["day"] != "2026-11-01" {
		t.Errorf("got %+v", rec.Spec)
	}
	checkHiveJob(t, rec.Spec.Jobs[0])
	if w.s3.Object("artifacts", rec.Spec.Jobs[0].Package.Key) == nil {
		t.Error("the package is not in the bucket")
	}
}

func checkHiveJob(t *testing.T, j pipeline.Job) {
	t.Helper()
	if j.Name != "hive-job" || j.Retries != 2 || j.Timeout.Std() != time.Minute || j.Conf["hive.x"] != "a=b" || j.Entry != "main.sql" || j.Args[0] != "-v" || j.Resize.Task != 4 || j.Background != job.BackgroundWait || len(j.Expect) != 1 {
		t.Errorf("got %+v", j)
	}
}

func TestSubmitSources(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"jobs/9lives/run.sh": "true", "jobs/checks/run.sh": "true", "one.sh": "true"})
	for source, want := range map[string]string{
		"jobs/9lives": "job-9lives", "jobs/checks/": "checks-job", "one.sh": "one", filepath.Join(dir, "one.sh"): "one", "jobs/../one.sh": "one",
	} {
		w := newWorld(t)
		if err := w.submits(t.Context(), submit.Options{Source: source, Type: "bash", User: "e", Project: dir, Profile: "small", Detach: true}); err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		rec, err := w.runs.Load(t.Context(), w.arrived().ID)
		w.no(err)
		if got := rec.Spec.Jobs[0].Name; got != want {
			t.Errorf("%s: job %q, want %q", source, got, want)
		}
	}
}

// Included files of the project are packaged with a job from any directory; the
// same content is uploaded once.
func TestSubmitIncludes(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"jobs/a/run.sh": "true", "lib/common.sh": "x=1", "conf/a.conf": "a"})
	elsewhere := project(t, map[string]string{"run.sh": "true"})
	w := newWorld(t)
	for i, source := range []string{"jobs/a", filepath.Join(dir, "jobs/a"), elsewhere} {
		w.no(w.submits(t.Context(), submit.Options{
			Source: source, Type: "bash", User: "e", Project: dir, Profile: "small", Detach: true, Include: []string{"lib/common.sh", "conf/"},
		}))
		if n := w.s3.Calls("PutObject"); n != 1 {
			t.Errorf("%d uploads after submitting %d times", n, i+1)
		}
	}
	contains(t, w.err.String(), "jobs/a: 3 files, ", "uploaded in ", "already uploaded")
}

func TestSubmitRejects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*submit.Options)
		want   string
	}{
		"no source": {func(o *submit.Options) { o.Source = "" }, "no source; set"},
		"no type":   {func(o *submit.Options) { o.Type = "" }, "with -t: bash, dbt, hive, jar, spark"},
		"type":      {func(o *submit.Options) { o.Type = "pig" }, `invalid job type "pig"`},
		"quality":   {func(o *submit.Options) { o.Type = "quality" }, "invalid job type"},
		"no user":   {func(o *submit.Options) { o.User = "" }, "no user"},
		"missing":   {func(o *submit.Options) { o.Source = "jobs/none" }, "no such file"},
		"entry":     {func(o *submit.Options) { o.Type = "spark" }, "main.py"},
		"include":   {func(o *submit.Options) { o.Include = []string{"../lib"} }, "include ../lib: not inside the project"},
		"conf":      {func(o *submit.Options) { o.Conf = []string{"x"} }, "--conf"},
		"class":     {func(o *submit.Options) { o.Class = "X" }, "class: hive jobs have no class"},
		"template":  {func(o *submit.Options) { o.Args = []string{"{{.Params.day}}"} }, "day"},
		"retries":   {func(o *submit.Options) { o.Retries = 99 }, "retries"},
		"resize":    {func(o *submit.Options) { o.Resize = "core=2" }, `invalid --resize "core=2": expected task=N`},
		"to 0":      {func(o *submit.Options) { o.Resize = "task=0" }, "resize.task: the number of task units is 0; use 1 to 1000"},
		"no core":   {func(o *submit.Options) { o.Resize, o.Profile = "task=2", "alone" }, "resize: profile alone has no core units"},
		"too many":  {func(o *submit.Options) { o.Resize = "task=9" }, "resize: 2 core and 9 task units are more than the 10 that profile small allows"},
		"profile":   {func(o *submit.Options) { o.Profile = "huge" }, `no cluster profile "huge"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := newWorld(t), hiveJob(t)
			c.change(&o)
			err := w.submits(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if exit.CodeOf(err) != exit.CodeUsage {
				t.Errorf("exit code %d, want 2", exit.CodeOf(err))
			}
			if n := w.sqs.Calls("SendMessage"); n != 0 {
				t.Errorf("%d requests sent", n)
			}
		})
	}
}

// An interrupt does not affect the run, recorded or not.
func TestSubmitIsInterrupted(t *testing.T) {
	t.Parallel()
	o := hiveJob(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("interrupt"))
		defer cancel()
		if err := w.submits(ctx, o); exit.CodeOf(err) != exit.CodeInterrupted || !exit.IsSilent(err) {
			t.Errorf("got %v, want exit code 130", err)
		}
		contains(t, w.err.String(), "follow it with: ephemr logs -f adhoc-etl-")
	})
}
