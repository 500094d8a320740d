package stage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// AccountBucket is the token bucket of all EMR calls of the account. Every call takes
// a token from it and one from the bucket of its API.
const AccountBucket = "account"

// Bucket is a token bucket: its size, and its refill rate.
type Bucket struct {
	Burst     int     `json:"burst" yaml:"burst"`
	PerSecond float64 `json:"perSecond" yaml:"perSecond"`
}

// Buckets are the EMR call budget by API, or AccountBucket. APIs that are missing
// have AWS's default.
type Buckets map[string]Bucket

// defaultBuckets are EMR's documented defaults per account and Region; that of the
// account is the default of older accounts.
// Source: AWS General Reference, "Amazon EMR endpoints and quotas".
var defaultBuckets = Buckets{
	AccountBucket:              {Burst: 25, PerSecond: 5},
	"RunJobFlow":               {Burst: 10, PerSecond: 0.5},
	"AddJobFlowSteps":          {Burst: 10, PerSecond: 0.5},
	"CancelSteps":              {Burst: 10, PerSecond: 0.5},
	"TerminateJobFlows":        {Burst: 10, PerSecond: 0.5},
	"SetTerminationProtection": {Burst: 5, PerSecond: 0.2},
	"DescribeStep":             {Burst: 10, PerSecond: 0.5},
	"ListSteps":                {Burst: 10, PerSecond: 0.5},
	"DescribeCluster":          {Burst: 10, PerSecond: 1},
	"ListClusters":             {Burst: 20, PerSecond: 0.5},
	"ModifyCluster":            {Burst: 10, PerSecond: 0.5},

	"ListInstanceFleets":      {Burst: 5, PerSecond: 0.5},
	"ModifyInstanceFleet":     {Burst: 5, PerSecond: 0.5},
	"AddInstanceFleet":        {Burst: 5, PerSecond: 0.5},
	"PutManagedScalingPolicy": {Burst: 5, PerSecond: 0.5},
	"GetManagedScalingPolicy": {Burst: 5, PerSecond: 0.5},
}

// Of returns the bucket of an API, or false for an unknown API.
func (b Buckets) Of(api string) (Bucket, bool) {
	if own, ok := b[api]; ok {
		return own, true
	}
	usual, ok := defaultBuckets[api]
	return usual, ok
}

// Validate returns an error for unknown APIs and for rates out of range.
func (b Buckets) Validate() error {
	var errs []error
	for _, api := range slices.Sorted(maps.Keys(b)) {
		if _, ok := defaultBuckets[api]; !ok {
			known := strings.Join(slices.Sorted(maps.Keys(defaultBuckets)), ", ")
			errs = append(errs, fmt.Errorf("limits.emr.%s: unknown API; use one of %s", api, known))
			continue
		}
		if burst, rate := b[api].Burst, b[api].PerSecond; burst < 1 || burst > 10_000 || rate < 0.001 || rate > 10_000 {
			errs = append(errs, fmt.Errorf("limits.emr.%s: burst %d must be 1 to 10000, perSecond %g 0.001 to 10000", api, burst, rate))
		}
	}
	return errors.Join(errs...)
}
