package awsfake

import (
	"maps"
	"time"
)

// limit is a token bucket: burst calls at once, rate calls a second.
type limit struct{ burst, rate float64 }

// account is the bucket of all calls together.
const account = "account"

// emrLimits are EMR's documented buckets; the account's are those of an older
// account.
var emrLimits = map[string]limit{
	account:                    {25, 5},
	"RunJobFlow":               {10, 0.5},
	"AddJobFlowSteps":          {10, 0.5},
	"CancelSteps":              {10, 0.5},
	"DescribeStep":             {10, 0.5},
	"ListSteps":                {10, 0.5},
	"TerminateJobFlows":        {10, 0.5},
	"DescribeCluster":          {10, 1},
	"ListClusters":             {20, 0.5},
	"ListInstanceFleets":       {5, 0.5},
	"ModifyInstanceFleet":      {5, 0.5},
	"AddInstanceFleet":         {5, 0.5},
	"PutManagedScalingPolicy":  {5, 0.5},
	"GetManagedScalingPolicy":  {5, 0.5},
	"ModifyCluster":            {10, 0.5},
	"AddTags":                  {5, 0.5},
	"PutAutoTerminationPolicy": {5, 0.5},
	"SetTerminationProtection": {5, 0.2},
}

// Quota is a token bucket that AWS has raised.
type Quota struct{ Burst, PerSecond float64 }

// raised are EMR's buckets with those of quotas in their place.
func raised(quotas map[string]Quota) map[string]limit {
	limits := maps.Clone(emrLimits)
	for api, q := range quotas {
		limits[api] = limit{q.Burst, q.PerSecond}
	}
	return limits
}

// buckets hold the tokens that are left. A nil *buckets never runs out.
type buckets struct {
	limits map[string]limit
	left   map[string]float64
	at     time.Time
	denied map[string]int
}

func newBuckets(limits map[string]limit) *buckets {
	b := &buckets{limits: limits, left: map[string]float64{}, at: time.Now(), denied: map[string]int{}}
	for k, l := range limits {
		b.left[k] = l.burst
	}
	return b
}

// take takes a token of op and one of the account, if both are available.
func (b *buckets) take(op string) bool {
	if b == nil {
		return true
	}
	now := time.Now()
	for k, l := range b.limits {
		b.left[k] = min(l.burst, b.left[k]+l.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	const one = 1 - 1e-6 // tolerates rounding
	if b.left[op] < one || b.left[account] < one {
		b.denied[op]++
		return false
	}
	b.left[op]--
	b.left[account]--
	return true
}

// Denied returns how many calls of each operation were throttled.
func (f *EMR) Denied() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limits == nil {
		return nil
	}
	return maps.Clone(f.limits.denied)
}
