package sweep_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/repair"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

var _ repair.Directory = (*discovery.Directory)(nil)

// plant puts an instance into the directory that no record knows.
func plant(t *testing.T, w *simulation.World, i discovery.Instance) {
	t.Helper()
	d := &discovery.Directory{API: w.CloudMap, Namespace: w.Settings.Namespace, Stage: w.Settings.Stage}
	if _, err := d.Register(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	time.Sleep(w.CloudMap.Takes)
}

func named(w *simulation.World) []string { return slices.Sorted(maps.Keys(w.CloudMap.Registered())) }

// begin lets a run come to the middle of its job of a minute and returns its id
// and its cluster.
func begin(t *testing.T, w *simulation.World) (id, clusterID string) {
	t.Helper()
	w.Upload("in/a.csv")
	synctest.Wait()
	id = w.RunIDs()[0]
	for range 600 {
		if rec := w.Record(id); rec.Cluster() != nil && rec.Cluster().State == run.ClusterReady {
			time.Sleep(30 * time.Second)
			return id, rec.Cluster().ID
		}
		time.Sleep(time.Second)
	}
	t.Fatal("no cluster")
	return "", ""
}

func long() simulation.Config {
	return simulation.Config{NoTicks: true, Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: time.Hour} }}
}

func inLongWorld(t *testing.T, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(long())
		defer w.Close()
		w.Apply(one)
		f(t, w)
	})
}

// An address whose cluster is gone, or never was, is taken out.
func TestStaleInstance(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		id, clusterID := begin(t, w)
		plant(t, w, discovery.Instance{ClusterID: "j-PLANTED", Host: "h", RunID: "gone", Pipeline: "one"})
		if diff := cmp.Diff([]string{"instance-removed gone"}, swept(t, w)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"one/" + clusterID}, named(w)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		w.CloudMap.FailNext("DeregisterInstance", awsfake.Throttled())
		w.Terminate() // the run ends with it, but Cloud Map refuses
		time.Sleep(30 * time.Second)
		if got := swept(t, w); len(got) > 0 {
			t.Errorf("repaired %q before it could show", got)
		}
		time.Sleep(10 * time.Minute)
		if got := named(w); len(got) != 1 {
			t.Fatalf("registered %q: nothing to repair", got)
		}
		if got := swept(t, w); !slices.Contains(got, "instance-removed "+id) {
			t.Errorf("repaired %q", got)
		}
		time.Sleep(time.Minute)
		if got, again := named(w), swept(t, w); len(got)+len(again) > 0 {
			t.Errorf("registered %q; a second sweep repairs %q", got, again)
		}
	})
}

// A cluster that could not be registered is, later; one that may still be is left
// to those who do it.
func TestMissingInstance(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		w.CloudMap.FailNext("RegisterInstance", awsfake.Throttled())
		id, clusterID := begin(t, w)
		if got, at := swept(t, w), named(w); len(got)+len(at) > 0 {
			t.Errorf("repaired %q after 30 s, registered %q", got, at)
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"instance-registered " + id}, swept(t, w)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := swept(t, w); len(got) > 0 {
			t.Errorf("repaired %q before it could show", got)
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"one/" + clusterID}, named(w)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		at := w.CloudMap.Registered()["one/"+clusterID]
		if at["run"] != id || at["spark"] != "18080" || at["profile"] != "small" || at["team"] != "default" || at["stage"] != "test" {
			t.Errorf("registered with %v", at)
		}
	})
}

// A cluster whose end was asked for is found no more, also while it lives on.
func TestEndingClusterStaysOut(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		_, clusterID := begin(t, w)
		l := &cluster.Registration{
			Registry:  &cluster.Registry{DB: w.DB, Table: w.Settings.ClustersTable},
			Directory: &discovery.Directory{API: w.CloudMap, Namespace: w.Settings.Namespace, Stage: w.Settings.Stage},
		}
		l.Deregister(t.Context(), clusterID)
		time.Sleep(10 * time.Minute)
		if got, at := swept(t, w), named(w); len(got)+len(at) > 0 {
			t.Errorf("repaired %q, registered %q", got, at)
		}
	})
}

// While all is as it should be, sweep only looks, and EMR's list may have gaps.
func TestDirectoryIsLeftAlone(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		_, clusterID := begin(t, w)
		create(t, w, "analytics", nil) // of another program, ready
		create(t, w, "r.1", map[string]string{cluster.TagStage: "prod", cluster.TagRun: "r"})
		time.Sleep(10 * time.Minute)
		before := w.CloudMap.AllCalls()
		w.EMR.Omit(clusterID)
		if got := swept(t, w); len(got) > 0 {
			t.Errorf("repaired %q", got)
		}
		after := w.CloudMap.AllCalls()
		for op, n := range before {
			after[op] -= n
		}
		if diff := cmp.Diff(map[string]int{"CreateService": 0, "RegisterInstance": 0, "ListServices": 1, "ListInstances": 1}, after); diff != "" {
			t.Errorf("calls -want +got:\n%s", diff)
		}
	})
}

// Names that may never come again do not pile up; those of pipelines stay.
func TestEmptyServices(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		plant(t, w, discovery.Instance{ClusterID: "j-1", Host: "h", Pipeline: "adhoc", AdHoc: true})
		plant(t, w, discovery.Instance{ClusterID: "j-2", Host: "h", Pipeline: "daily"})
		for range 2 { // the first takes the instances out, the second their services
			swept(t, w)
			time.Sleep(time.Minute)
		}
		out, err := w.CloudMap.ListServices(t.Context(), &sd.ListServicesInput{})
		if err != nil || len(out.Services) != 1 || *out.Services[0].Name != "daily" {
			t.Errorf("services %+v, %v", out.Services, err)
		}
	})
}

// Failures of Cloud Map are reported, and do not affect the rest of a sweep.
func TestDirectoryFails(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"throttled": awsfake.Throttled(), "broken": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				create(t, w, "r.1", map[string]string{cluster.TagStage: "test", cluster.TagRun: "r"})
				time.Sleep(10 * time.Minute)
				w.CloudMap.FailNext("ListServices", err)
				_, got := w.Invoke("sweep", json.RawMessage("{}"))
				if reported := got != nil; reported != (name == "broken") {
					t.Errorf("error %v", got)
				}
				if len(w.Open()) > 0 {
					t.Errorf("open clusters: %q", w.Open())
				}
			})
		})
	}
}
