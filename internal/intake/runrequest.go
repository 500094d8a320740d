package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ephemr/internal/access"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Pipelines reads registered pipelines.
type Pipelines interface {
	// Current returns the newest version, or nil if there is none.
	Current(ctx context.Context, name string) (*register.Version, error)
	// Watching returns the pipelines with an S3 trigger that matches, sorted.
	Watching(ctx context.Context, source, key string, size int64) ([]register.Watcher, error)
}

// Users reads the policy that decides which user a run gets.
type Users interface {
	Policy(ctx context.Context) (access.Policy, error)
}

// RunRequest is a request for a run, whatever its trigger.
type RunRequest struct {
	Pipeline    string
	Spec        *pipeline.Spec // nil = the registered one
	Params      map[string]string
	Logical     time.Time
	IsDate      bool // Logical was given as a date
	Priority    *int // nil = the pipeline's
	RequestedAt time.Time
	Trigger     run.Trigger
	User        string             // that the request names
	Identity    []string           // requests with an equal identity are the same run, for each value of a matrix
	Dated       bool               // Identity is that of the planned time Logical, whatever requests it
	Values      map[string]string  // params that do not identify the run
	Quiet       bool               // a paused pipeline is not an error: the trigger has no sender to answer
	Due         bool               // a paused pipeline does not matter: it was due before
	After       time.Time          // planned time whose run must succeed before; zero = none
	Also        []string           // with Dated: what distinguishes the run from others of its time
	Occasion    *pipeline.Occasion // what the run is for; nil = what the pipeline says of Logical
}

