package cli_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/runs"
	"ephemr/internal/cli/show"
	cli "ephemr/internal/cli/why"
	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/why"
)

// shelf has the records that an answer is derived from.
type shelf struct {
	runs     map[string]*run.Record
	slots    map[string][]string // holders, by the key without SLOTS#
	backfill backfill.Backfill
	pools    []pool.Cluster
	bucket   string
	missing  []string
	unread   error // of objects
	denied   error // of slots
	ahead    int
	teams    []string // with queued runs
}

func (s *shelf) Load(_ context.Context, id string) (*run.Record, error) {
	if s.runs[id] == nil {
		return nil, &run.UnknownError{ID: id}
	}
	return s.runs[id], nil
}

func (s *shelf) Peek(_ context.Context, id string) (*run.Run, error) {
	if s.runs[id] == nil {
		return nil, nil //nolint:nilnil // as the store
	}
	return &s.runs[id].Run, nil
}

func (s *shelf) List(_ context.Context, q run.Query) (all []run.Run, _ error) {
	for _, id := range slices.Sorted(maps.Keys(s.runs)) {
		if r := s.runs[id].Run; r.Pipeline == q.Pipeline {
			all = append(all, r)
		}
	}
	return all, nil
}

func (s *shelf) Teams(context.Context) ([]string, error) {
	return append([]string{"data"}, s.teams...), nil
}

func (s *shelf) Waiting(_ context.Context, team string) (bool, error) {
	return slices.Contains(s.teams, team), nil
}

func (s *shelf) Ahead(context.Context, run.Run, int) (int, error) { return s.ahead, nil }

func (s *shelf) Empty(context.Context, string) (string, time.Duration, error) {
	return s.bucket, 4 * time.Second, nil
}

type slots struct{ *shelf }

func (s slots) Holders(_ context.Context, key records.Key) ([]string, error) {
	return s.slots[strings.TrimPrefix(key.Partition, "SLOTS#")], s.denied
}

type backfills struct{ s *shelf }

func (b backfills) Load(context.Context, string) (*backfill.Backfill, error) {
	return &b.s.backfill, nil
}

type pools struct{ s *shelf }

func (p pools) Clusters(context.Context, pool.ID) ([]pool.Cluster, error) { return p.s.pools, nil }

func (s *shelf) reader() *why.Reader {
	return &why.Reader{
		Limits: stage.Limits{MaxActive: 4, PipelineMaxActive: 2, Teams: map[string]int{"data": 3}},
		Runs:   s, Slots: slots{s}, Backfills: backfills{s}, Pools: pools{s}, Budget: s,
		Missing: func(context.Context, []string) ([]string, error) { return s.missing, s.unread },
	}
}

// theRun is the run that is asked about.
const theRun = "flights-20000101T0000-0a"

func (s *shelf) add(r run.Run) *run.Record {
	rec := &run.Record{Run: r, Spec: &pipeline.Spec{Name: r.Pipeline, Jobs: []pipeline.Job{{Name: "clean"}, {Name: "publish", Needs: []string{"clean"}}}}}
	s.runs[r.ID] = rec
	return rec
}

// history adds three runs that took 10, 12 and 14 minutes, and runs that hold slots.
func (s *shelf) history(now time.Time) {
	for i, id := range []string{"flights-19991231T0000-01", "flights-19991231T0000-02", "flights-19991231T0000-03"} {
		at := now.Add(-24 * time.Hour)
		rec := s.add(run.Run{ID: id, Pipeline: "flights", State: run.Succeeded, AdmittedAt: at, EndedAt: at.Add(time.Duration(10+2*i) * time.Minute)})
		rec.Clusters = []run.Cluster{{Attempt: 1, ID: "j-0", CreatedAt: at, ReadyAt: at.Add(time.Duration(3+i) * time.Minute)}}
	}
	for i, id := range []string{"flights-20000101T0000-11", "flights-20000101T0000-12", "other-20000101T0000-13"} {
		s.add(run.Run{ID: id, Pipeline: run.PipelineOf(id), State: run.Running, AdmittedAt: now.Add(-time.Duration(5-2*i) * time.Minute)})
	}
}

// queuedRun is theRun before it has started, with what change changes.
func queuedRun(change func(*shelf, *run.Run)) func(*shelf, time.Time) {
	return func(s *shelf, now time.Time) {
		r := run.Run{ID: theRun, Pipeline: "flights", Team: "data", State: run.Queued, RequestedAt: now.Add(-10 * time.Minute)}
		change(s, &r)
		s.add(r)
	}
}

