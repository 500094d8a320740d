package cli_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/logs"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

// archive writes a log of a step as EMR does.
func (w *world) archive(step, name, text string) {
	w.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	w.no(err)
	w.no(z.Close())
	_, err = w.s3.PutObject(w.t.Context(), &awss3.PutObjectInput{Bucket: new("logs"), Key: new("emr/j-1ABC/steps/" + step + "/" + name + ".gz"), Body: &b})
	w.no(err)
}

// archived simulates a run of one job with logs in CloudWatch and in the archive.
// It ends 41 s after its start.
func (w *world) archived() string {
	w.t.Helper()
	at := time.Now()
	w.made(w.runs.Create(w.t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
	w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
	j := w.submit("flights-1", "clean", 1)
	w.print("flights-1", "clean", 1, "stdout", "one")
	time.Sleep(time.Second)
	w.print("flights-1", "clean", 1, "stdout", " ", "two")
	w.print("flights-1", "clean", 1, "stderr", "oops")
	w.over("flights-1", j, 0, false)
	w.end("flights-1", run.Outcome{State: run.Succeeded})
	w.archive("s-clean", "stdout", "one\n\ntwo\n")
	w.archive("s-clean", "stderr", "oops\n")
	w.archive("s-clean", "controller", "INFO startExec\nINFO Step succeeded\n")
	w.archive("s-clean", "syslog", "")
	return "flights-1"
}

const (
	streamedLines = "one\n\noops\ntwo\n" // by time
	archivedLines = "one\n\ntwo\noops\n" // one stream after the other
	ofArchive     = "logs archived by EMR in S3: no timestamps, streams follow each other\n"
	day           = 24 * time.Hour
)

func TestLogsOfTheArchive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		o      logs.Options
		before func(w *world) // after the run
		out    string
		err    string
	}{
		"CloudWatch has them":          {out: streamedLines},
		"the group is gone":            {before: func(w *world) { w.logs.Delete(w.settings.RunLogGroup) }, out: archivedLines, err: ofArchive},
		"the events have expired":      {before: func(w *world) { time.Sleep(15 * day); w.logs.Forget(w.settings.RunLogGroup, time.Now()) }, out: archivedLines, err: ofArchive},
		"some events have expired":     {before: func(w *world) { w.expire(500 * time.Millisecond) }, out: archivedLines, err: ofArchive},
		"old, but nothing has expired": {before: func(*world) { time.Sleep(15 * day) }, out: archivedLines, err: ofArchive},
		"expired, and archived nowhere": {
			before: func(w *world) { w.expire(500 * time.Millisecond); w.unarchive() }, out: "\noops\ntwo\n",
			err: "the beginning of job clean, attempt 1, may be missing: CloudWatch keeps logs for 14 days, and there is no EMR archive\n",
		},
		"gone everywhere": {
			before: func(w *world) { time.Sleep(15 * day); w.logs.Delete(w.settings.RunLogGroup); w.unarchive() },
			err:    "logs have expired: run flights-1 ended 2000-01-01 00:00, CloudWatch keeps logs for 14 days, and there is no EMR archive\n",
		},
		"CloudWatch did not take all": {before: func(w *world) { w.cut() }, out: archivedLines, err: ofArchive},
		"not all, and no archive": {
			before: func(w *world) { w.cut(); w.unarchive() }, out: streamedLines,
			err: "lines of job clean, attempt 1, are missing: CloudWatch did not accept all of them, and there is no EMR archive\n",
		},
		"the archive is refused": {
			before: func(w *world) { w.logs.Delete(w.settings.RunLogGroup); w.s3.FailNext("ListObjectsV2", denied()) },
			err:    "no logs of job clean, attempt 1, in CloudWatch, and the EMR archive cannot be read: look for archived logs in s3://logs/emr/j-1ABC/steps/s-clean/: ",
		},
		"killed with nothing unsent": {before: func(w *world) { w.kill("one\n\ntwo\n") }, out: streamedLines},
		"killed with lines unsent": {
			before: func(w *world) { w.kill("one\n\ntwo\nthree\nfo") }, out: streamedLines + "three\nfo\n", err: ofArchive,
		},
		"killed, and EMR's programs have a word": {
			before: func(w *world) { w.kill("Warning: x\none\nWarning: y\n\ntwo\nthree\n") }, out: streamedLines + "three\n", err: ofArchive,
		},
		"killed before anything was sent": {
			before: func(w *world) { w.kill("one\n\ntwo\n"); w.logs.Delete(w.settings.RunLogGroup) }, out: archivedLines, err: ofArchive,
		},
		"killed, and the archive ends earlier": {
			before: func(w *world) { w.kill("one\n") }, out: streamedLines,
			err: "the last lines of job clean, attempt 1, may be missing because its runner was killed: the EMR archive ends earlier or differs\n",
		},
		"killed, and no archive": {
			before: func(w *world) { w.kill(""); w.unarchive() }, out: streamedLines,
			err: "the last lines of job clean, attempt 1, may be missing because its runner was killed: there is no EMR archive of it yet\n",
		},
		"killed, seen since": {
			o: logs.Options{Since: "2000-01-01T00:00:41Z"}, before: func(w *world) { w.kill("one\n\ntwo\nthree\n") }, out: "\noops\ntwo\nthree\n",
			err: strings.TrimSuffix(ofArchive, "\n"),
		},
		"not asked for": {o: logs.Options{Stream: "stdout"}, out: "one\n\ntwo\n"},
		"asked for":     {o: logs.Options{Archived: true, Stream: "stdout"}, out: "one\n\ntwo\n", err: ofArchive},
		"followed": {
			o: logs.Options{Follow: true}, before: func(w *world) { w.logs.Delete(w.settings.RunLogGroup) }, out: archivedLines, err: "[  0.0s] run flights-1 QUEUED by \n[  1.0s] run ADMITTED\n[  2.0s] run RUNNING\n[  3.0s] cluster j-1ABC created from profile small\n" +
				"[ 40.0s] cluster j-1ABC ready after 37.0s\n[ 40.0s] job clean RUNNING\n[ 41.0s] " + ofArchive + "[ 41.0s] job clean SUCCEEDED",
		},
		"EMR's own":               {o: logs.Options{Controller: true, Job: "clean"}, out: "INFO startExec\nINFO Step succeeded\n", err: ofArchive},
		"EMR's own, some of it":   {o: logs.Options{Controller: true, Job: "clean", Grep: "succ"}, out: "INFO Step succeeded\n", err: ofArchive},
		"EMR's own, not archived": {o: logs.Options{Controller: true}, before: func(w *world) { w.unarchive() }, err: "no controller logs in the archive"},
		"since then nothing, but before": {
			o: logs.Options{Since: "2000-01-01T01:00:00Z"}, before: func(*world) { time.Sleep(time.Hour) },
			err: "no output since 2000-01-01T01:00:00Z; run flights-1 is SUCCEEDED\n",
		},
		"since a time before the end": {
			o: logs.Options{Since: "2000-01-01T00:00:41Z"}, before: func(w *world) { w.logs.Delete(w.settings.RunLogGroup) }, out: archivedLines,
			err: strings.TrimSuffix(ofArchive, "\n") + "; jobs with output since then are shown from the beginning\n",
		},
		"since a time after the end": {
			o: logs.Options{Since: "2000-01-01T00:05:00Z"}, before: func(w *world) { w.logs.Delete(w.settings.RunLogGroup) },
			err: "no output since 2000-01-01T00:05:00Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.o.RunID = w.archived()
				if tt.before != nil {
					tt.before(w)
				}
				if tt.o.Job == "" {
					tt.o.Job = "clean"
				}
				w.no(logs.Run(t.Context(), tt.o, w.io, w.follower()))
				if w.out.String() != tt.out {
					t.Errorf("stdout %q, want %q", w.out.String(), tt.out)
				}
				if e := w.err.String(); !strings.HasPrefix(e, tt.err) || tt.err == "" && e != "" {
					t.Errorf("stderr %q, want %q", e, tt.err)
				}
			})
		})
	}
}

