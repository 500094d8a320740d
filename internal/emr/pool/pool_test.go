package pool_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/awsfake"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newStore() (*pool.Store, *awsfake.DynamoDB) {
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"})
	return &pool.Store{DB: db, Table: "clusters"}, db
}

var etl = pool.ID{Team: "etl", Name: "nightly"}

// warm is a cluster for four steps that nobody leases, as a run left it.
func warm(id string) pool.Cluster {
	return pool.Cluster{
		ID: id, RunID: "old", Attempt: 1, Name: "old.1", CreatedAt: now.Add(-time.Hour), Deadline: now.Add(11 * time.Hour),
		Pool: etl.Name, Team: etl.Team, Profile: "small",
		Member: pool.Member{
			Hash: "h", State: pool.Ready, Steps: 4, Free: 4,
			Leases: map[string]int{}, KeepAlive: 20 * time.Minute, IdleUntil: now.Add(10 * time.Minute), Until: now.Add(11 * time.Hour),
		},
	}
}

func join(t *testing.T, s *pool.Store, c pool.Cluster) {
	t.Helper()
	if err := s.Join(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *pool.Store) pool.Cluster {
	t.Helper()
	c, err := s.Get(t.Context(), "j-1")
	if err != nil || c == nil {
		t.Fatalf("cluster: %v, %v", c, err)
	}
	return *c
}

// A record comes back as it was written, and writing it again, late, changes nothing.
func TestJoin(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	want := warm("j-1")
	want.IdleUntil = time.Time{}
	want.Leases, want.Free = map[string]int{"old.1": 2}, 2
	join(t, s, want)
	again := want
	again.Leases, again.Free, again.State = map[string]int{}, 4, pool.Starting
	join(t, s, again)
	got := get(t, s)
	want.TTL = want.Deadline.Add(30 * 24 * time.Hour).Unix()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	members, err := s.Members(t.Context(), etl)
	if diff := cmp.Diff([]string{"j-1"}, members); diff != "" || err != nil {
		t.Errorf("members: %v\n%s", err, diff)
	}
	if other, err := s.Get(t.Context(), "j-2"); other != nil || err != nil {
		t.Errorf("an unknown cluster: %v, %v", other, err)
	}
	if other, err := s.Release(t.Context(), "j-2", "old.1", now); other != nil || err != nil {
		t.Errorf("an unknown cluster: %v, %v", other, err)
	}
}

// A lease is had if everything is right, and if anything is not nothing changes.
func TestLease(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(c *pool.Cluster) // the record
		seen   func(c *pool.Cluster) // as the one who wants it has seen it
		n      int
		ok     bool
	}{
		{name: "all of it", n: 4, ok: true},
		{name: "a part", n: 1, ok: true},
		{name: "more than it has", n: 5},
		{name: "more than is free", change: func(c *pool.Cluster) { c.Free, c.Leases = 1, map[string]int{"other.1": 3} }, n: 2},
		{name: "what is free", change: func(c *pool.Cluster) { c.Free, c.Leases = 1, map[string]int{"other.1": 3} }, n: 1, ok: true},
		{name: "another attempt of the run", change: func(c *pool.Cluster) { c.Free, c.Leases = 3, map[string]int{"r.2": 1} }, n: 1, ok: true},
		{name: "another team's", seen: func(c *pool.Cluster) { c.Team = "science" }, n: 1},
		{name: "another profile", seen: func(c *pool.Cluster) { c.Hash = "g" }, n: 1},
		{name: "not ready", change: func(c *pool.Cluster) { c.State = pool.Starting }, n: 1},
		{name: "draining", change: func(c *pool.Cluster) { c.State = pool.Draining }, n: 1},
		{name: "gone", change: func(c *pool.Cluster) { c.State = pool.Gone }, n: 1},
		{name: "past its life", change: func(c *pool.Cluster) { c.Until = now }, n: 1},
		{name: "waited too long", change: func(c *pool.Cluster) { c.IdleUntil = now.Add(-time.Second) }, n: 1},
		{name: "about to have waited too long", change: func(c *pool.Cluster) { c.IdleUntil = now.Add(30 * time.Second) }, n: 1},
		{name: "just in time", change: func(c *pool.Cluster) { c.IdleUntil = now.Add(31 * time.Second) }, n: 1, ok: true},
		{name: "does not wait", change: func(c *pool.Cluster) {
			c.IdleUntil, c.Free, c.Leases = now.Add(-time.Hour), 2, map[string]int{"other.1": 2}
		}, n: 1, ok: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore()
			c := warm("j-1")
			apply(tt.change, &c)
			join(t, s, c)
			before := get(t, s)
			seen := before
			apply(tt.seen, &seen)
			got, err := s.Lease(t.Context(), seen, "r.1", tt.n, now)
			if err != nil || (got != nil) != tt.ok {
				t.Fatalf("leased: %v, %v; want %t", got, err, tt.ok)
			}
			want := before
			if tt.ok {
				want.Leases, want.Free, want.IdleUntil = maps.Clone(before.Leases), before.Free-tt.n, time.Time{}
				want.Leases["r.1"] = tt.n
				if diff := cmp.Diff(want, *got); diff != "" {
					t.Errorf("the answer -want +got:\n%s", diff)
				}
			}
			if diff := cmp.Diff(want, get(t, s)); diff != "" {
				t.Errorf("the record -want +got:\n%s", diff)
			}
		})
	}
}

