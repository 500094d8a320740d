package pipeline

import (
	"math"
	"time"
)

// RetryDelay is how long a job waits for its next attempt. In a file it may be written as
// its delay alone.
type RetryDelay struct {
	Delay  Duration `json:"delay" jsonschema:"required"`                        // before the first retry
	Factor int      `json:"factor,omitempty" jsonschema:"minimum=1,maximum=10"` // by which each further delay is longer; default 1
	Max    Duration `json:"max,omitempty"`                                      // of each delay; default 1h
}

func (*RetryDelay) abbreviates() string { return "delay" }

const (
	maxDelay  = time.Hour // an idle cluster costs money, and its profile ends it after a while
	maxFactor = 10
)

// MaxRounds is how many attempts and delays a pipeline may need together: each is a
// round of the state machine, and an execution's history is limited.
const MaxRounds = 2600

// Before returns how long to wait before a retry, counted from 1: up to a fifth longer
// than the file says, by a random number in [0, 1).
func (d *RetryDelay) Before(retry int, random float64) time.Duration {
	if d == nil {
		return 0
	}
	most := maxDelay
	if d.Max > 0 {
		most = d.Max.Std()
	}
	wait := float64(d.Delay) * math.Pow(float64(max(d.Factor, 1)), float64(max(retry, 1)-1))
	wait = min(wait, float64(most))
	return time.Duration(wait + wait/5*random)
}

// Longest returns the longest delay, with its jitter.
func (d *RetryDelay) Longest() time.Duration { return d.Before(maxRetries, 1) }

// LongestDelay returns the longest time for which the pipeline's cluster may be idle
// because all its jobs wait for their next attempts.
func (s Spec) LongestDelay() (longest time.Duration) {
	for _, j := range s.Jobs {
		longest = max(longest, j.RetryDelay.Longest())
	}
	return longest
}

func (r *rules) retryDelay(p *place, j Job) {
	d := j.RetryDelay
	if d == nil {
		return
	}
	if j.Retries == 0 {
		r.fault(p, "the job has no retries; add retries, or remove retryDelay")
	}
	if d.Delay == 0 {
		r.fault(p, "no delay; add one, like delay: 30s")
	} else {
		r.duration(p.key("delay"), d.Delay, time.Second, maxDelay)
	}
	if d.Factor != 0 {
		r.within(p.key("factor"), "the factor", d.Factor, 1, maxFactor)
	}
	if k := r.spec.Cluster.KeepAlive.Std(); k > 0 && d.Longest() > k {
		r.fault(p, "the delays are up to %s, and cluster.keepAlive is %s: the cluster could be gone; keep it longer, or set max", short(d.Longest().Round(time.Second)), short(k))
	}
	r.longestRetryDelay(p.key("max"), d)
	if l := r.spec.Limits.Deadline; l > 0 && d.Delay >= l {
		r.fault(p.key("delay"), "%s is not shorter than limits.deadline, %s", short(d.Delay.Std()), short(l.Std()))
	}
}

// longestRetryDelay checks the upper limit of the delays.
func (r *rules) longestRetryDelay(p *place, d *RetryDelay) {
	switch {
	case d.Max == 0:
	case d.Factor <= 1:
		r.fault(p, "without a factor all delays are equal; add factor, or remove max")
	case d.Max < d.Delay:
		r.fault(p, "%s is shorter than the delay", short(d.Max.Std()))
	default:
		r.duration(p, d.Max, time.Second, maxDelay)
	}
}

// rounds checks that the run fits into one execution of the state machine, in which
// each attempt and each delay of an attempt takes a round.
func (r *rules) rounds() {
	n, delayed := 0, false
	for _, j := range r.spec.Jobs {
		n += 1 + j.Retries
		if j.RetryDelay != nil {
			n, delayed = n+j.Retries, true
		}
	}
	if delayed && n > MaxRounds {
		r.fault(root("jobs"), "all attempts and delays together are %d; use at most %d: lower retries, or remove retryDelay", n, MaxRounds)
	}
}
