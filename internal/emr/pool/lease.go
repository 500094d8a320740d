package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
)

// spare is how long a cluster must still wait for a lease when it gets one: EMR
// needs a moment to learn that there is work.
const spare = 30 * time.Second

func name(n string) expression.NameBuilder { return expression.Name(n) }

func value(v any) expression.ValueBuilder { return expression.Value(v) }

func is(n string, v any) expression.ConditionBuilder { return name(n).Equal(value(v)) }

// lease is the place of holder's lease. Its name has a dot.
func lease(holder string) expression.NameBuilder {
	return name("leases").AppendName(expression.NameNoDotSplit(holder))
}

// Lease takes n steps of c for holder in one write: if c is still READY and as
// it was seen, and has the room. It returns c with the lease, or nil if it cannot
// be had. Who has it already, because the answer was lost, gets it again.
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

// Release gives holder's lease back and returns the cluster as it is then; nil
// says that it is no pool's. Giving it back twice changes nothing. From the last
// release on the cluster waits its keepAlive for another lease.
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

// Open makes a new cluster READY: from now on runs may lease it.
func (s *Store) Open(ctx context.Context, clusterID string) error {
	_, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Ready)), is("state", Starting))
	return err
}

// Drain keeps everybody from leasing a cluster; the leases that there are stay.
func (s *Store) Drain(ctx context.Context, clusterID string) error {
	_, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Draining)),
		name("state").In(value(Starting), value(Ready)).And(name("pool").AttributeExists()))
	return err
}

// DrainExpired drains a cluster that is past its life or has waited too long,
// and returns it as it is then: still READY if a run has leased it meanwhile.
func (s *Store) DrainExpired(ctx context.Context, clusterID string, now time.Time) (*Cluster, error) {
	waited := name("free").Equal(name("steps")).And(name("idleUntil").LessThanEqual(value(now.Unix())))
	c, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Draining)),
		is("state", Ready).And(name("until").LessThanEqual(value(now.Unix())).Or(waited)))
	return c, err
}

// Bury notes that a cluster is gone or about to be, and takes it out of its pool
// when no run leases it: until then its leases say which runs to notify.
func (s *Store) Bury(ctx context.Context, clusterID string) error {
	c, _, err := s.update(ctx, clusterID, expression.Set(name("state"), value(Gone)), name("pool").AttributeExists())
	if c == nil || err != nil || !c.Empty() {
		return err
	}
	if err := s.Leave(ctx, c.PoolID(), c.ID); err != nil {
		return fmt.Errorf("take cluster %s out of pool %s: %w", clusterID, c.PoolID(), err)
	}
	return nil
}