// kill records a runner without a result, after the lines streamed so far.
func (w *world) kill(stdout string) {
	w.t.Helper()
	rec, err := w.runs.Load(w.t.Context(), "flights-1")
	w.no(err)
	j := *rec.Job("clean")
	j.State, j.Class, j.ExitCode = run.JobCancelled, job.ClassCancelled, nil
	w.did(w.runs.ReplaceJob(w.t.Context(), "flights-1", j, run.JobSucceeded, j.Attempt))
	w.archive("s-clean", "stdout", stdout)
}

// expire advances the time until everything printed this long before the second
// lines has expired.
func (w *world) expire(before time.Duration) {
	w.t.Helper()
	rec, err := w.runs.Load(w.t.Context(), "flights-1")
	w.no(err)
	time.Sleep(15 * day)
	w.logs.Forget(w.settings.RunLogGroup, rec.Job("clean").EndedAt.Add(-before))
}

// unarchive deletes the EMR archive.
func (w *world) unarchive() {
	w.t.Helper()
	for _, key := range w.s3.Keys("logs") {
		_, err := w.s3.DeleteObject(w.t.Context(), &awss3.DeleteObjectInput{Bucket: new("logs"), Key: &key})
		w.no(err)
	}
}

// cut records that the runner could not stream everything.
func (w *world) cut() {
	w.t.Helper()
	rec, err := w.runs.Load(w.t.Context(), "flights-1")
	w.no(err)
	j := *rec.Job("clean")
	j.LogsCut = true
	w.did(w.runs.ReplaceJob(w.t.Context(), "flights-1", j, j.State, j.Attempt))
}

