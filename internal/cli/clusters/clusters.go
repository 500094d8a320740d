// Package clusters is ephemr clusters: it lists running clusters and the
// addresses of their services.
package clusters

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr/clusterlist"
	"ephemr/internal/emr/pool"
)

// Options of the command.
type Options struct {
	All      bool   // include those that ended
	Pipeline string // "" = all
	JSON     bool
}

// Lister lists the clusters of a stage.
type Lister interface {
	Clusters(ctx context.Context, ended bool) ([]clusterlist.Cluster, error)
}

// Run prints the clusters of the stage. With JSON that is an array of
// clusterlist.Cluster.
func Run(ctx context.Context, o Options, io *terminal.IO, list Lister) error {
	found, err := list.Clusters(ctx, o.All)
	if err != nil {
		return err
	}
	if o.Pipeline != "" {
		found = slices.DeleteFunc(found, func(c clusterlist.Cluster) bool { return !c.Works(o.Pipeline) })
	}
	if o.JSON {
		return io.JSON(found)
	}
	if len(found) == 0 {
		io.Notef("no running clusters%s; ephemr start PIPELINE creates one for its run\n", of(o.Pipeline))
		return nil
	}
	table(io, found, time.Now())
	return nil
}

func of(pipeline string) string {
	if pipeline == "" {
		return ""
	}
	return " for " + pipeline
}

// table has a column for leases only if there is a pool's cluster.
func table(io *terminal.IO, found []clusterlist.Cluster, now time.Time) {
	pools := slices.ContainsFunc(found, func(c clusterlist.Cluster) bool { return c.Pooled != nil })
	header := []string{"CLUSTER", "STATE", "RUN OR POOL", "PROFILE", "AGE", "DEADLINE", "COST"}
	if pools {
		header = slices.Insert(header, 3, "LEASED")
	}
	var rows [][]string
	for _, c := range found {
		row := []string{c.ID, state(io.OutStyle(), c), c.Holder(), shape(c), age(c, now), left(c, now), terminal.Dollars(c.CostUSD)}
		if pools {
			row = slices.Insert(row, 3, leased(c, now))
		}
		rows = append(rows, row)
	}
	io.Table(header, rows)
}

func state(style terminal.Style, c clusterlist.Cluster) string {
	text := string(c.State)
	switch {
	case !c.Up():
		return style.Dim(text)
	case c.ReadyAt.IsZero():
		return style.Yellow(text)
	}
	return style.Green(text)
}

// leased is the number of leased steps of a pool's cluster, and its end.
func leased(c clusterlist.Cluster, now time.Time) string {
	p := c.Pooled
	if p == nil || !c.Up() {
		return ""
	}
	text := fmt.Sprintf("%d of %s", p.Steps-p.Free, terminal.Count(p.Steps, "step"))
	switch {
	case p.State == pool.Draining:
		return text + ", draining"
	case len(p.Leases) == 0 && !p.IdleUntil.IsZero():
		return "idle, ends " + in(p.IdleUntil, now)
	}
	return text
}

func shape(c clusterlist.Cluster) string {
	if c.Release == "" {
		return c.Profile
	}
	return c.Profile + " (" + c.Release + ")"
}

func age(c clusterlist.Cluster, now time.Time) string {
	if !c.EndedAt.IsZero() {
		now = c.EndedAt
	}
	return terminal.Duration(now.Sub(c.CreatedAt).Truncate(time.Second))
}

// left is the time until c is terminated at the latest.
func left(c clusterlist.Cluster, now time.Time) string {
	if c.Deadline.IsZero() || !c.Up() {
		return ""
	}
	return in(c.Deadline, now)
}

func in(t, now time.Time) string {
	if t.Before(now) {
		return terminal.Duration(now.Sub(t).Truncate(time.Second)) + " ago"
	}
	return "in " + terminal.Duration(t.Sub(now).Truncate(time.Second))
}
