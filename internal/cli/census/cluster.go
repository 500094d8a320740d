package census

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/cost"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/engine"
	"ephemr/internal/run"
)

// Cluster is what is known of a cluster. It is what -o json prints.
type Cluster struct {
	ID        string             `json:"clusterId"`
	Name      string             `json:"name"`
	State     types.ClusterState `json:"state"`              // EMR's
	RunID     string             `json:"runId,omitempty"`    // whose it is, unless it is a pool's
	RunState  run.State          `json:"runState,omitempty"` // of that run
	Pipeline  string             `json:"pipeline,omitempty"` // of that run
	Pool      string             `json:"pool,omitempty"`     // "" = RunID alone has it
	Pooled    *Pooled            `json:"pooled,omitempty"`   // what the pool has of it
	Profile   string             `json:"profile,omitempty"`
	Release   string             `json:"release,omitempty"` // of EMR
	CreatedAt time.Time          `json:"createdAt,omitzero"`
	ReadyAt   time.Time          `json:"readyAt,omitzero"`
	EndedAt   time.Time          `json:"endedAt,omitzero"`
	Deadline  time.Time          `json:"deadline,omitzero"` // later it is terminated, or a pool's cluster takes no more runs
	CostUSD   float64            `json:"costUsd"`           // estimate until now, or until its end
}

// Pooled is how a pool's cluster is used.
type Pooled struct {
	Team      string     `json:"team"` // that the pool belongs to
	State     pool.State `json:"state"`
	Steps     int        `json:"steps"`              // that run side by side
	Free      int        `json:"free"`               // of them
	Leases    []Lease    `json:"leases"`             // of the others
	IdleUntil time.Time  `json:"idleUntil,omitzero"` // when it ends if nobody leases it
}

// Lease is what a run has of a pool's cluster.
type Lease struct {
	RunID string `json:"runId"`
	Steps int    `json:"steps"`
}

func (c *Cluster) status(s *types.ClusterStatus) {
	if s == nil {
		return
	}
	c.State = s.State
	if t := s.Timeline; t != nil {
		c.CreatedAt, c.ReadyAt, c.EndedAt = aws.ToTime(t.CreationDateTime), aws.ToTime(t.ReadyDateTime), aws.ToTime(t.EndDateTime)
	}
}

// pooled adds what the pool knows.
func (c *Cluster) pooled(m *pool.Cluster) {
	p := &Pooled{Team: m.Team, State: m.State, Steps: m.Steps, Free: m.Free, Leases: []Lease{}}
	for _, holder := range m.Holders() {
		p.Leases = append(p.Leases, Lease{RunID: run.OfCluster(holder), Steps: m.Leases[holder]})
	}
	if m.Empty() {
		p.IdleUntil = m.IdleUntil
	}
	c.Pool, c.Pooled, c.Deadline = m.Pool, p, m.Until
}

// of adds what the run knows; false says that it has no such cluster.
func (c *Cluster) of(rec *run.Record) bool {
	c.RunState, c.Pipeline, c.Deadline = rec.Run.State, rec.Run.Pipeline, rec.Run.Deadline
	if rec.Spec != nil {
		c.Profile = rec.Spec.Cluster.Profile
	}
	i := slices.IndexFunc(rec.Clusters, func(a run.Cluster) bool { return a.Name == c.Name && (a.ID == "" || a.ID == c.ID) })
	if i < 0 {
		return false
	}
	c.Release, c.CostUSD = cmp.Or(rec.Clusters[i].Release, c.Release), c.cost(rec.Clusters[i])
	return true
}

// cost is that of an attempt, by EMR's times.
func (c *Cluster) cost(a run.Cluster) float64 {
	a.CreatedAt = c.CreatedAt
	if a.EndedAt.IsZero() {
		a.EndedAt = c.EndedAt
	}
	return cost.OfClusters([]run.Cluster{a}, time.Now())
}

// Up says whether steps can run on c, or will soon.
func (c *Cluster) Up() bool { return cluster.State(c.State) != engine.Gone }

// Works says whether c works for a pipeline now.
func (c *Cluster) Works(pipeline string) bool {
	if c.Pooled == nil {
		return c.Pipeline == pipeline
	}
	return slices.ContainsFunc(c.Pooled.Leases, func(l Lease) bool { return run.PipelineOf(l.RunID) == pipeline })
}

// Holder is whose c is, for people.
func (c *Cluster) Holder() string {
	if c.Pool != "" {
		return "pool " + c.Pool
	}
	return c.RunID
}
