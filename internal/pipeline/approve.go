package pipeline

import (
	"fmt"
	"time"
)

// Approve makes a job wait until a person releases it.
type Approve struct {
	Message string   `json:"message,omitempty"` // what is to be decided; template
	Timeout Duration `json:"timeout,omitempty"` // without a decision by then the job has failed; default 24h
	Keep    bool     `json:"keep,omitempty"`    // the cluster, which is released meanwhile otherwise
}

const (
	defaultApproval = 24 * time.Hour

	// MaxApprovals is how many jobs of a pipeline may wait for a person: each can take
	// another cluster, and an execution's history is limited.
	MaxApprovals = 5
)

// Lasts is how long a decision is waited for.
func (a *Approve) Lasts() time.Duration {
	if a.Timeout == 0 {
		return defaultApproval
	}
	return a.Timeout.Std()
}

func (r *rules) approvals() {
	n := 0
	for i, j := range r.spec.Jobs {
		if j.Approve == nil {
			continue
		}
		n++
		p := root("jobs").index(i).key("approve")
		if j.Approve.Timeout != 0 {
			r.duration(p.key("timeout"), j.Approve.Timeout, time.Minute, maxWait)
		}
		if len(j.Approve.Message) > maxTextBytes {
			r.fault(p.key("message"), "%d bytes long; use at most %d", len(j.Approve.Message), maxTextBytes)
		}
		if j.When.conditional() {
			r.fault(p, "a job with when: %s cannot wait for a person; remove approve", j.When)
		}
	}
	r.atMost(root("jobs"), "jobs with approve", n, MaxApprovals)
}

// Approval returns what the named job says of approval, with its message filled in, or nil.
func (s Spec) Approval(name string, c Context) (*Approve, error) {
	for i := range s.Jobs {
		if s.Jobs[i].Name != name || s.Jobs[i].Approve == nil {
			continue
		}
		a := *s.Jobs[i].Approve
		at := &place{text: fmt.Sprintf("jobs[%s].approve.message", name)}
		return &a, s.fill(at, []field{{at: at, get: a.Message, set: func(m string) { a.Message = m }}}, c)
	}
	return nil, nil //nolint:nilnil // none is an answer
}
