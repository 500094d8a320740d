package awsfake

import (
	"sync"
	"time"
)

// Rate is a token bucket, as AWS throttles calls with.
type Rate struct {
	burst, perSecond float64

	mu      sync.Mutex
	tokens  float64
	last    time.Time
	refused int
}

// NewRate returns a full bucket.
func NewRate(burst, perSecond float64) *Rate {
	return &Rate{burst: burst, perSecond: perSecond, tokens: burst, last: time.Now()}
}

// Take takes a token; false means that the call is throttled.
func (r *Rate) Take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.tokens = min(r.burst, r.tokens+now.Sub(r.last).Seconds()*r.perSecond)
	r.last = now
	if r.tokens < 1 {
		r.refused++
		return false
	}
	r.tokens--
	return true
}

// Refused is how many calls were throttled.
func (r *Rate) Refused() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}
