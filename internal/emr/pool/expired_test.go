package pool_test

import (
	"testing"
	"time"

	"ephemr/internal/emr/pool"
)

// A cluster expires when its life ends, or when it was idle for its keepAlive; an old
// idleUntil says nothing while a run leases it.
func TestExpired(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	leased := map[string]int{"r.1": 1}
	for name, tt := range map[string]struct {
		member pool.Member
		want   bool
	}{
		"idle, within its keepAlive": {pool.Member{Until: at.Add(time.Hour), IdleUntil: at.Add(time.Second)}, false},
		"idle for its keepAlive":     {pool.Member{Until: at.Add(time.Hour), IdleUntil: at}, true},
		"leased, idle before":        {pool.Member{Until: at.Add(time.Hour), IdleUntil: at.Add(-time.Hour), Leases: leased}, false},
		"leased, past its life":      {pool.Member{Until: at, Leases: leased}, true},
	} {
		if got := (pool.Cluster{Member: tt.member}).Expired(at); got != tt.want {
			t.Errorf("%s: expired %t, want %t", name, got, tt.want)
		}
	}
}