// NewRuns returns the runs to create, one for each combination of the pipeline's matrix,
// or what is wrong with the request. What is wrong with single combinations is recorded
// with them, and does not affect the others.
func (q RunRequest) NewRuns(ctx context.Context, s stage.Settings, known Pipelines, users Users, can engine.Catalog) ([]NewRun, error) {
	spec, version, err := q.spec(ctx, known)
	if spec == nil || err != nil {
		return nil, err
	}
	grant, err := q.grant(ctx, users, spec)
	if err != nil {
		return nil, err
	}
	if err := can.Check(spec, grant.User != ""); err != nil {
		return nil, err
	}
	combinations, err := spec.Matrix.Combinations(q.Params)
	if err != nil {
		return nil, fault.New(fault.InvalidInput, "pipeline %s: %w", spec.Name, err)
	}
	var all []NewRun
	wrong := 0
	for _, c := range combinations {
		w, err := q.newRun(spec, version, grant, c, s)
		if IsInvalid(err) && len(combinations) > 1 {
			if wrong++; wrong < len(combinations) {
				refused := q.rejected(err, c)
				refused.Run.Params, _ = spec.Conceal(refused.Run.Params)
				all = append(all, refused)
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// newRun is the run for a combination of the matrix.
func (q RunRequest) newRun(spec *pipeline.Spec, version int, grant access.Grant, matrix map[string]string, s stage.Settings) (NewRun, error) {
	occasion := spec.OccasionOf(q.Logical, q.IsDate)
	if q.Occasion != nil {
		occasion = *q.Occasion
	}
	early := occasion.Context(q.Logical)
	early.Vars = s.Vars
	shown, secrets, err := q.params(spec, matrix, early)
	if err != nil {
		return NewRun{}, err
	}
	priority, err := q.priority(spec)
	if err != nil {
		return NewRun{}, err
	}
	identity := q.identity(matrix, q.Logical)
	r := run.Run{
		ID: run.ID(spec.Name, q.Logical, identity...), Identity: run.Digest(identity...),
		Pipeline: spec.Name, Version: version, Owner: spec.Owner,
		User: grant.User, Role: grant.Role, Team: grant.Team, Trigger: q.Trigger, LogicalTime: q.Logical.UTC(),
		LogicalDate: occasion.Date, Timezone: occasion.Zone, IntervalStart: occasion.Interval.Start, IntervalEnd: occasion.Interval.End,
		Params: shown, Secrets: secrets, Priority: priority,
		MaxActive: spec.Limits.MaxActive, MaxDuration: spec.Limits.Deadline.Std(), WarnBefore: spec.Notify.Deadline.Std(), Matrix: matrix,
		State: run.Queued, RequestedAt: q.RequestedAt.UTC(),
	}
	if len(matrix) > 0 {
		r.MaxPerValue = spec.Limits.MaxPerValue
	}
	if !q.After.IsZero() {
		r.After = run.ID(spec.Name, q.After, q.identity(matrix, q.After)...)
	}
	if r.Trigger.Batch != "" {
		r.Trigger.Manifest = "s3://" + s.LogsBucket + "/" + ledger.ManifestKey(r)
	}
	if err := q.bound(&r, s.Limits); err != nil {
		return NewRun{}, err
	}
	rec := run.Record{Run: r, Spec: spec}
	if err := spec.CheckValues(rec.Context(s)); err != nil {
		return NewRun{}, fault.New(fault.InvalidInput, "%w", err)
	}
	return NewRun{Run: r, Spec: spec}, nil
}

// identity is that of the run for a combination of the matrix.
func (q RunRequest) identity(matrix map[string]string, logical time.Time) []string {
	if q.Dated {
		return append(run.OfDate(q.Pipeline, logical, run.With(q.Params, matrix)), q.Also...)
	}
	return run.OfValue(q.Identity, matrix)
}

// params returns the values of the run's params; those of sensitive ones are secrets.
func (q RunRequest) params(spec *pipeline.Spec, matrix map[string]string, early pipeline.Context) (shown, secrets map[string]string, err error) {
	all, err := spec.ResolveParams(run.With(q.Values, run.With(q.Params, matrix)), early)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidInput, "%w", err)
	}
	shown, secrets = spec.Conceal(all)
	if len(secrets) > 0 && q.Trigger.Kind == run.ByManual {
		return nil, nil, fault.New(fault.InvalidInput, "pipeline %s has sensitive params, and Step Functions keeps the input of executions; use ephemr start, or send a request", spec.Name)
	}
	return shown, secrets, nil
}

// priority is the requested one, or that of the pipeline.
func (q RunRequest) priority(spec *pipeline.Spec) (int, error) {
	if q.Priority == nil {
		return spec.Priority, nil
	}
	if *q.Priority < 0 || *q.Priority > pipeline.MaxPriority {
		return 0, fault.New(fault.InvalidInput, "priority %d is not between 0 and %d", *q.Priority, pipeline.MaxPriority)
	}
	return *q.Priority, nil
}

// spec is the requested pipeline and its version: 0 if it is part of the request.
// It is nil if the request is to be ignored.
func (q RunRequest) spec(ctx context.Context, known Pipelines) (*pipeline.Spec, int, error) {
	v, err := known.Current(ctx, q.Pipeline)
	switch {
	case err != nil:
		return nil, 0, err
	case q.Spec != nil && v != nil:
		return nil, 0, fault.New(fault.InvalidInput, "pipeline %s is registered; give the one in the request another name", q.Pipeline)
	case q.Spec != nil:
		return q.Spec, 0, nil
	case v == nil:
		return nil, 0, fault.New(fault.InvalidInput, "pipeline %q is not known; ephemr apply registers it", clip(q.Pipeline, 80))
	case v.Paused && q.Quiet:
		return nil, 0, nil
	case v.Paused && !q.Due:
		return nil, 0, fault.New(fault.InvalidInput, "pipeline %s is paused; resume it first", q.Pipeline)
	}
	return &v.Spec, v.Number, nil
}

// grant decides the run's user, and the team whose limits it counts against. The
// team that is named in the request's own pipeline is not trusted.
func (q RunRequest) grant(ctx context.Context, users Users, spec *pipeline.Spec) (access.Grant, error) {
	policy, err := users.Policy(ctx)
	if err != nil {
		return access.Grant{}, err
	}
	request := access.Request{Sender: q.Trigger.Sender, FromQueue: q.Trigger.Kind == run.ByRequest, User: q.User}
	if q.Spec == nil {
		request.Pipeline = spec.Name
	}
	grant, err := policy.Decide(request)
	if err != nil {
		return grant, fault.New(fault.InvalidInput, "%w", err)
	}
	if grant.User == "" && q.Spec == nil {
		grant.Team = spec.Team
	}
	return grant, nil
}

// rejected is the record of a request that is refused for a combination of the matrix.
func (q RunRequest) rejected(err error, matrix map[string]string) NewRun {
	identity := q.identity(matrix, q.Logical)
	return NewRun{Run: run.Run{
		ID: run.ID(q.Pipeline, q.Logical, identity...), Identity: run.Digest(identity...), Pipeline: q.Pipeline, Trigger: q.Trigger, Matrix: matrix,
		LogicalTime: q.Logical.UTC(), Params: run.With(q.Params, matrix), RequestedAt: q.RequestedAt.UTC(), EndedAt: time.Now().UTC(),
		State: run.Rejected, Class: classOf(err), Reason: err.Error(),
	}}
}

// IsInvalid reports whether err is the sender's fault.
func IsInvalid(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Name == fault.InvalidInput
}

// classOf is the class of a request that is refused for err.
func classOf(err error) job.Class {
	if _, refused := errors.AsType[*access.RefusedError](err); refused {
		return job.ClassPermission
	}
	return job.ClassInvalid
}

// logicalTime parses a time that a person wrote; without one it is fallback.
func logicalTime(text string, fallback time.Time) (time.Time, error) {
	if text == "" {
		return fallback, nil
	}
	t, err := run.ParseLogicalTime(text)
	if err != nil {
		return t, fmt.Errorf("logicalTime: %w", err)
	}
	return t, nil
}
