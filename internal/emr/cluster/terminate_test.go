package cluster_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/notify"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// herd is an EMR with ready clusters, some of which are protected.
func herd(t *testing.T, protected ...bool) (f *awsfake.EMR, ids []string) {
	t.Helper()
	f = awsfake.NewEMR(awsfake.EMRConfig{})
	for _, p := range protected {
		in := awsfake.ClusterRequest("c")
		in.Instances.TerminationProtected = &p
		out, err := f.RunJobFlow(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, *out.JobFlowId)
	}
	time.Sleep(10 * time.Minute)
	return f, ids
}

func states(f *awsfake.EMR) string {
	var all []string
	for _, c := range f.Clusters() {
		all = append(all, string(c.Status.State))
	}
	return strings.Join(all, " ")
}

// A protected cluster is ended, and does not keep the others of the call alive.
func TestTerminate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		protected    []bool
		before       func(f *awsfake.EMR)
		more         []string // ids that EMR does not know
		fails        fault.Name
		ended, calls int
		left         string // states; "" = all TERMINATED
	}{
		{name: "none is protected", protected: []bool{false, false}, ended: 2, calls: 1},
		{name: "one is protected", protected: []bool{false, true, false}, ended: 3, calls: 5},
		{name: "more than a call takes", protected: make([]bool, 12), ended: 12, calls: 2},
		{name: "one is not known", protected: []bool{false}, more: []string{"j-0000000GONE"}, ended: 2, calls: 3},
		{
			name: "the protection stays", protected: []bool{true, false}, ended: 1, calls: 3, fails: fault.Permission, left: "WAITING TERMINATED",
			before: func(f *awsfake.EMR) {
				f.FailNext("SetTerminationProtection", awsfake.Denied("elasticmapreduce:SetTerminationProtection"))
			},
		},
		{
			name: "it is protected again at once", protected: []bool{true, false}, ended: 1, calls: 4, fails: fault.InvalidInput, left: "WAITING TERMINATED",
			before: func(f *awsfake.EMR) {
				f.FailNext("TerminateJobFlows", nil, nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "protected"})
			},
		},
		{
			name: "throttled", protected: []bool{true, false}, calls: 1, fails: fault.Throttled, left: "WAITING WAITING",
			before: func(f *awsfake.EMR) { f.FailNext("TerminateJobFlows", awsfake.Throttled()) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, ids := herd(t, tt.protected...)
				defer f.Close()
				if tt.before != nil {
					tt.before(f)
				}
				ended, err := cluster.Terminate(t.Context(), f, append(ids, tt.more...)...)
				if (err != nil) != (tt.fails != "") || err != nil && fault.NameOf(err) != tt.fails {
					t.Errorf("error %v, want %q", err, tt.fails)
				}
				if n := f.Calls("TerminateJobFlows"); len(ended) != tt.ended || n != tt.calls {
					t.Errorf("%d ended in %d calls, want %d in %d", len(ended), n, tt.ended, tt.calls)
				}
				time.Sleep(10 * time.Minute)
				want := tt.left
				if want == "" {
					want = strings.TrimSpace(strings.Repeat("TERMINATED ", len(ids)))
				}
				if got := states(f); got != want {
					t.Errorf("clusters are %s, want %s", got, want)
				}
			})
		})
	}
}

// A cluster that cannot be ended goes on visibly, and sweep ends it when it can.
func TestUnended(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Protects: func(string) bool { return true }})
		defer w.Close()
		w.EMR.FailNext("SetTerminationProtection", awsfake.Denied("elasticmapreduce:SetTerminationProtection"))
		w.Apply("pipeline: p\ntriggers: [{s3: {bucket: raw, prefix: in/}}]\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]")
		w.Upload("in/a.csv")
		synctest.Wait()
		rec := w.Wait(w.RunIDs()[0])
		c := rec.Cluster()
		if rec.Run.State != run.Succeeded || c.State != run.ClusterReady || !strings.Contains(c.Unended, "switch off termination protection of cluster "+c.ID) {
			t.Errorf("run %s, cluster %s: %q", rec.Run.State, c.State, c.Unended)
		}
		if e := notify.OfRun(rec, "test"); e.To == nil || !strings.Contains(e.Message.Text(), "Running: cluster "+c.ID) {
			t.Errorf("notice to %v:\n%s", e.To, e.Message.Text())
		}
		time.Sleep(10 * time.Minute) // sweep
		rec = w.Record(rec.Run.ID)
		if diff := cmp.Diff([]string{}, w.Left()); diff != "" || rec.Cluster().State != run.ClusterTerminating || rec.Cluster().Unended != "" {
			t.Errorf("cluster %s %q, left:\n%s", rec.Cluster().State, rec.Cluster().Unended, diff)
		}
	})
}

// A cluster that can never be ended is counted by every sweep, for an alarm; sweep ends
// the others all the same, and the record says why it goes on.
func TestNeverEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		denied := awsfake.Denied("elasticmapreduce:SetTerminationProtection")
		w := simulation.New(simulation.Config{
			Protects: func(name string) bool { return strings.HasPrefix(name, "p-") },
			Steps:    func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: time.Hour} },
		})
		defer w.Close()
		w.EMR.FailNext("SetTerminationProtection", slices.Repeat([]error{denied}, 100)...)
		for _, name := range []string{"p", "q"} {
			w.Apply("pipeline: " + name + "\ntriggers: [{s3: {bucket: raw, prefix: " + name + "/}}]\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]")
			w.Upload(name + "/a.csv")
		}
		time.Sleep(20 * time.Minute)
		for _, id := range w.RunIDs() {
			w.Stop(w.Record(id).Run.Execution) // so that only sweep ends their clusters
		}
		time.Sleep(31 * time.Minute)
		open := w.Open()
		if len(open) != 1 || !strings.HasPrefix(open[0], "p-") {
			t.Fatalf("open clusters %q", open)
		}
		if c := w.Record(run.OfCluster(open[0])).Cluster(); !strings.Contains(c.Unended, "not authorized to perform: elasticmapreduce:SetTerminationProtection") {
			t.Errorf("the record says %q", c.Unended)
		}
		counted := 0
		for _, d := range w.Metrics.Data(stage.MetricNamespace) {
			if *d.MetricName == stage.UnendedMetric && *d.Value == 1 {
				counted++
			}
		}
		if counted < 5 {
			t.Errorf("counted in %d sweeps of half an hour", counted)
		}
	})
}

// A person's termination ends a protected cluster, too.
func TestByHandProtected(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		_, clusterID := began(t, w, "in/a.csv")
		if _, err := w.EMR.SetTerminationProtection(t.Context(), &emr.SetTerminationProtectionInput{JobFlowIds: []string{clusterID}, TerminationProtected: new(true)}); err != nil {
			t.Fatal(err)
		}
		if _, refusal := byHand(t, w, clusterID, true); refusal != "" {
			t.Error(refusal)
		}
		time.Sleep(10 * time.Minute)
		for _, c := range w.EMR.Clusters() {
			if *c.Id == clusterID && c.Status.State != types.ClusterStateTerminated {
				t.Errorf("cluster is %s", c.Status.State)
			}
		}
	})
}
