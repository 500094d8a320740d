// Package cost estimates what runs cost, from what their clusters were made of and the
// prices recorded with them. It is not the amount that AWS charges.
package cost

import (
	"slices"
	"time"

	"ephemr/internal/cost/prices"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// minimum is the shortest time that EC2 and EMR charge for an instance.
const minimum = time.Minute

// OfRun is what a run has cost until now, or until its end.
func OfRun(rec *run.Record, now time.Time) run.Cost {
	if rec.Run.State.Final() && !rec.Run.EndedAt.IsZero() {
		now = rec.Run.EndedAt
	}
	c := OfClusters(rec.Clusters, now)
	if !rec.Run.StartedAt.IsZero() {
		c.Control = control(rec)
	}
	if rec.Spec != nil {
		c.Profile = rec.Spec.Cluster.Profile
	}
	wasted(&c, rec, now)
	return c
}

// OfClusters is the cost of all attempts until now, or until their
// end. On a pool's cluster a run is charged for the steps that it leases, for as
// long as it leases them; steps that are not leased are charged to no run.
func OfClusters(clusters []run.Cluster, now time.Time) (sum run.Cost) {
	for _, c := range clusters {
		before := sum.USD()
		addTo(&sum, c, c.CreatedAt, now, true)
		if c.Pool != "" && c.ID != "" {
			if sum.Pooled == nil {
				sum.Pooled = map[string]float64{}
			}
			sum.Pooled[c.ID] += sum.USD() - before
		}
	}
	return sum
}

// addTo adds the cost of an attempt from a time until another, as far as it had its
// cluster. whole: with the minimum that is charged for an instance.
func addTo(sum *run.Cost, c run.Cluster, from, to time.Time, whole bool) {
	if c.CreatedAt.IsZero() {
		return
	}
	if from.Before(c.CreatedAt) {
		from = c.CreatedAt
	}
	if !c.EndedAt.IsZero() && c.EndedAt.Before(to) {
		to = c.EndedAt
	}
	least := time.Duration(0)
	if whole && !c.Leased { // otherwise the run that created the cluster was charged for it
		least = minimum
	}
	spent := max(to.Sub(from), least)
	for _, u := range c.Units {
		hours := spent.Hours() * c.Share()
		charge(sum, u, float64(u.Count-u.Spot)*hours, float64(u.Spot)*hours)
	}
	resizes(sum, c, from, to)
}

// charge adds hours of On-Demand and of Spot units.
func charge(sum *run.Cost, u run.Units, onDemand, spot float64) {
	if onDemand == 0 && spot == 0 {
		return
	}
	p, known := priceOf(u)
	if !known {
		if !slices.Contains(sum.Unknown, u.Type) {
			sum.Unknown = append(sum.Unknown, u.Type)
		}
		return
	}
	sum.EC2 += onDemand*p.EC2 + spot*p.Spot
	sum.EMR += (onDemand + spot) * p.EMR
	sum.Disk += (onDemand + spot) * p.Disk
}

// priceOf is the price that was recorded, or that of the table.
func priceOf(u run.Units) (run.Price, bool) {
	if u.Price != nil {
		return *u.Price, true
	}
	return At(prices.Of(prices.Default), u.Type, 0, stage.Costs{}.Share())
}

// At is the price of an instance type with storage of diskGiB, or EMR's default; false if
// the table does not have it.
func At(t prices.Table, instanceType string, diskGiB int, spotShare float64) (run.Price, bool) {
	h, ok := t.Types[instanceType]
	if !ok {
		return run.Price{}, false
	}
	return run.Price{EC2: h.EC2, Spot: h.EC2 * spotShare, EMR: h.EMR, Disk: t.Disk(h, diskGiB)}, true
}

// resizes adds the cost of the units by which a cluster differed from its initial
// size, from each resize request until the next one of the same kind or the end.
// EMR adds and removes units some minutes after a request.
func resizes(sum *run.Cost, c run.Cluster, from, to time.Time) {
	last := map[string]run.Resize{}
	until := func(r run.Resize, t time.Time) {
		begin := r.At
		if begin.Before(from) {
			begin = from
		}
		hours := float64(r.More) * max(t.Sub(begin), 0).Hours()
		if r.Spot {
			charge(sum, alike(c, r), 0, hours)
		} else {
			charge(sum, alike(c, r), hours, 0)
		}
	}
	for _, r := range c.Resizes {
		if r.At.After(to) {
			break
		}
		until(last[r.Kind], r.At)
		last[r.Kind] = r
	}
	for _, r := range last {
		until(r, to)
	}
}

// alike are units of c that have the price of those of a resize, if there are any.
func alike(c run.Cluster, r run.Resize) run.Units {
	i := slices.IndexFunc(c.Units, func(u run.Units) bool { return u.Type == r.Type && u.Price != nil })
	if i >= 0 {
		return c.Units[i]
	}
	return run.Units{Type: r.Type}
}
