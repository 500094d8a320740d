package acceptance_test

import (
	"testing"

	"ephemr/internal/discovery"
)

// found are the clusters that Cloud Map has of a name.
func (w *world) found(t *testing.T, name string) []discovery.Instance {
	t.Helper()
	f := discovery.Finder{API: discovery.NewClient(w.region.Config()), Namespace: w.settings.Namespace}
	found, err := f.Named(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// While a run's cluster is up it is found by the run's pipeline, and afterwards
// it is not.
func TestClusterIsFound(t *testing.T) {
	t.Parallel()
	name := "found-" + nonce
	w.apply(t, bash(name, ""), map[string]string{"work": "sleep 600"})
	id := w.begin(t, name)
	w.until(t, id, "work")
	eventually(t, "its address", func() (bool, string) { return len(w.found(t, name)) == 1, "nothing" })
	rec, err := w.runs.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	i := w.found(t, name)[0]
	if i.ClusterID != rec.Cluster().ID || i.RunID != id || i.Address("hive") != "localhost:10000" || i.Profile != "small" || i.Stage != w.settings.Stage {
		t.Errorf("found %+v, the cluster is %s", i, rec.Cluster().ID)
	}
	if out, stderr, code := w.cli(t, t.TempDir(), "cancel", id, "--kill"); code != 0 {
		t.Fatalf("ephemr cancel: exit code %d\n%s%s", code, out, stderr)
	}
	w.end(t, id)
	eventually(t, "its address gone", func() (bool, string) { return len(w.found(t, name)) == 0, "still there" })
}

// Sweep takes out what nobody else will.
func TestStaleAddressIsSwept(t *testing.T) {
	t.Parallel()
	name := "stale-" + nonce
	d := &discovery.Directory{API: discovery.NewClient(w.region.Config()), Namespace: w.settings.Namespace, Stage: w.settings.Stage}
	if _, err := d.Register(t.Context(), discovery.Instance{ClusterID: "j-STALE" + nonce, Host: "nowhere", Pipeline: name, AdHoc: true}); err != nil {
		t.Fatal(err)
	}
	if len(w.found(t, name)) != 1 {
		t.Fatal("nothing to mend")
	}
	w.sweep(t)
	if found := w.found(t, name); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}
