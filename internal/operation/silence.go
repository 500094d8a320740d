package operation

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/outbox"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
)

// SilenceRequest keeps the messages about a pipeline back, or ends that.
type SilenceRequest struct {
	Pipeline string            `json:"pipeline"`
	Class    job.Class         `json:"class,omitempty"` // "" = of all classes
	For      pipeline.Duration `json:"for,omitzero"`    // 0 = end it
	By       string            `json:"by,omitempty"`
}

// Silenced is the silence as it is now.
type Silenced struct {
	Pipeline string `json:"pipeline"`
	outbox.Silence
}

// maxSilence is how long a silence lasts at most, so that none is forgotten.
const maxSilence = 30 * 24 * time.Hour

// Silencer keeps messages back.
type Silencer struct {
	Store   *register.Store
	Notices *outbox.Store
}

// Silence begins or ends a silence. One that is there for the same class is replaced.
func (s *Silencer) Silence(ctx context.Context, in SilenceRequest) (Silenced, error) {
	switch {
	case in.Class != "" && !slices.Contains(job.Classes, in.Class):
		return Silenced{}, fault.New(fault.InvalidInput, "unknown class %q; use one of %v", string(in.Class), job.Classes)
	case in.For < 0 || in.For.Std() > maxSilence:
		return Silenced{}, fault.New(fault.InvalidInput, "a silence of %s is not possible; use at most %s", in.For, maxSilence)
	}
	v, err := s.Store.Current(ctx, in.Pipeline)
	if err != nil {
		return Silenced{}, err
	}
	if v == nil {
		return Silenced{}, fault.New(fault.InvalidInput, "there is no pipeline %s; ephemr pipelines lists them", in.Pipeline)
	}
	now := time.Now().UTC()
	x := outbox.Silence{Class: string(in.Class), Until: now.Add(in.For.Std()), By: in.By, At: now}
	if err := s.Notices.Silence(ctx, in.Pipeline, x); err != nil {
		return Silenced{}, err
	}
	slog.InfoContext(ctx, "notices silenced", "pipeline", in.Pipeline, "class", string(in.Class), "until", x.Until, "by", in.By)
	return Silenced{Pipeline: in.Pipeline, Silence: x}, nil
}
