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
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
)

// Pipelines knows the registered pipelines.
type Pipelines interface {
	// Current returns the newest version, or nil if the name is not known.
	Current(ctx context.Context, name string) (*register.Version, error)
	// Watching returns the pipelines with an S3 trigger that matches, sorted.
	Watching(ctx context.Context, zone, key string) ([]string, error)
}

// Users knows whom runs may run as.
type Users interface {
	Policy(ctx context.Context) (access.Policy, error)
}

// Ask is a wish for a run, whoever it comes from.
type Ask struct {
	Pipeline    string
	Spec        *pipeline.Spec // nil = the registered one
	Params      map[string]string
	Logical     time.Time
	Priority    *int // nil = the pipeline's
	RequestedAt time.Time
	Trigger     run.Trigger
	User        string   // whom a request wants to run as
	Identity    []string // what makes it the same run
	Wish        string   // digest of what a request says beside its id
	Quiet       bool     // a paused pipeline is no error: nobody is waiting for an answer
}

// Wanted turns the wish into runs, or says what is wrong with it.
func (a Ask) Wanted(ctx context.Context, known Pipelines, users Users, can engine.Catalog) ([]Wanted, error) {
	spec, version, err := a.spec(ctx, known)
	if spec == nil || err != nil {
		return nil, err
	}
	grant, err := a.grant(ctx, users, spec)
	if err != nil {
		return nil, err
	}
	if err := can.Check(spec, grant.User != ""); err != nil {
		return nil, err
	}
	params, err := spec.ResolveParams(a.Params)
	if err != nil {
		return nil, fault.New(fault.InvalidInput, "%w", err)
	}
	priority := spec.Priority
	if a.Priority != nil {
		if *a.Priority < 0 || *a.Priority > 9 {
			return nil, fault.New(fault.InvalidInput, "priority %d is not between 0 and 9", *a.Priority)
		}
		priority = *a.Priority
	}
	r := run.Run{
		ID: run.ID(spec.Name, a.Logical, a.Identity...), Identity: run.Digest(a.Identity...), Wish: a.Wish, Pipeline: spec.Name, Version: version, Owner: spec.Owner,
		User: grant.User, Role: grant.Role, Team: grant.Team, Trigger: a.Trigger, LogicalTime: a.Logical.UTC(), Params: params, Priority: priority,
		MaxActive: spec.Limits.MaxActive, MaxDuration: spec.Limits.Deadline.Std(),
		State: run.Queued, RequestedAt: a.RequestedAt.UTC(),
	}
	return []Wanted{{Run: r, Spec: spec}}, nil
}

// spec is the pipeline that is asked for, and its version: 0 if the request
// brought it along. Nothing is asked for when it is nil.
func (a Ask) spec(ctx context.Context, known Pipelines) (*pipeline.Spec, int, error) {
	v, err := known.Current(ctx, a.Pipeline)
	switch {
	case err != nil:
		return nil, 0, err
	case a.Spec != nil && v != nil:
		return nil, 0, fault.New(fault.InvalidInput, "pipeline %s is registered; give the one that comes with the request another name", a.Pipeline)
	case a.Spec != nil:
		return a.Spec, 0, nil
	case v == nil:
		return nil, 0, fault.New(fault.InvalidInput, "pipeline %q is not known; ephemr apply registers it", clip(a.Pipeline, 80))
	case v.Paused && a.Quiet:
		return nil, 0, nil
	case v.Paused:
		return nil, 0, fault.New(fault.InvalidInput, "pipeline %s is paused: its newest version in table pipelines says so, and nothing starts it until that is taken back", a.Pipeline)
	}
	return &v.Spec, v.Number, nil
}

// grant decides whom the run runs as, and whose limits it counts against. The
// team that a request writes into a pipeline of its own is nobody's word.
func (a Ask) grant(ctx context.Context, users Users, spec *pipeline.Spec) (access.Grant, error) {
	policy, err := users.Policy(ctx)
	if err != nil {
		return access.Grant{}, err
	}
	request := access.Request{Sender: a.Trigger.Sender, FromQueue: a.Trigger.Kind == run.ByRequest, User: a.User}
	if a.Spec == nil {
		request.Pipeline = spec.Name
	}
	grant, err := policy.Decide(request)
	if err != nil {
		return grant, fault.New(fault.InvalidInput, "%w", err)
	}
	if grant.User == "" && a.Spec == nil {
		grant.Team = spec.Team
	}
	return grant, nil
}

// rejected is the record of a wish that cannot be fulfilled.
func (a Ask) rejected(err error) Wanted {
	return Wanted{Run: run.Run{
		ID: run.ID(a.Pipeline, a.Logical, a.Identity...), Identity: run.Digest(a.Identity...), Pipeline: a.Pipeline, Trigger: a.Trigger,
		LogicalTime: a.Logical.UTC(), Params: a.Params, RequestedAt: a.RequestedAt.UTC(), EndedAt: time.Now().UTC(),
		State: run.Rejected, Class: classOf(err), Reason: err.Error(),
	}}
}

// IsInvalid says whether err is the fault of whoever asked.
func IsInvalid(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Name == fault.InvalidInput
}

// classOf is the class of a wish that cannot be fulfilled.
func classOf(err error) job.Class {
	if _, refused := errors.AsType[*access.RefusedError](err); refused {
		return job.ClassPermission
	}
	return job.ClassInvalid
}

// logicalTime reads a time that a person wrote; without one it is fallback.
func logicalTime(text string, fallback time.Time) (time.Time, error) {
	if text == "" {
		return fallback, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("logical time %q is neither like 2006-01-02 nor like 2006-01-02T15:04:05Z", clip(text, 40))
}
