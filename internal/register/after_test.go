package register_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/register"
)

// applyAfter registers a pipeline that waits for others.
func (f fixture) applyAfter(t *testing.T, name string, upstreams ...string) error {
	t.Helper()
	var b strings.Builder
	b.WriteString("pipeline: " + name + "\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\ntriggers:\n  - {schedule: \"0 0 * * *\"}\n")
	for _, u := range upstreams {
		b.WriteString("  - after: {pipeline: " + u + "}\n")
	}
	_, err := f.Apply(t.Context(), register.Input{Spec: simulation.SpecOf(b.String())})
	return err
}

func (f fixture) followers(t *testing.T, name string) []string {
	t.Helper()
	names, err := f.Store.Followers(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Who waits for whom is registered with the version, and follows it.
func TestFollowers(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.Store.Runs = "runs"
	for _, p := range [][]string{{"a"}, {"b"}, {"c", "a", "b"}, {"d", "a"}, {"c", "a", "b"}} {
		if err := f.applyAfter(t, p[0], p[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([][]string{{"c", "d"}, {"c"}, nil}, [][]string{f.followers(t, "a"), f.followers(t, "b"), f.followers(t, "c")}); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := f.applyAfter(t, "c", "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Store.Delete(t.Context(), "d", false, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := f.followers(t, "a"); len(got) > 0 {
		t.Errorf("after a: %v", got)
	}
}

// What waits for itself through others, or for a pipeline that is not registered, is refused,
// and nothing of it is written.
func TestAfterIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture()
	for _, p := range [][]string{{"a"}, {"b", "a"}, {"c", "b"}, {"d", "c", "a"}} {
		if err := f.applyAfter(t, p[0], p[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	before := len(f.db.Items("pipelines"))
	for _, tt := range []struct{ name, upstream, want string }{
		{"a", "d", "pipeline a waits for itself: a -> d -> a; remove one of these triggers"}, // d waits for a, too
		{"a", "c", "pipeline a waits for itself: a -> c -> b -> a; remove one of these triggers"},
		{"b", "c", "b -> c -> b"},
		{"e", "nobody", `pipeline e waits for pipeline "nobody", which is not registered`},
	} {
		err := f.applyAfter(t, tt.name, tt.upstream)
		if fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s after %s: %v, want %q", tt.name, tt.upstream, err, tt.want)
		}
	}
	if n := len(f.db.Items("pipelines")); n != before {
		t.Errorf("%d items, before %d", n, before)
	}
}

// Two pipelines that are applied at the same moment do not make a loop together.
func TestLoopAtTheSameMoment(t *testing.T) {
	t.Parallel()
	for range 20 {
		f := newFixture()
		for _, name := range []string{"a", "b"} {
			if err := f.applyAfter(t, name); err != nil {
				t.Fatal(err)
			}
		}
		var together sync.WaitGroup
		errs := make([]error, 2)
		together.Go(func() { errs[0] = f.applyAfter(t, "a", "b") })
		together.Go(func() { errs[1] = f.applyAfter(t, "b", "a") })
		together.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("one is to be refused: %v", errs)
		}
	}
}

// A pipeline that others wait for is deleted when that is said.
func TestDeleteWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		if err := errors.Join(f.applyAfter(t, "a"), f.applyAfter(t, "b", "a")); err != nil {
			t.Fatal(err)
		}
		_, err := f.Store.Delete(t.Context(), "a", false, time.Now())
		if want := "pipeline a is waited for by b; change or delete these first, or delete it all the same with --force"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		if _, err := f.Store.Delete(t.Context(), "a", true, time.Now()); err != nil {
			t.Error(err)
		}
		if got := f.followers(t, "a"); !slices.Equal(got, []string{"b"}) {
			t.Errorf("b waits until a is registered again: %v", got)
		}
		if err := f.applyAfter(t, "b", "a"); err != nil {
			t.Errorf("the unchanged file: %v", err)
		}
	})
}
