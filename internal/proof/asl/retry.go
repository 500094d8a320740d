package asl

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// retrier is a member of Retry; its attempts are counted per visit to the
// state and apart from those of other retriers.
type retrier struct {
	backoffPolicy

	errorEquals []string
	attempts    int
}

// backoffPolicy says how long to wait before a retry.
type backoffPolicy struct {
	interval time.Duration
	rate     float64
	most     time.Duration // 0 = no limit
	jitter   bool
}

// catcher is a member of Catch.
type catcher struct {
	errorEquals []string
	resultPath  *path
	next        string
}

// delay returns the wait before the retry after n earlier ones.
func (b backoffPolicy) delay(n int, rnd *rand.Rand) time.Duration {
	d := float64(b.interval) * math.Pow(b.rate, float64(n))
	if b.most > 0 {
		d = min(d, float64(b.most))
	}
	d = min(d, float64(maxSeconds*time.Second))
	if b.jitter {
		d *= rnd.Float64()
	}
	return time.Duration(d)
}

// retries counts the attempts of each retrier of one visit to a state.
type retries struct {
	of     []retrier
	counts []int
	total  int
}

// next returns the wait before the next attempt. The first retrier that
// matches decides, even when its attempts are used up.
func (r *retries) next(f *failure, rnd *rand.Rand) (time.Duration, bool) {
	i := slices.IndexFunc(r.of, func(t retrier) bool { return matches(t.errorEquals, f) })
	if i < 0 || r.counts[i] >= r.of[i].attempts {
		return 0, false
	}
	d := r.of[i].delay(r.counts[i], rnd)
	r.counts[i]++
	r.total++
	return d, true
}

func isStateError(name string) bool { return slices.Contains(stateErrors, name) }
