// Package pool stores the clusters that outlive a run: which there are, which runs
// lease how many of a cluster's steps, and until when it can be leased. Every change
// is one conditional write, so a step is never leased to two runs. Tested here, by
// statemachines and by internal/proof/simulation.
package pool

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// ID names a pool. It belongs to a team: a run of another team never gets its clusters.
type ID struct{ Team, Name string }

func (id ID) String() string { return id.Team + "/" + id.Name }

// State of a pool's cluster.
type State string

// The states of a pool's cluster. Each is left forward only.
const (
	Starting State = "STARTING" // the run that created it waits for it; it cannot be leased
	Ready    State = "READY"    // can be leased
	Draining State = "DRAINING" // no new lease; it is terminated when the last one is released
	Gone     State = "GONE"     // its termination was requested or observed
)

// Cluster is the item of a cluster in the Clusters table, of a single run's or
// of a pool's. Package cluster calls it a Record.
type Cluster struct {
	ID        string      `dynamodbav:"pk" json:"clusterId"`
	RunID     string      `dynamodbav:"runId" json:"runId"` // that it was created for
	Attempt   int         `dynamodbav:"attempt" json:"attempt"`
	Name      string      `dynamodbav:"name" json:"name"`
	CreatedAt time.Time   `dynamodbav:"createdAt" json:"createdAt"`
	Deadline  time.Time   `dynamodbav:"deadline" json:"deadline"`
	TTL       int64       `dynamodbav:"ttl" json:"-"`
	Pipeline  string      `dynamodbav:"pipeline,omitempty" json:"pipeline,omitempty"` // of RunID; "" = a pool's cluster
	Pool      string      `dynamodbav:"pool,omitempty" json:"pool,omitempty"`         // "" = RunID alone has it
	Team      string      `dynamodbav:"team,omitempty" json:"team,omitempty"`         // as run.Run.PoolOwner
	AdHoc     bool        `dynamodbav:"adHoc,omitempty" json:"adHoc,omitempty"`       // its pipeline is not registered
	Profile   string      `dynamodbav:"profile,omitempty" json:"profile,omitempty"`
	Overrides string      `dynamodbav:"overrides,omitempty" json:"overrides,omitempty"` // of the profile, their digest
	Release   string      `dynamodbav:"release,omitempty" json:"release,omitempty"`     // of EMR
	Units     []run.Units `dynamodbav:"units,omitempty" json:"units,omitempty"`         // what it was created with, for the cost

	Service  string    `dynamodbav:"service,omitempty" json:"-"` // of Cloud Map, id; "" = not registered there
	ListedAt time.Time `dynamodbav:"listedAt,omitempty" json:"-"`
	EndedAt  time.Time `dynamodbav:"endedAt,omitempty" json:"endedAt,omitzero"` // when its end was requested or seen: it is no longer registered

	Member // only of a pool's cluster
}

// Member is what the item of a pool's cluster has in addition.
type Member struct {
	Hash      string         `dynamodbav:"profileHash" json:"profileHash"` // clusters of a pool with equal hashes are interchangeable
	State     State          `dynamodbav:"state" json:"state"`
	Steps     int            `dynamodbav:"steps" json:"steps"`                           // that run in parallel, EMR's StepConcurrencyLevel
	Free      int            `dynamodbav:"free" json:"free"`                             // of them not leased
	Leases    map[string]int `dynamodbav:"leases" json:"leases"`                         // run's cluster attempt, as run.ClusterName -> steps
	KeepAlive time.Duration  `dynamodbav:"keepAlive" json:"-"`                           // how long it waits for the next lease
	IdleUntil time.Time      `dynamodbav:"idleUntil,unixtime" json:"idleUntil,omitzero"` // when that ends; valid while there is no lease
	Until     time.Time      `dynamodbav:"until,unixtime" json:"until"`                  // no new lease afterwards
}

// Encode returns c as the table keeps it: only a pool's cluster has the
// attributes of a Member, because the conditions of leases depend on them.
func (c Cluster) Encode() (records.Item, error) {
	c.TTL = c.Deadline.Add(keep).Unix()
	it, err := attributevalue.MarshalMapWithOptions(c, func(o *attributevalue.EncoderOptions) { o.OmitEmptyTime = true })
	if err != nil {
		return nil, fmt.Errorf("encode cluster %s: %w", c.ID, err)
	}
	if c.Pool != "" {
		return it, nil
	}
	member, err := attributevalue.MarshalMap(Member{})
	if err != nil {
		return nil, fmt.Errorf("encode cluster %s: %w", c.ID, err)
	}
	for name := range member {
		delete(it, name)
	}
	return it, nil
}

// UnreadableError is that of a cluster's item which cannot be decoded.
type UnreadableError struct {
	ID  string
	Err error
}

func (e *UnreadableError) Error() string { return fmt.Sprintf("read cluster %s: %v", e.ID, e.Err) }

func (e *UnreadableError) Unwrap() error { return e.Err }

// Decode reads an item of the table; without an item the cluster has no ID.
func Decode(it records.Item) (c Cluster, err error) {
	if err := attributevalue.UnmarshalMap(it, &c); err != nil {
		return c, &UnreadableError{ID: records.Text(it[records.PartitionName]), Err: err}
	}
	return c, nil
}

// PoolID is the pool that c belongs to.
func (c Cluster) PoolID() ID { return ID{c.Team, c.Pool} }

// Empty reports whether c has no lease.
func (c Cluster) Empty() bool { return len(c.Leases) == 0 }

// Holders are the attempts that lease c, sorted.
func (c Cluster) Holders() []string { return slices.Sorted(maps.Keys(c.Leases)) }

// Runs are the runs that use c, sorted: the one that it was created for, or those
// that lease it from its pool.
func (c Cluster) Runs() []string {
	if c.Pool == "" {
		return []string{c.RunID}
	}
	var ids []string
	for _, holder := range c.Holders() {
		ids = append(ids, run.OfCluster(holder))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Expired reports whether c can no longer be leased: its life has ended, or it was
// idle for its keepAlive.
func (c Cluster) Expired(now time.Time) bool {
	return !c.Until.After(now) || c.Empty() && !c.IdleUntil.IsZero() && !c.IdleUntil.After(now)
}