// startedRun is theRun with a waiter of this kind ("" = none), with what change changes.
func startedRun(kind string, change func(*shelf, *run.Record)) func(*shelf, time.Time) {
	return func(s *shelf, now time.Time) {
		began := now.Add(-6 * time.Minute)
		rec := s.add(run.Run{
			ID: theRun, Pipeline: "flights", Team: "data", State: run.Running, Execution: "e", Owner: "data@example.com",
			RequestedAt: began, AdmittedAt: began, StartedAt: began, Deadline: now.Add(time.Hour),
		})
		rec.Jobs = []run.Job{{Name: "clean", State: run.JobPending}, {Name: "publish", State: run.JobPending}}
		rec.Clusters = []run.Cluster{{Attempt: 1, Rungs: 3, Name: theRun + ".1", State: run.ClusterCreated, ID: "j-1", IntentAt: began, CreatedAt: now.Add(-3 * time.Minute)}}
		if kind != "" {
			rec.Waiter = &run.Waiter{RunID: theRun, Kind: kind, Execution: "e", ClusterID: "j-1", Since: now.Add(-2 * time.Minute), Deadline: now.Add(17 * time.Minute)}
		}
		change(s, rec)
	}
}

// flying makes jobs of a run running steps on a cluster that is ready.
func flying(rec *run.Record, names ...string) {
	rec.Clusters[0].State, rec.Clusters[0].ReadyAt = run.ClusterReady, rec.Run.StartedAt.Add(4*time.Minute)
	for _, name := range names {
		j := rec.Job(name)
		j.State, j.Attempt, j.StepID, j.IntentAt = run.JobRunning, 1, "s-"+name, rec.Clusters[0].ReadyAt
	}
}

