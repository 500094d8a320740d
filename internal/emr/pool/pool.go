// Package pool keeps the clusters that outlive a run: which there are, who has
// leased how many of a cluster's steps, and until when it may be leased. Every
// change is one conditional write, so two runs never share a step's room.
package pool

import (
	"maps"
	"slices"
	"time"

	"ephemr/internal/run"
)

// ID names a pool. It belongs to a team: another team's run never gets its clusters.
type ID struct{ Team, Name string }

func (id ID) String() string { return id.Team + "/" + id.Name }

// State of a pool's cluster.
type State string

// The states of a pool's cluster. Each is left forward only.
const (
	Starting State = "STARTING" // the run that made it waits for it; nobody else gets it
	Ready    State = "READY"    // can be leased
	Draining State = "DRAINING" // no new lease; whoever gives back the last one ends it
	Gone     State = "GONE"     // its end was asked for, or seen
)

// Cluster is a cluster of a pool, as the Clusters table has it.
type Cluster struct {
	ID        string    `dynamodbav:"pk" json:"clusterId"`
	RunID     string    `dynamodbav:"runId" json:"runId"` // that made it
	Attempt   int       `dynamodbav:"attempt" json:"attempt"`
	Name      string    `dynamodbav:"name" json:"name"`
	CreatedAt time.Time `dynamodbav:"createdAt" json:"createdAt"`
	Deadline  time.Time `dynamodbav:"deadline" json:"deadline"`
	TTL       int64     `dynamodbav:"ttl" json:"-"`

	Pool      string         `dynamodbav:"pool" json:"pool"`
	Team      string         `dynamodbav:"team" json:"team"`
	Profile   string         `dynamodbav:"profile" json:"profile"`
	Release   string         `dynamodbav:"release,omitempty" json:"release,omitempty"` // of EMR
	Hash      string         `dynamodbav:"profileHash" json:"profileHash"`             // clusters of a pool with equal ones are interchangeable
	State     State          `dynamodbav:"state" json:"state"`
	Steps     int            `dynamodbav:"steps" json:"steps"`                                     // that run side by side, EMR's StepConcurrencyLevel
	Free      int            `dynamodbav:"free" json:"free"`                                       // of them not leased
	Leases    map[string]int `dynamodbav:"leases" json:"leases"`                                   // run's cluster attempt, as run.ClusterName -> steps
	KeepAlive time.Duration  `dynamodbav:"keepAlive" json:"-"`                                     // how long it waits for the next lease
	IdleUntil time.Time      `dynamodbav:"idleUntil,unixtime,omitempty" json:"idleUntil,omitzero"` // when that ends; counts while nobody leases it
	Until     time.Time      `dynamodbav:"until,unixtime" json:"until"`                            // no new lease afterwards
	Units     []run.Units    `dynamodbav:"units,omitempty" json:"units,omitempty"`                 // what it is made of, for the cost
}

// PoolID is the pool that c belongs to.
func (c Cluster) PoolID() ID { return ID{c.Team, c.Pool} }

// Empty says whether nobody leases c.
func (c Cluster) Empty() bool { return len(c.Leases) == 0 }

// Holders are the attempts that lease c, sorted.
func (c Cluster) Holders() []string { return slices.Sorted(maps.Keys(c.Leases)) }

// Runs are the runs that lease c, sorted.
func (c Cluster) Runs() []string {
	var ids []string
	for _, holder := range c.Holders() {
		ids = append(ids, run.OfCluster(holder))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Expired says whether nobody may lease c any more: it is past its life, or has
// waited for a lease as long as it was to.
func (c Cluster) Expired(now time.Time) bool {
	return !c.Until.After(now) || c.Empty() && !c.IdleUntil.IsZero() && !c.IdleUntil.After(now)
}
