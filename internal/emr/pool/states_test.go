package pool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/pool"
)

// States are left forward only, whoever comes late.
func TestStates(t *testing.T) {
	t.Parallel()
	late := now.Add(24 * time.Hour)
	for _, tt := range []struct {
		from pool.State
		what string
		do   func(t *testing.T, s *pool.Store) error
		want pool.State
	}{
		{pool.Starting, "open", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.MarkReady(t.Context(), "j-1") }, pool.Ready},
		{pool.Draining, "open", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.MarkReady(t.Context(), "j-1") }, pool.Draining},
		{pool.Gone, "open", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.MarkReady(t.Context(), "j-1") }, pool.Gone},
		{pool.Starting, "drain", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.Drain(t.Context(), "j-1") }, pool.Draining},
		{pool.Ready, "drain", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.Drain(t.Context(), "j-1") }, pool.Draining},
		{pool.Gone, "drain", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.Drain(t.Context(), "j-1") }, pool.Gone},
		{pool.Ready, "drain what has expired", drainExpired(late), pool.Draining},
		{pool.Ready, "drain what has not", drainExpired(now), pool.Ready},
		{pool.Starting, "drain what never was ready", drainExpired(late), pool.Starting},
		{pool.Gone, "drain what is gone", drainExpired(late), pool.Gone},
		{pool.Starting, "bury", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.MarkGone(t.Context(), "j-1") }, pool.Gone},
		{pool.Draining, "bury", func(t *testing.T, s *pool.Store) error { t.Helper(); return s.MarkGone(t.Context(), "j-1") }, pool.Gone},
	} {
		t.Run(fmt.Sprintf("%s %s", tt.what, tt.from), func(t *testing.T) {
			t.Parallel()
			s, _ := newStore()
			c := warm("j-1")
			c.State = tt.from
			join(t, s, c)
			for range 2 {
				if err := tt.do(t, s); err != nil {
					t.Fatal(err)
				}
				if got := get(t, s).State; got != tt.want {
					t.Errorf("it is %s, want %s", got, tt.want)
				}
			}
		})
	}
}

func drainExpired(at time.Time) func(*testing.T, *pool.Store) error {
	return func(t *testing.T, s *pool.Store) error {
		t.Helper()
		_, err := s.DrainExpired(t.Context(), "j-1", at)
		return err
	}
}

// One that is leased has not waited too long; one past its life is drained all
// the same, so that the last release ends it.
func TestDrainExpiredWhileLeased(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	c := warm("j-1")
	c.Free, c.Leases, c.IdleUntil = 3, map[string]int{"a.1": 1}, now.Add(-time.Hour)
	join(t, s, c)
	if got, err := s.DrainExpired(t.Context(), "j-1", now); got == nil || got.State != pool.Ready || err != nil {
		t.Errorf("drained while it is leased: %v, %v", got, err)
	}
	got, err := s.DrainExpired(t.Context(), "j-1", c.Until)
	if err != nil || got == nil || got.State != pool.Draining || got.Empty() {
		t.Errorf("past its life: %v, %v", got, err)
	}
}

// Pools without clusters are forgotten; a cluster that somebody leases stays
// until its leases are given back.
func TestPoolsComeAndGo(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	leased, other := warm("j-1"), warm("j-2")
	leased.Free, leased.Leases = 3, map[string]int{"a.1": 1}
	other.Pool = "weekly"
	join(t, s, leased)
	join(t, s, other)
	check := func(want ...pool.ID) {
		t.Helper()
		got, err := s.All(t.Context())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("pools: %v\n%s", err, diff)
		}
	}
	check(etl, pool.ID{Team: "etl", Name: "weekly"})
	for _, id := range []string{"j-1", "j-2", "j-3"} {
		if err := s.MarkGone(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	check(etl)
	if c, err := s.Release(t.Context(), "j-1", "a.1", now); c == nil || !c.Empty() || err != nil {
		t.Errorf("a lease of a cluster that is gone: %v, %v", c, err)
	}
	if err := s.MarkGone(t.Context(), "j-1"); err != nil {
		t.Fatal(err)
	}
	check()
	clusters, err := s.Clusters(t.Context(), etl)
	if len(clusters) > 0 || err != nil {
		t.Errorf("clusters left: %v, %v", clusters, err)
	}
}
