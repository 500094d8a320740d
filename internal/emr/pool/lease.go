package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
)

// spare is how much of its keepAlive a cluster must have left to be leased: EMR
// must see the run's step before it terminates the idle cluster.
const spare = 30 * time.Second

func name(n string) expression.NameBuilder { return expression.Name(n) }

func value(v any) expression.ValueBuilder { return expression.Value(v) }

func is(n string, v any) expression.ConditionBuilder { return name(n).Equal(value(v)) }

// lease is the path of holder's lease. A holder contains a dot.
func lease(holder string) expression.NameBuilder {
	return name("leases").AppendName(expression.NameNoDotSplit(holder))
}

// Lease leases n steps of c to holder in one write, if c is still READY, unchanged
// and has n free steps. It returns c with the lease, or nil if it cannot be leased.
// A holder that has the lease, because the answer was lost, gets it again.
func (s *Store) Lease(ctx context.Context, c Cluster, holder string, n int, now time.Time) (*Cluster, error) {
	u := expression.Set(lease(holder), value(n)).Set(name("free"), name("free").Minus(value(n))).Remove(name("idleUntil"))
	cond := is("state", Ready).And(
		is("team", c.Team), is("profileHash", c.Hash),
		lease(holder).AttributeNotExists(), name("free").GreaterThanEqual(value(n)),
		name("until").GreaterThan(value(now.Unix())),
		name("free").LessThan(name("steps")).Or(name("idleUntil").GreaterThan(value(now.Add(spare).Unix()))),
	)
	after, leased, err := s.update(ctx, c.ID, u, cond)
	if after == nil || !leased && after.Leases[holder] == 0 {
		return nil, err
	}
	return after, err
}

// Release releases holder's lease and returns the cluster as it is then; nil means
// that it belongs to no pool. A second release changes nothing. After the last
// release the cluster waits its keepAlive for another lease.
func (s *Store) Release(ctx context.Context, clusterID, holder string, now time.Time) (*Cluster, error) {
	c, err := s.Get(ctx, clusterID)
	if c == nil || err != nil {
		return nil, err
	}
	n, held := c.Leases[holder]
	if !held {
		return c, nil
	}
	u := expression.Remove(lease(holder)).Set(name("free"), name("free").Plus(value(n))).
		Set(name("idleUntil"), value(now.Add(c.KeepAlive).Unix()))
	c, _, err = s.update(ctx, clusterID, u, lease(holder).Equal(value(n)))
	return c, err
}

// MarkReady makes a new cluster READY: from now on it can be leased.
func (s *Store) MarkReady(ctx context.Context, clusterID string) error {
	_, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Ready)), is("state", Starting))
	return err
}

// Drain prevents further leases of a cluster; existing ones stay.
func (s *Store) Drain(ctx context.Context, clusterID string) error {
	_, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Draining)),
		name("state").In(value(Starting), value(Ready)).And(name("pool").AttributeExists()))
	return err
}

// DrainExpired drains a cluster whose life or keepAlive has ended, and returns it as
// it is then: still READY if it was leased at the same time.
func (s *Store) DrainExpired(ctx context.Context, clusterID string, now time.Time) (*Cluster, error) {
	waited := name("free").Equal(name("steps")).And(name("idleUntil").LessThanEqual(value(now.Unix())))
	c, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Draining)),
		is("state", Ready).And(name("until").LessThanEqual(value(now.Unix())).Or(waited)))
	return c, err
}

// MarkGone records that a cluster is gone or is being terminated, and removes it from
// its pool when it has no lease: until then its leases name the runs to inform.
func (s *Store) MarkGone(ctx context.Context, clusterID string) error {
	c, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Gone)), name("pool").AttributeExists())
	if c == nil || err != nil || !c.Empty() {
		return err
	}
	if err := s.Leave(ctx, c.PoolID(), c.ID); err != nil {
		return fmt.Errorf("remove cluster %s from pool %s: %w", clusterID, c.PoolID(), err)
	}
	return nil
}