// JSON marks archived lines.
func TestLogsOfTheArchiveAsJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o := logs.Options{RunID: w.archived(), JSON: true, Stream: "stderr"}
		w.logs.Delete(w.settings.RunLogGroup)
		w.no(logs.Run(t.Context(), o, w.io, w.follower()))
		const want = `{"job":"clean","attempt":1,"stream":"stderr","message":"oops","archived":true}` + "\n"
		if w.out.String() != want || w.err.String() != ofArchive {
			t.Errorf("stdout %s, stderr %q", w.out.String(), w.err.String())
		}
	})
}

// An earlier attempt is found on its cluster or, in an older record without it,
// on any cluster of the run.
func TestLogsOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	for name, cluster := range map[string]string{"known": "j-1ABC", "not known": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.archived()
				rec, err := w.runs.Load(t.Context(), id)
				w.no(err)
				j := *rec.Job("clean")
				j.Earlier = []run.Attempt{{Attempt: 1, StepID: "s-first", ClusterID: cluster, EndedAt: j.StartedAt}}
				j.Attempt = 2
				w.did(w.runs.ReplaceJob(t.Context(), id, j, j.State, 1))
				w.archive("s-first", "stderr", "it failed")
				w.logs.Delete(w.settings.RunLogGroup)
				w.no(logs.Run(t.Context(), logs.Options{RunID: id}, w.io, w.follower()))
				const want = "clean |   it failed\nclean#2 | one\nclean#2 | \nclean#2 | two\nclean#2 | oops\n"
				if got := w.out.String(); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
					t.Errorf("got:\n%s", got)
				}
			})
		})
	}
}

// Requested logs that cannot be read are an error.
func TestLogsOfTheArchiveFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.archived()
		for op, o := range map[string]logs.Options{
			"ListObjectsV2": {RunID: id, Controller: true}, "GetObject": {RunID: id, Archived: true},
		} {
			w.s3.FailNext(op, denied())
			if err := logs.Run(t.Context(), o, w.io, w.follower()); err == nil || !strings.Contains(err.Error(), "s3://logs/emr/j-1ABC/steps/s-clean/") {
				t.Errorf("%s: got %v", op, err)
			}
		}
	})
}

