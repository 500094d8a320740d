package cli_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/clusters"
	"ephemr/internal/cli/complete"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/clusterlist"
	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

var (
	_ clusterlist.ListAPI = (*awsfake.EMR)(nil)
	_ cluster.BatchAPI    = (*awsfake.DynamoDB)(nil)
	_ clusters.Lister     = (*clusterlist.Stage)(nil)
)

// fleet is an account with clusters of this stage and of others.
type fleet struct {
	*world

	emr  *awsfake.EMR
	list *clusterlist.Stage
}

// inFleet creates an account with clusters, half an hour old.
func inFleet(t *testing.T, f func(t *testing.T, w *fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &fleet{world: newWorld(t), emr: awsfake.NewEMR(awsfake.EMRConfig{Bootstrapping: -1, Terminating: -1})}
		defer w.emr.Close()
		w.list = &clusterlist.Stage{EMR: w.emr, Records: w.db, Table: "clusters", Runs: w.runs}
		ended := w.own("weekly-19991231T0000-00000007", true)
		w.own("flights-20000101T0000-0a1b2c3d", true)
		w.own("hourly-20000101T0000-00000001", false) // its record is not written yet
		w.pooled("nightly", "flights-20000101T0010-00000002.1", "other-20000101T0010-00000003.1")
		w.pooled("idle")
		w.up("analytics")
		w.up("flights-19990101T0000-00000000.1") // named like ours
		time.Sleep(5 * time.Minute)
		_, err := w.emr.TerminateJobFlows(t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: []string{ended}})
		w.no(err)
		time.Sleep(25 * time.Minute)
		w.up("fresh-20000101T0030-00000009.1")
		f(t, w)
	})
}

func (w *fleet) up(name string) string {
	w.t.Helper()
	out, err := w.emr.RunJobFlow(w.t.Context(), awsfake.ClusterRequest(name))
	w.no(err)
	return *out.JobFlowId
}

// own starts a cluster of a run.
func (w *fleet) own(id string, recorded bool) string {
	w.t.Helper()
	c := run.Cluster{
		Attempt: 1, Rungs: 1, Name: run.ClusterName(id, 1), State: run.ClusterIntended, Intent: "a", IntentAt: time.Now(),
		Units: []run.Units{{Type: "m5.xlarge", Count: 2}}, Release: "emr-7.14.0",
	}
	spec := twoJobs
	spec.Cluster.Profile = "small"
	w.made(w.runs.Create(w.t.Context(), run.Run{
		ID: id, Pipeline: run.PipelineOf(id), State: run.Running, Execution: "x", RequestedAt: time.Now(), Deadline: time.Now().Add(2 * time.Hour),
	}, &spec))
	w.did(w.runs.CreateClusterAttempt(w.t.Context(), id, c))
	clusterID := w.up(c.Name)
	if !recorded {
		return clusterID
	}
	r := &cluster.Registry{DB: w.db, Table: "clusters"}
	w.no(r.Put(w.t.Context(), cluster.Record{
		ID: clusterID, RunID: id, Attempt: 1, Name: c.Name, CreatedAt: time.Now(), Deadline: time.Now().Add(2 * time.Hour), Pipeline: run.PipelineOf(id),
		Profile: "small", Release: "emr-7.14.0", Units: c.Units,
	}))
	return clusterID
}

// pooled starts a cluster of a pool with leases.
func (w *fleet) pooled(name string, holders ...string) {
	w.t.Helper()
	c := pool.Cluster{
		ID: w.up("made-19991231T2359-00000004.1"), RunID: "made-19991231T2359-00000004", Attempt: 1, Name: "made-19991231T2359-00000004.1",
		CreatedAt: time.Now(), Deadline: time.Now().Add(12 * time.Hour), Pool: name, Team: "default", Profile: "small", Release: "emr-7.14.0",
		Units: []run.Units{{Type: "m5.xlarge", Count: 1}},
		Member: pool.Member{
			State: pool.Ready, Steps: 4, Free: 4 - len(holders), Leases: map[string]int{}, KeepAlive: time.Hour,
			Until: time.Now().Add(12 * time.Hour), IdleUntil: time.Now().Add(time.Hour),
		},
	}
	for _, holder := range holders {
		c.Leases[holder] = 1
	}
	w.no((&pool.Store{DB: w.db, Table: "clusters"}).Join(w.t.Context(), c))
}

