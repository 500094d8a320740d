// Package cost estimates what a run's clusters cost. It is an estimate from
// list prices, for comparing and for limits; the bill is AWS's.
package cost

import (
	"time"

	"ephemr/internal/run"
)

// price is USD an hour, on demand, in us-east-1: EC2's and EMR's own.
type price struct{ ec2, emr float64 }

// prices are list prices as of November 2026 for the types that the shipped
// profiles use. Source: the AWS pricing pages of Amazon EC2 and Amazon EMR.
var prices = map[string]price{
	"m5.xlarge": {0.192, 0.048},
}

// unknown is used for types that the table lacks: that of m5.xlarge.
var unknown = prices["m5.xlarge"]

// minimum is the least that EC2 and EMR charge for an instance.
const minimum = time.Minute

// OfClusters is the cost in USD of all attempts until now, or until their end. Of
// a pool's cluster a run pays the steps that it has leased, for as long as it has
// them; what nobody leases belongs to no run.
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
			least = 0 // whoever made it has paid that
		}
		hours := max(end.Sub(c.CreatedAt), least).Hours() * c.Share()
		for _, u := range c.Units {
			usd += float64(u.Count) * hourly(u.Type) * hours
		}
		usd += ofResizes(c.Resizes, end)
	}
	return usd
}

// hourly is what an instance costs, EC2 and EMR together.
func hourly(instanceType string) float64 {
	p, ok := prices[instanceType]
	if !ok {
		p = unknown
	}
	return p.ec2 + p.emr
}

// ofResizes is what the units cost by which a cluster differed from what it was
// made of, each from when EMR was asked for them until the next change of their
// kind or the end. They come some minutes later, and go some minutes later.
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
