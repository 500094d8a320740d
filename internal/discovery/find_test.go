package discovery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/discovery"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
)

func TestFind(t *testing.T) {
	t.Parallel()
	f, d := newMap()
	pooled := at("daily", "j-3")
	pooled.Pool = "shared"
	want := []discovery.Instance{at("daily", "j-1"), at("daily", "j-2"), at("ends-", "j-4"), pooled}
	register(t, d, want[3], want[1], want[0], want[2])
	find := &discovery.Finder{API: f, Namespace: "ns-1"}
	all, err := find.All(t.Context())
	if diff := cmp.Diff(want, all); diff != "" || err != nil {
		t.Errorf("all: %v\n%s", err, diff)
	}
	for name, want := range map[string][]discovery.Instance{"daily": want[:2], "shared": want[3:], "ends-": want[2:3]} {
		got, err := find.Named(t.Context(), name)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if got, err := find.Named(t.Context(), "weekly"); len(got) > 0 || err != nil {
		t.Errorf("a name that is not there: %v %v", got, err)
	}
	f.FailNext("DiscoverInstances", awsfake.Throttled())
	if _, err := find.All(t.Context()); fault.NameOf(err) != fault.Throttled {
		t.Errorf("throttled: %v", err)
	}
}
