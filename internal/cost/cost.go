// Package cost estimates the cost of a run's clusters from list prices, for
// comparisons and limits. It is not the amount that AWS charges.
package cost

import (
	"time"

	"ephemr/internal/run"
)

// price is USD an hour, on demand, in us-east-1: EC2's and EMR's own.
type price struct{ ec2, emr float64 }

// prices are list prices as of November 2026. The instance types of the profiles
// of dev and prod are not listed yet: they have the price of m5.xlarge.
// Source: the AWS pricing pages of Amazon EC2 and Amazon EMR.
var prices = map[string]price{
	"m5.xlarge": {0.192, 0.048},
}

// unknown is the price of types that are not listed.
var unknown = prices["m5.xlarge"]

// minimum is the shortest time that EC2 and EMR charge for an instance.
const minimum = time.Minute

// OfClusters returns the cost in USD of all attempts until now, or until their
// end. On a pool's cluster a run is charged for the steps that it leases, for as
// long as it leases them; steps that are not leased are charged to no run.
func OfClusters(clusters []run.Cluster, now time.Time) float64 {
	var usd float64
	for _, c := range clusters {
		if c.CreatedAt.IsZero() {
			continue
		}
		end := c.EndedAt
		if end.IsZero() {
			end = now
		}
		least := minimum
		if c.Leased {
			least = 0 // the run that created the cluster was charged for it
		}
		hours := max(end.Sub(c.CreatedAt), least).Hours() * c.Share()
		for _, u := range c.Units {
			usd += float64(u.Count) * hourly(u.Type) * hours
		}
		usd += ofResizes(c.Resizes, end)
	}
	return usd
}

// hourly is the price of an instance: EC2's and EMR's together.
func hourly(instanceType string) float64 {
	p, ok := prices[instanceType]
	if !ok {
		p = unknown
	}
	return p.ec2 + p.emr
}

// ofResizes is the cost of the units by which a cluster differed from its initial
// size, from each resize request until the next one of the same kind or the end.
// EMR adds and removes units some minutes after a request.
func ofResizes(resizes []run.Resize, end time.Time) float64 {
	var usd float64
	last := map[string]run.Resize{}
	until := func(r run.Resize, t time.Time) {
		usd += float64(r.More) * hourly(r.Type) * max(t.Sub(r.At), 0).Hours()
	}
	for _, r := range resizes {
		if r.At.After(end) {
			break
		}
		until(last[r.Kind], r.At)
		last[r.Kind] = r
	}
	for _, r := range last {
		until(r, end)
	}
	return usd
}
