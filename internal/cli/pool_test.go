package cli_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/submit"
	"ephemr/internal/emr/pool"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// A job says which pool or which cluster it wants; what cannot be had is told
// before anything is sent.
func TestSubmitToPool(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(c *pool.Cluster)
		set    func(o *submit.Options)
		want   pipeline.Cluster
		fault  string
	}{
		"no pool":           {set: func(*submit.Options) {}, want: pipeline.Cluster{Profile: "small"}},
		"pool":              {set: func(o *submit.Options) { o.Pool = "adhoc" }, want: pipeline.Cluster{Profile: "small", Pool: "adhoc"}},
		"pool of one's own": {set: func(o *submit.Options) { o.KeepAlive = time.Hour }, want: pipeline.Cluster{Profile: "small", KeepAlive: pipeline.Duration(time.Hour)}},
		"not a pool":        {set: func(o *submit.Options) { o.Pool = "Ad hoc" }, fault: `cluster.pool: invalid name "Ad hoc"`},
		"not long enough":   {set: func(o *submit.Options) { o.KeepAlive = time.Second }, fault: "cluster.keepAlive: 1s is out of range; use 2m to 24h"},
		"cluster":           {set: func(o *submit.Options) { o.Cluster = "j-1ABC" }, want: pipeline.Cluster{Profile: "small", ID: "j-1ABC"}},
		"cluster and pool":  {set: func(o *submit.Options) { o.Cluster, o.Pool = "j-1ABC", "adhoc" }, fault: "give either --cluster, or --pool and --keep-alive"},
		"unknown cluster":   {set: func(o *submit.Options) { o.Cluster = "j-2" }, fault: "cluster j-2 belongs to no pool of this stage"},
		"another profile":   {set: func(o *submit.Options) { o.Cluster, o.Profile = "j-1ABC", "large" }, fault: "was made from profile small, not large; give --profile small"},
		"full": {
			change: func(c *pool.Cluster) { c.Free, c.Leases = 0, map[string]int{"x.1": 4} },
			set:    func(o *submit.Options) { o.Cluster = "j-1ABC" }, fault: "has 0 of 4 steps free and the run needs 1",
		},
		"gone": {
			change: func(c *pool.Cluster) { c.State = pool.Gone },
			set:    func(o *submit.Options) { o.Cluster = "j-1ABC" }, fault: "cluster j-1ABC of pool adhoc takes no more runs",
		},
		"starting": {
			change: func(c *pool.Cluster) { c.State = pool.Starting },
			set:    func(o *submit.Options) { o.Cluster = "j-1ABC" }, fault: "cluster j-1ABC is not ready yet; try again in a minute",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := pool.Cluster{
				ID: "j-1ABC", Pool: "adhoc", Team: run.NoTeam, Profile: "small",
				Member: pool.Member{
					State: pool.Ready, Steps: 4, Free: 4,
					Leases: map[string]int{}, IdleUntil: time.Now().Add(time.Hour), Until: time.Now().Add(time.Hour),
				},
			}
			if tt.change != nil {
				tt.change(&c)
			}
			w.no((&pool.Store{DB: w.db, Table: "clusters"}).Join(t.Context(), c))
			o := hiveJob(t)
			o.Detach, o.Profile = true, ""
			tt.set(&o)
			err := w.submits(t.Context(), o)
			if tt.fault != "" {
				if exit.CodeOf(err) != exit.Usage || len(w.sqs.Messages(requests)) > 0 {
					t.Fatalf("%v, %d requests", err, len(w.sqs.Messages(requests)))
				}
				contains(t, err.Error(), tt.fault)
				return
			}
			w.no(err)
			rec, err := w.runs.Load(t.Context(), w.arrived().ID)
			w.no(err)
			if diff := cmp.Diff(tt.want, rec.Spec.Cluster); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Where the cluster comes from, and how soon the first step began.
func TestShowPool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := "flights-20000101T0000-00000000"
		w.made(w.runs.Create(t.Context(), run.Run{ID: id, Pipeline: "flights", State: run.Queued, RequestedAt: time.Now(), LogicalTime: time.Now()}, &twoJobs))
		w.begin(id, run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
		rec, err := w.runs.Load(t.Context(), id)
		w.no(err)
		c := *rec.Cluster()
		c.Pool, c.Leased, c.Steps, c.Of = "nightly", true, 1, 4
		w.did(w.runs.ReplaceCluster(t.Context(), id, c, run.ClusterReady, "a"))
		w.over(id, w.submit(id, "clean", 1), 0, false)
		c.State, c.EndedAt = run.ClusterReleased, time.Now()
		w.did(w.runs.ReplaceCluster(t.Context(), id, c, run.ClusterReady, "a"))
		w.no(show.Run(t.Context(), show.Options{RunID: id}, w.io, w.runs))
		w.golden("show-pool")
		contains(t, w.out.String(), "j-1ABC leased from pool nightly, 1 of 4 steps", "first step 2000-01-01 00:00:40Z  +40.0s", "RELEASED")
	})
}
