package intake

import (
	"cmp"

	"ephemr/internal/access"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// bound applies the stage's bounds for the run's team to a run that a message
// requests. The limits and the owner of a registered pipeline are not the sender's.
func (q RunRequest) bound(r *run.Run, limits stage.Limits) error {
	if q.Trigger.Kind != run.ByRequest {
		return nil
	}
	b := limits.RequestsOf(r.TeamName())
	over := func(what string, wanted, most any) error {
		return fault.New(fault.InvalidInput, "%w", access.Refuse(
			"%s %v is more than the %v that requests of team %s may have; lower it, or ask the stage's administrator to raise limits.requests",
			what, wanted, most, r.TeamName()))
	}
	if q.Priority != nil && *q.Priority > *b.MaxPriority || q.Spec != nil && r.Priority > *b.MaxPriority {
		return over("priority", r.Priority, *b.MaxPriority)
	}
	if q.Spec == nil {
		return nil
	}
	switch {
	case r.MaxActive > b.MaxActive:
		return over("limits.maxActive", r.MaxActive, b.MaxActive)
	case r.MaxDuration > b.MaxDeadline.Std():
		return over("limits.deadline", r.MaxDuration, b.MaxDeadline)
	}
	r.MaxActive = cmp.Or(r.MaxActive, min(b.MaxActive, limits.PipelineMaxActive))
	r.MaxDuration = cmp.Or(r.MaxDuration, min(b.MaxDeadline, limits.Deadline).Std())
	r.Owner = cmp.Or(b.Owner, access.Principal(r.Trigger.Sender))
	return nil
}
