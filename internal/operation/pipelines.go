package operation

import (
	"context"
	"log/slog"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
)

// PauseRequest stops the triggers of a pipeline.
type PauseRequest struct {
	Pipeline string `json:"pipeline"`
	Why      string `json:"why,omitempty"` // the reason for the record, with the caller's name
}

// ResumeRequest starts the triggers of a paused pipeline again.
type ResumeRequest struct {
	Pipeline string           `json:"pipeline"`
	Catchup  pipeline.Catchup `json:"catchup,omitempty"` // which dates that became due meanwhile are made; "" = as each trigger says
}

// RollbackRequest makes an older version of a pipeline the newest one.
type RollbackRequest struct {
	Pipeline string `json:"pipeline"`
	To       int    `json:"to,omitempty"` // 0 = the version before the current one
}

// Pipelines changes registered pipelines.
type Pipelines struct {
	Register *register.Register
	Packages register.GetAPI
}

// Pause stops the triggers of a pipeline. Runs that were requested before go on.
func (p *Pipelines) Pause(ctx context.Context, in PauseRequest) (register.Paused, error) {
	out, err := p.Register.Store.Pause(ctx, in.Pipeline, in.Why, time.Now())
	if err == nil && out.Changed {
		slog.InfoContext(ctx, "pipeline paused", "pipeline", in.Pipeline, "why", in.Why)
	}
	return out, err
}

// Resume starts the triggers of a pipeline again.
func (p *Pipelines) Resume(ctx context.Context, in ResumeRequest) (register.Paused, error) {
	if !in.Catchup.Valid() {
		return register.Paused{}, fault.New(fault.InvalidInput, "unknown catchup %q; use none, latest or all", string(in.Catchup))
	}
	out, err := p.Register.Store.Resume(ctx, in.Pipeline, in.Catchup, time.Now())
	if err == nil && out.Changed {
		slog.InfoContext(ctx, "pipeline resumed", "pipeline", in.Pipeline, "catchup", in.Catchup)
	}
	return out, err
}

// Rollback makes the content of an older version the newest one.
func (p *Pipelines) Rollback(ctx context.Context, in RollbackRequest) (register.RolledBack, error) {
	return p.Register.Rollback(ctx, in.Pipeline, in.To, p.Packages)
}
