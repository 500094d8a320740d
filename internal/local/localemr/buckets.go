package localemr

import (
	"sync"
	"time"
)

// rate is a token bucket: burst tokens at most, refilled so many a second.
type rate struct{ burst, refill float64 }

// rates are EMR's default quotas of API calls (AWS General Reference, Amazon
// EMR endpoints and quotas). accountRate is that of older accounts.
var (
	slowRate    = rate{burst: 10, refill: 0.5}
	rareRate    = rate{burst: 5, refill: 0.5}
	accountRate = rate{burst: 25, refill: 5}
)

func rateOf(op string) rate {
	switch op {
	case "DescribeCluster", "ListInstanceGroups":
		return rate{burst: 10, refill: 1}
	case "ListClusters":
		return rate{burst: 20, refill: 0.5}
	case "SetTerminationProtection":
		return rate{burst: 5, refill: 0.2}
	case "RunJobFlow", "AddJobFlowSteps", "CancelSteps", "DescribeStep", "ListSteps", "ListInstances",
		"TerminateJobFlows", "ModifyCluster":
		return slowRate
	default:
		return rareRate
	}
}

// buckets throttles like EMR: one bucket for each operation, one for the account.
type buckets struct {
	mu      sync.Mutex
	byOp    map[string]*bucket
	account *bucket
}

type bucket struct {
	rate   rate
	tokens float64
	filled time.Time
}

func newBuckets() *buckets {
	return &buckets{byOp: map[string]*bucket{}, account: newBucket(accountRate)}
}

func newBucket(r rate) *bucket { return &bucket{rate: r, tokens: r.burst} }

func (b *buckets) take(op string, at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.byOp[op]
	if own == nil {
		own = newBucket(rateOf(op))
		b.byOp[op] = own
	}
	own.fill(at)
	b.account.fill(at)
	if own.tokens < 1 || b.account.tokens < 1 {
		return false
	}
	own.tokens--
	b.account.tokens--
	return true
}

func (b *bucket) fill(at time.Time) {
	if !b.filled.IsZero() {
		b.tokens = min(b.rate.burst, b.tokens+at.Sub(b.filled).Seconds()*b.rate.refill)
	}
	b.filled = at
}
