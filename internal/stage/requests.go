package stage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"ephemr/internal/pipeline"
)

// Requests are the bounds of what the requests of a team may ask for, by team;
// "default" is for teams without an entry. A message on the queue cannot raise them.
type Requests map[string]RequestBounds

// RequestBounds are the bounds of a team's requests. Zero values stand for the
// stage's own limits.
type RequestBounds struct {
	MaxPriority *int              `json:"maxPriority,omitempty" yaml:"maxPriority"` // 0..9; nil = 9
	MaxActive   int               `json:"maxActive,omitempty" yaml:"maxActive"`     // concurrent runs of a pipeline that is part of requests; 0 = that of a pipeline
	MaxDeadline pipeline.Duration `json:"maxDeadline,omitzero" yaml:"maxDeadline"`  // of such a run; 0 = that of the stage
	Owner       string            `json:"owner,omitempty" yaml:"owner"`             // of such runs: tag, and recipient of notices; "" = the sender
}

// RequestsOf are the bounds of the requests of a team, all of them set but Owner.
func (l Limits) RequestsOf(team string) RequestBounds {
	b, ok := l.Requests[team]
	if !ok {
		b = l.Requests[NoTeam]
	}
	if b.MaxPriority == nil {
		b.MaxPriority = new(pipeline.MaxPriority)
	}
	b.MaxActive = cmp.Or(b.MaxActive, l.PipelineMaxActive)
	b.MaxDeadline = cmp.Or(b.MaxDeadline, l.Deadline)
	return b
}

// Validate returns all errors.
func (r Requests) Validate() error {
	var errs []error
	for _, team := range slices.Sorted(maps.Keys(r)) {
		b := r[team]
		if b.MaxPriority != nil && (*b.MaxPriority < 0 || *b.MaxPriority > pipeline.MaxPriority) {
			errs = append(errs, fmt.Errorf("limits.requests.%s.maxPriority %d must be 0 to %d", team, *b.MaxPriority, pipeline.MaxPriority))
		}
		if b.MaxActive < 0 {
			errs = append(errs, fmt.Errorf("limits.requests.%s.maxActive must not be negative", team))
		}
		if b.MaxDeadline < 0 {
			errs = append(errs, fmt.Errorf("limits.requests.%s.maxDeadline must not be negative", team))
		}
	}
	return errors.Join(errs...)
}