var causes = map[string]struct {
	of   func(*shelf, time.Time)
	want why.Cause
}{
	"limit": {queuedRun(func(s *shelf, _ *run.Run) {
		s.ahead, s.slots = 3, map[string][]string{
			"stage": {"other-20000101T0000-13", "flights-20000101T0000-11", "flights-20000101T0000-12"}, "team#data": {"flights-20000101T0000-11", "flights-20000101T0000-12"},
			"pipeline#flights": {"flights-20000101T0000-11", "flights-20000101T0000-12"},
		}
	}), why.Limit},
	"limits": {queuedRun(func(s *shelf, r *run.Run) {
		r.Matrix, r.MaxPerValue, r.Backfill, r.Parallel = map[string]string{"country": "pt"}, 1, "20000101t000000-flights-abc", 1
		s.backfill.State, s.teams, s.ahead = backfill.Running, []string{"etl", "ml"}, 1000
		s.slots = map[string][]string{
			"stage": {"a-20000101T0000-1", "a-20000101T0000-2", "flights-20000101T0000-11", "other-20000101T0000-13"}, "team#data": {"flights-20000101T0000-11", "other-20000101T0000-13"},
			"team#etl": {"a-20000101T0000-1"}, "value#flights#" + r.Value(): {"flights-20000101T0000-11"}, "backfill#" + r.Backfill: {"flights-20000101T0000-11.1"},
		}
	}), why.Limit},
	"past": {queuedRun(func(s *shelf, r *run.Run) {
		r.After = "flights-19991231T0000-02"
		s.runs[r.After].Run.State = run.Failed
	}), why.Past},
	"past-runs": {queuedRun(func(_ *shelf, r *run.Run) { r.After = "flights-20000101T0000-11" }), why.Past},
	"past-unknown": {queuedRun(func(_ *shelf, r *run.Run) {
		r.After, r.Matrix = "flights-19991230T0000-99", map[string]string{"country": "pt"}
	}), why.Past},
	"backfill": {queuedRun(func(s *shelf, r *run.Run) {
		r.Backfill, s.backfill = "20000101t000000-flights-abc", backfill.Backfill{State: backfill.Paused, Reason: "its runs have cost 20.10 USD, and --max-cost is 20.00"}
	}), why.Backfill},
	"backfill-cancelled": {queuedRun(func(s *shelf, r *run.Run) {
		r.Backfill, s.backfill.State = "20000101t000000-flights-abc", backfill.Cancelled
	}), why.Backfill},
	"turn":      {queuedRun(func(s *shelf, _ *run.Run) { s.ahead = 1 }), why.Turn},
	"cancel":    {queuedRun(func(_ *shelf, r *run.Run) { r.Cancel, r.CancelAt = "wrong input (ann)", r.RequestedAt }), why.Cancelled},
	"admitted":  {queuedRun(func(_ *shelf, r *run.Run) { r.State, r.AdmittedAt = run.Admitted, r.RequestedAt }), why.Starting},
	"preparing": {startedRun("", func(_ *shelf, rec *run.Record) { rec.Jobs, rec.Clusters = nil, nil }), why.Preparing},
	"objects": {startedRun(run.ForObjects, func(s *shelf, rec *run.Record) {
		rec.Clusters, s.missing, rec.Waiter.Objects = nil, []string{"s3://raw/b"}, []string{"s3://raw/a", "s3://raw/b"}
	}), why.Objects},
	"objects-unread": {startedRun(run.ForObjects, func(s *shelf, rec *run.Record) {
		rec.Clusters, s.unread, rec.Waiter.Objects = nil, errors.New("denied"), []string{"s3://raw/a", "s3://raw/b"}
	}), why.Objects},
	"creating":  {startedRun("", func(_ *shelf, rec *run.Record) { rec.Clusters = nil }), why.Creating},
	"requested": {startedRun("", func(_ *shelf, rec *run.Record) { rec.Clusters[0].State, rec.Clusters[0].ID = run.ClusterIntended, "" }), why.Creating},
	"budget": {startedRun("", func(s *shelf, rec *run.Record) {
		c := &rec.Clusters[0]
		c.State, c.ID, c.IntentAt, s.bucket = run.ClusterIntended, "", time.Unix(0, 0), "RunJobFlow"
	}), why.Budget},
	"budget-account": {startedRun("", func(s *shelf, rec *run.Record) {
		rec.Clusters[0].State, s.bucket = run.ClusterReady, stage.AccountBucket
	}), why.Budget},
	"cluster": {startedRun(run.ForCluster, func(*shelf, *run.Record) {}), why.Cluster},
	"fallback": {startedRun(run.ForCluster, func(_ *shelf, rec *run.Record) {
		first := rec.Clusters[0]
		first.State, first.Class, first.Reason, first.ID = run.ClusterFailed, job.ClassCapacity, "INSTANCE_FAILURE: there is no m5.xlarge", "j-0"
		rec.Clusters[0].Attempt, rec.Clusters[0].Rung = 2, 1
		rec.Clusters = append([]run.Cluster{first}, rec.Clusters...)
	}), why.Cluster},
	"capacity": {startedRun(run.ForCluster, func(_ *shelf, rec *run.Record) {
		rec.Clusters[0].Rung, rec.Clusters[0].Shortage = 2, "insufficient capacity for m6i.xlarge"
	}), why.Capacity},
	"leased": {startedRun(run.ForCluster, func(_ *shelf, rec *run.Record) {
		c := &rec.Clusters[0]
		c.Leased, c.Pool, c.Steps, c.Of = true, "warm", 2, 4
	}), why.Cluster},
	"pool": {startedRun(run.ForCluster, func(s *shelf, rec *run.Record) {
		rec.Clusters[0].Pool, rec.Clusters[0].Of = "warm", 4
		s.pools = []pool.Cluster{{ID: "j-1", Member: pool.Member{State: pool.Starting}}, {ID: "j-7", Member: pool.Member{State: pool.Ready, Steps: 4, Free: 1}}}
	}), why.Cluster},
	"approval": {startedRun(run.ForApproval, func(_ *shelf, rec *run.Record) {
		j := rec.Job("publish")
		rec.Job("clean").State = run.JobSucceeded
		j.Approval = &run.Approval{Message: "publish 2000-01-01?", AskedAt: rec.Waiter.Since, Until: rec.Waiter.Since.Add(24 * time.Hour)}
	}), why.Approval},
	"delay": {startedRun(run.ForSteps, func(_ *shelf, rec *run.Record) {
		flying(rec)
		j := rec.Job("clean")
		j.Attempt, j.DueAt = 1, rec.Waiter.Deadline
		j.Earlier = []run.Attempt{{Attempt: 1, Reason: "exited 3", EndedAt: rec.Waiter.Since}}
	}), why.Delay},
	"submit":  {startedRun("", func(_ *shelf, rec *run.Record) { flying(rec) }), why.Submit},
	"running": {startedRun(run.ForSteps, func(_ *shelf, rec *run.Record) { rec.Spec.Cluster.StepConcurrency = 1; flying(rec, "clean", "publish") }), why.Running},
	"stopping": {startedRun(run.ForStop, func(_ *shelf, rec *run.Record) {
		flying(rec, "clean")
		rec.Waiter.Attempts = []string{"clean#1"}
	}), why.Stopping},
	"releasing": {startedRun("", func(_ *shelf, rec *run.Record) {
		flying(rec)
		rec.Jobs[0].State, rec.Jobs[1].State = run.JobSucceeded, run.JobSucceeded
	}), why.Releasing},
	"finishing": {startedRun("", func(_ *shelf, rec *run.Record) {
		rec.Clusters[0].State = run.ClusterTerminating
		rec.Jobs[0].State, rec.Jobs[1].State = run.JobSucceeded, run.JobSucceeded
	}), why.Finishing},
	"held": {startedRun("", func(_ *shelf, rec *run.Record) {
		flying(rec)
		rec.Job("clean").State = run.JobSucceeded
		rec.Job("publish").Approval = &run.Approval{AskedAt: rec.Run.StartedAt, Until: rec.Run.Deadline, Keep: true}
	}), why.Approval},
	"ends-early": {startedRun("", func(_ *shelf, rec *run.Record) { rec.Clusters[0].State = run.ClusterTerminating }), why.Finishing},
	"unreadable": {startedRun("", func(_ *shelf, rec *run.Record) { rec.Spec = nil }), why.Releasing},
	"failed": {startedRun("", func(_ *shelf, rec *run.Record) {
		rec.Run.State, rec.Run.Class, rec.Run.Reason, rec.Run.EndedAt = run.Failed, job.ClassJob, "job clean: exited 3", rec.Run.StartedAt
		rec.Jobs[0].State = run.JobFailed
	}), why.Ended},
	"rejected": {queuedRun(func(_ *shelf, r *run.Run) {
		r.State, r.Class, r.Reason = run.Rejected, job.ClassInvalid, "unknown param day"
	}), why.Ended},
}

