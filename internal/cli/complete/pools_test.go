package complete_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/complete"
	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/awsfake"
)

var _ complete.Leasable = (*pool.Store)(nil)

// Pools are offered by name, and their clusters if they have free steps.
func TestPools(t *testing.T) {
	t.Parallel()
	store := &pool.Store{DB: awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"}), Table: "clusters"}
	for _, c := range []pool.Cluster{
		{ID: "j-1", Pool: "nightly", Team: "etl", Profile: "small", Member: pool.Member{State: pool.Ready, Steps: 4, Free: 1}},
		{ID: "j-2", Pool: "nightly", Team: "etl", Profile: "small", Member: pool.Member{State: pool.Ready, Steps: 4, Free: 4}},
		{ID: "j-3", Pool: "nightly", Team: "etl", Profile: "small", Member: pool.Member{State: pool.Ready, Steps: 4}},
		{ID: "j-4", Pool: "adhoc", Team: "default", Profile: "small", Member: pool.Member{State: pool.Draining, Steps: 4, Free: 4}},
	} {
		if err := store.Join(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	names, err := complete.PoolNames(t.Context(), store)
	if diff := cmp.Diff([]string{"adhoc\tof team default", "nightly\tof team etl"}, names); diff != "" || err != nil {
		t.Errorf("pools: %v\n%s", err, diff)
	}
	ids, err := complete.PoolClusterIDs(t.Context(), store)
	want := []string{"j-2\tpool etl/nightly, profile small, 4 of 4 steps free", "j-1\tpool etl/nightly, profile small, 1 of 4 steps free"}
	if diff := cmp.Diff(want, ids); diff != "" || err != nil {
		t.Errorf("clusters: %v\n%s", err, diff)
	}
}