func TestLogsFilters(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		o     logs.Options
		color bool
		out   string
		err   string
	}{
		"since a duration":  {o: logs.Options{Since: "4s500ms", Job: "clean"}, out: "late\n"},
		"since a time":      {o: logs.Options{Since: "2000-01-01T00:00:45Z", Job: "clean"}, out: "late\n"},
		"since a day":       {o: logs.Options{Since: "2000-01-01", Job: "clean"}, out: "early\nan error\nlate\n"},
		"a pattern":         {o: logs.Options{Grep: "(?i)ERROR|late", Job: "clean"}, out: "an error\nlate\n"},
		"both":              {o: logs.Options{Grep: "e", Since: "4s500ms", Job: "clean"}, out: "late\n"},
		"nothing matches":   {o: logs.Options{Grep: "^error", Job: "clean"}, err: "no line matches ^error\n"},
		"as JSON":           {o: logs.Options{Grep: "error", JSON: true}, out: `{"time":"2000-01-01T00:00:41Z","job":"clean","attempt":1,"stream":"stderr","message":"an error"}` + "\n"},
		"on a terminal":     {o: logs.Options{Grep: "r+o", Job: "clean"}, color: true, out: "an e\x1b[1;31mrro\x1b[0mr\n"},
		"an empty match":    {o: logs.Options{Grep: "x*", Job: "clean", Since: "4s500ms"}, color: true, out: "late\n"},
		"followed":          {o: logs.Options{Grep: "a", Follow: true, Job: "clean"}, out: "early\nan error\nlate\n", err: "[  0.0s] run flights-1 QUEUED"},
		"followed since":    {o: logs.Options{Since: "4s500ms", Follow: true, Job: "clean"}, out: "late\n", err: "[ 46.0s] job clean SUCCEEDED"},
		"followed, as JSON": {o: logs.Options{Grep: "late", Follow: true, JSON: true}, out: `{"time":"2000-01-01T00:00:45Z","job":"clean","attempt":1,"stream":"stdout","message":"late"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.io.OutTTY, w.io.Color = tt.color, tt.color
				at := time.Now()
				w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
				w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
				j := w.submit("flights-1", "clean", 1)
				w.print("flights-1", "clean", 1, "stdout", "early")
				time.Sleep(time.Second)
				w.print("flights-1", "clean", 1, "stderr", "an error")
				time.Sleep(4 * time.Second)
				w.print("flights-1", "clean", 1, "stdout", "late")
				time.Sleep(time.Second)
				w.over("flights-1", j, 0, false)
				w.end("flights-1", run.Outcome{State: run.Succeeded})
				time.Sleep(time.Second)
				tt.o.RunID = "flights-1"
				w.no(logs.Run(t.Context(), tt.o, w.io, w.follower()))
				if w.out.String() != tt.out || !strings.HasPrefix(w.err.String(), tt.err) {
					t.Errorf("stdout %q, want %q; stderr %q, want %q", w.out.String(), tt.out, w.err.String(), tt.err)
				}
			})
		})
	}
}

func TestLogsInvalidFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for want, o := range map[string]logs.Options{
		"error parsing regexp: missing closing ): `(`; the syntax is at": {Grep: "("},
		`invalid --since "yesterday": use a duration (10m`:               {Since: "yesterday"},
		`invalid --since "-5m"`:                                          {Since: "-5m"},
		"--follow cannot be combined":                                    {Follow: true, Controller: true},
		"--follow cannot be combined with --archived or --controller":    {Follow: true, Archived: true},
		"cannot be combined with --stream or --since":                    {Controller: true, Stream: "stdout"},
	} {
		err := logs.Run(t.Context(), o, w.io, w.follower())
		if exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", o, err, want)
		}
	}
	if n := len(w.out.String()); n > 0 {
		t.Errorf("%d bytes were written", n)
	}
}