func apply(change func(*pool.Cluster), c *pool.Cluster) {
	if change != nil {
		change(c)
	}
}

// However many want a step at once, each is had by one.
func TestLeasesAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	c := warm("j-1")
	join(t, s, c)
	var had atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			got, err := s.Lease(t.Context(), c, fmt.Sprintf("r%d.1", i), 1, now)
			if err != nil {
				t.Error(err)
			}
			if got != nil {
				had.Add(1)
			}
		})
	}
	all.Wait()
	if after := get(t, s); had.Load() != 4 || after.Free != 0 || len(after.Leases) != 4 {
		t.Errorf("%d leases were had: %+v", had.Load(), after)
	}
}

// What is given back can be leased again, for as long as the cluster waits;
// giving it back twice changes nothing.
func TestRelease(t *testing.T) {
	t.Parallel()
	s, _ := newStore()
	c := warm("j-1")
	c.Free, c.Leases, c.IdleUntil = 1, map[string]int{"a.1": 1, "b.1": 2}, time.Time{}
	join(t, s, c)
	release := func(holder string, at time.Time) pool.Cluster {
		t.Helper()
		got, err := s.Release(t.Context(), "j-1", holder, at)
		if err != nil || got == nil {
			t.Fatalf("%s gave back: %v, %v", holder, got, err)
		}
		return *got
	}
	for _, at := range []time.Time{now, now.Add(time.Hour)} { // the second time nothing happens
		if got := release("b.1", at); got.Free != 3 || got.Empty() || !got.IdleUntil.Equal(now.Add(20*time.Minute)) {
			t.Errorf("after the first: %+v", got)
		}
	}
	release("c.1", now)
	got := release("a.1", now.Add(time.Minute))
	if got.Free != 4 || !got.Empty() {
		t.Errorf("after the last: %+v", got)
	}
	if got.Expired(now.Add(20*time.Minute)) || !got.Expired(now.Add(21*time.Minute)) {
		t.Error("it does not wait for 20 minutes")
	}
}

// An answer that is lost is no refusal, and whoever asks again has what it asked for.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	s, db := newStore()
	c := warm("j-1")
	join(t, s, c)
	db.LoseNext("UpdateItem", errors.New("connection reset"))
	if got, err := s.Lease(t.Context(), c, "r.1", 3, now); got != nil || err == nil {
		t.Errorf("without an answer: %v, %v", got, err)
	}
	got, err := s.Lease(t.Context(), c, "r.1", 3, now)
	if err != nil || got == nil || got.Free != 1 || got.Leases["r.1"] != 3 {
		t.Errorf("asked again: %+v, %v", got, err)
	}
}