func TestClusters(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]clusters.Options{
		"up": {}, "all": {All: true}, "pipeline": {Pipeline: "flights"}, "none": {Pipeline: "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, func(t *testing.T, w *fleet) {
				w.no(clusters.Run(t.Context(), o, w.io, w.list))
				w.golden("clusters-" + name)
			})
		})
	}
}

// Clusters are listed that have run for days, or ended today.
func TestClustersOfDays(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, w *fleet) {
		all := func() (pipelines []string) {
			found, err := w.list.Clusters(t.Context(), true)
			w.no(err)
			for _, c := range found {
				pipelines = append(pipelines, c.Pipeline+" "+string(c.State))
			}
			slices.Sort(pipelines)
			return pipelines
		}
		before := all()
		time.Sleep(30 * time.Hour)
		if diff := cmp.Diff(slices.DeleteFunc(before, func(p string) bool { return strings.HasPrefix(p, "weekly ") }), all()); diff != "" {
			t.Errorf("a day later (-want +got):\n%s", diff)
		}
		id := w.own("late-20000102T0000-00000005", true)
		time.Sleep(30 * time.Hour)
		_, err := w.emr.TerminateJobFlows(t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: []string{id}})
		w.no(err)
		time.Sleep(time.Hour)
		if !slices.Contains(all(), "late TERMINATED") {
			t.Errorf("one that ended an hour ago is missing: %q", all())
		}
	})
}

func TestClustersJSON(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, w *fleet) {
		w.no(clusters.Run(t.Context(), clusters.Options{JSON: true}, w.io, w.list))
		w.golden("clusters-json")
		var got []clusterlist.Cluster
		w.no(json.Unmarshal([]byte(w.out.String()), &got))
		if len(got) != 4 {
			t.Errorf("%d clusters", len(got))
		}
	})
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		empty := awsfake.NewEMR(awsfake.EMRConfig{})
		defer empty.Close()
		w.no(clusters.Run(t.Context(), clusters.Options{JSON: true}, w.io, &clusterlist.Stage{EMR: empty, Records: w.db, Table: "clusters", Runs: w.runs}))
	})
	if w.out.String() != "[]\n" {
		t.Errorf("got %q, want an empty array", w.out.String())
	}
}

// DynamoDB may return unprocessed keys, and EMR returns pages.
func TestClustersOfABigAccount(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, w *fleet) {
		for range 120 {
			w.up("analytics")
		}
		w.db.LeaveUnprocessed("BatchGetItem", 60)
		found, err := w.list.Clusters(t.Context(), false)
		if err != nil || len(found) != 4 {
			t.Errorf("%d clusters, %v", len(found), err)
		}
		if n := w.emr.Calls("ListClusters"); n != 3 {
			t.Errorf("%d calls of ListClusters", n)
		}
	})
}

func TestCompleteClusters(t *testing.T) {
	t.Parallel()
	inFleet(t, func(t *testing.T, w *fleet) {
		words, err := complete.ClusterIDs(t.Context(), w.list, []string{"j-0000000000002"})
		want := []string{
			"j-0000000000003\tWAITING hourly-20000101T0000-00000001", "j-0000000000004\tWAITING pool nightly", "j-0000000000005\tWAITING pool idle",
		}
		if diff := cmp.Diff(want, words); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		w.emr.FailNext("ListClusters", errors.New("no"))
		if _, err := complete.ClusterIDs(t.Context(), w.list, nil); err == nil {
			t.Error("the failure is lost")
		}
	})
}