// Each cause, as people read it.
func TestWhy(t *testing.T) {
	t.Parallel()
	for name, tt := range causes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, s := newWorld(t), &shelf{runs: map[string]*run.Record{}}
				s.history(time.Now())
				tt.of(s, time.Now())
				if a, err := s.reader().Of(t.Context(), theRun); err != nil || a.Cause != tt.want || a.Changing {
					t.Errorf("got %+v, %v; want cause %s", a, err, tt.want)
				}
				w.no(cli.Run(t.Context(), cli.Options{RunID: theRun}, w.io, s.reader()))
				w.golden("why-" + name)
			})
		})
	}
}

func TestWhyJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &shelf{runs: map[string]*run.Record{}}
		s.history(time.Now())
		causes["limit"].of(s, time.Now())
		w.no(cli.Run(t.Context(), cli.Options{RunID: theRun, JSON: true}, w.io, s.reader()))
		w.golden("why-json")
	})
}

// A run that does not exist may be an object, a message or a date that became none.
func TestWhyUnknown(t *testing.T) {
	t.Parallel()
	w, s := newWorld(t), &shelf{runs: map[string]*run.Record{}}
	err := cli.Run(t.Context(), cli.Options{RunID: "nothing"}, w.io, s.reader())
	if exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), "run nothing not found; list runs with: ephemr runs") {
		t.Errorf("got %v", err)
	}
}

// The lists say in short why runs wait. Without the right to read slots they leave that
// out, and say so.
func TestWhyInLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &shelf{runs: map[string]*run.Record{}}
		causes["limit"].of(s, time.Now())
		for _, rec := range s.runs {
			w.made(w.runs.Create(t.Context(), rec.Run, &twoJobs))
		}
		text := "waits for a slot: the limit of pipeline flights is full (2 of 2)"
		explain := s.reader().Short
		w.no(show.Run(t.Context(), show.Options{RunID: theRun, Why: explain}, w.io, w.runs))
		contains(t, w.out.String(), "why        "+text)
		w.no(runs.Run(t.Context(), runs.Options{Limit: 5, Why: explain}, w.io, w.runs))
		w.no(runs.Run(t.Context(), runs.Options{Limit: 5, JSON: true, Why: explain}, w.io, w.runs))
		w.no(show.Run(t.Context(), show.Options{RunID: theRun, JSON: true, Why: explain}, w.io, w.runs))
		if n := strings.Count(w.out.String(), text); n != 4 {
			t.Errorf("%d times, want 4:\n%s", n, w.out.String())
		}
		s.denied = fault.New(fault.Permission, "no right to read table clusters")
		w.no(show.Run(t.Context(), show.Options{RunID: theRun, Why: explain}, w.io, w.runs))
		w.no(runs.Run(t.Context(), runs.Options{Limit: 5, Why: explain}, w.io, w.runs))
		contains(t, w.err.String(), "what runs wait for is left out: no right to read table clusters")
	})
}
