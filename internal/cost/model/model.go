// Package model estimates what a stage costs in a month, with the price table and the arithmetic by which runs are charged.
package model

import (
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/cost/prices"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Assumptions of the estimate.
const (
	Type     = "m7g.xlarge"     // one On-Demand primary and one Spot core instance: the profile small
	Cluster  = 11 * time.Minute // 5 to start, 5 to work, 1 to end
	Work     = 5 * time.Minute  // of a lease on one of PoolOf steps of a pool's cluster
	PoolOf   = 4
	Days     = 30
	Zones    = 2
	Services = 2   // interface endpoints of a stage as it is by default: logs, glue
	Through  = 0.2 // GiB of a run that go through NAT: Python libraries, addresses outside of AWS; S3 has a gateway endpoint
	Alarms   = 27
	Ticks    = 5 // functions a minute
)

// Prices in us-east-1 that the price table does not have, in USD.
// They were not compared with the pricing pages of Amazon VPC, AWS PrivateLink and Amazon CloudWatch when this was written.
const (
	gateway  = 0.045 // an hour, and for each GiB
	endpoint = 0.01  // an hour and zone
	alarm    = 0.10  // a month
	hours    = 24 * Days
)

// Month is what a stage costs in a month, in USD.
type Month struct {
	Clusters float64 // EC2, EMR and EBS, a cluster for each run
	Pooled   float64 // the same on clusters of pools, without their idle time
	Control  float64 // Step Functions and Lambda, for runs and every minute, and alarms
	Private  float64 // endpoints
	NAT      float64 // endpoints and a NAT gateway
}

// Of is the month of a stage with so many runs a day.
func Of(runs int) Month {
	month := float64(runs * Days)
	own := single(run.Cluster{}, Cluster)
	leased := single(run.Cluster{Pool: "pool", Leased: true, Steps: 1, Of: PoolOf}, Work)
	private := float64(Services*Zones) * endpoint * hours
	return Month{
		Clusters: month * (own.EC2 + own.EMR + own.Disk), Pooled: month * (leased.EC2 + leased.EMR + leased.Disk),
		Control: month*own.Control + Ticks*60*hours*cost.Invocation + Alarms*alarm,
		Private: private, NAT: private + gateway*hours + month*Through*gateway,
	}
}

// single is what a run of one job costs that had c for a time.
func single(c run.Cluster, had time.Duration) run.Cost {
	began := time.Unix(0, 0).UTC()
	price, _ := cost.At(prices.Of(prices.Default), Type, 0, stage.Costs{}.Share()) // a test looks whether it is there
	c.CreatedAt, c.EndedAt = began, began.Add(had)
	c.Units = []run.Units{{Kind: run.Primary, Type: Type, Count: 1, Price: &price}, {Kind: run.Core, Type: Type, Count: 1, Spot: 1, Price: &price}}
	return cost.OfRun(&run.Record{
		Run:  run.Run{State: run.Succeeded, StartedAt: began, EndedAt: c.EndedAt},
		Jobs: []run.Job{{Name: "a", State: run.JobSucceeded, Attempt: 1, StartedAt: began, EndedAt: c.EndedAt}}, Clusters: []run.Cluster{c},
	}, c.EndedAt)
}
