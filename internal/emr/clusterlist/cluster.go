package clusterlist

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

// Cluster is a cluster of the stage.
type Cluster struct {
	ID        string             `json:"clusterId"`
	Name      string             `json:"name"`
	State     types.ClusterState `json:"state"`              // EMR's
	RunID     string             `json:"runId,omitempty"`    // its run, unless it belongs to a pool
	RunState  run.State          `json:"runState,omitempty"` // of that run
	Pipeline  string             `json:"pipeline,omitempty"` // of that run
	Pool      string             `json:"pool,omitempty"`     // "" = not in a pool
	Pooled    *Pooled            `json:"pooled,omitempty"`   // its use in the pool
	Profile   string             `json:"profile,omitempty"`
	Release   string             `json:"release,omitempty"` // of EMR
	CreatedAt time.Time          `json:"createdAt,omitzero"`
	ReadyAt   time.Time          `json:"readyAt,omitzero"`
	EndedAt   time.Time          `json:"endedAt,omitzero"`
	Deadline  time.Time          `json:"deadline,omitzero"` // then it is terminated, or drained if in a pool
	CostUSD   float64            `json:"costUsd"`           // estimate so far
}

// Pooled is how a pool's cluster is used.
type Pooled struct {
	Team      string     `json:"team"` // that the pool belongs to
	State     pool.State `json:"state"`
	Steps     int        `json:"steps"`              // step concurrency
	Free      int        `json:"free"`               // of them
	Leases    []Lease    `json:"leases"`             // of the others
	IdleUntil time.Time  `json:"idleUntil,omitzero"` // when it terminates without a new lease
}

// Lease is a run's lease on a pool's cluster.
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

// pooled adds the data of the pool.
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

// of adds the data of the run; false if the run has no such cluster.
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

// cost estimates the cost of an attempt with EMR's times.
func (c *Cluster) cost(a run.Cluster) float64 {
	a.CreatedAt = c.CreatedAt
	if a.EndedAt.IsZero() {
		a.EndedAt = c.EndedAt
	}
	return cost.OfClusters([]run.Cluster{a}, time.Now()).USD()
}

// Up reports whether c is starting or running.
func (c *Cluster) Up() bool { return cluster.State(c.State) != engine.Gone }

// Works reports whether a run of the pipeline uses c.
func (c *Cluster) Works(pipeline string) bool {
	if c.Pooled == nil {
		return c.Pipeline == pipeline
	}
	return slices.ContainsFunc(c.Pooled.Leases, func(l Lease) bool { return run.PipelineOf(l.RunID) == pipeline })
}

// Holder is the run or pool of c as text.
func (c *Cluster) Holder() string {
	if c.Pool != "" {
		return "pool " + c.Pool
	}
	return c.RunID
}
