// Package apply is ephemr apply: it registers pipeline files.
package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upload"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// Clients are the clients that apply uses.
type Clients struct {
	Profiles  session.ParameterAPI
	Pipelines Pipelines
	S3        upload.S3API
	Lambda    lambdacall.InvokeAPI
}

// Options of the command.
type Options struct {
	Files   []string
	Project string // the root that sources are relative to
	DryRun  bool
	JSON    bool
}

// Result is the result for one file; -o json prints an array of them.
type Result struct {
	File      string    `json:"file"`
	Pipeline  string    `json:"pipeline"`
	Version   int       `json:"version,omitempty"` // 0 when nothing was registered
	Changed   bool      `json:"changed"`           // with DryRun: it would be
	DryRun    bool      `json:"dryRun,omitempty"`
	Plan      *Plan     `json:"plan,omitempty"` // with DryRun only
	Schedules []string  `json:"schedules"`
	Packages  []Package `json:"packages"`
}

// Package is the package of one source.
type Package struct {
	Source   string `json:"source"`
	Key      string `json:"key"`
	Size     int64  `json:"size"` // bytes
	Files    int    `json:"files"`
	Uploaded bool   `json:"uploaded"` // false = it existed already; with DryRun: it would be uploaded
}

// plan is a valid file, ready to register.
type plan struct {
	file    string
	spec    pipeline.Spec
	sources []upload.Source
}

// Run validates every file before it registers the first.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	meter := progress.New(io, o.JSON)
	plans, err := check(ctx, o, meter, s, c)
	if err != nil {
		return err
	}
	results := make([]Result, 0, len(plans))
	for _, p := range plans {
		r, err := carryOut(ctx, p, o.DryRun, meter, s, c)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", p.file, err), show(o, io, results))
		}
		results = append(results, r)
	}
	return show(o, io, results)
}

func check(ctx context.Context, o Options, meter *progress.Meter, s stage.Settings, c Clients) ([]plan, error) {
	var plans []plan
	var errs []error
	for _, file := range o.Files {
		p, err := checkFile(ctx, file, o.Project, meter, s, c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if i := slices.IndexFunc(plans, func(q plan) bool { return q.spec.Name == p.spec.Name }); i >= 0 {
			errs = append(errs, exit.Usage("%s: pipeline %s is also defined in %s; rename one", file, p.spec.Name, plans[i].file))
			continue
		}
		plans = append(plans, p)
	}
	return plans, errors.Join(errs...)
}

func checkFile(ctx context.Context, file, project string, meter *progress.Meter, s stage.Settings, c Clients) (plan, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return plan{}, exit.Usage("read pipeline: %w", err)
	}
	spec, err := pipeline.Parse(file, data, pipeline.WithZones(slices.Sorted(maps.Keys(s.Lake))...),
		pipeline.WithSources(s.SourceBuckets()...), pipeline.WithBuckets(s.Lake), pipeline.WithVars(slices.Collect(maps.Keys(s.Vars))...))
	if err != nil {
		return plan{}, exit.Usage("%w", err)
	}
	if err := register.Check(spec, s); err != nil {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	sources, err := upload.Build(&spec, upload.From{Root: project, Project: project}, meter)
	if err != nil {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	shape, err := cluster.LoadProfile(ctx, c.Profiles, s.Stage, spec.Cluster.Profile)
	if fault.NameOf(err) == fault.InvalidInput {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	if err != nil {
		return plan{}, prefixed(file, err)
	}
	if err := errors.Join(shape.CheckSteps(spec, spec.Cluster.Profile), resize.CheckJobs(spec, shape)); err != nil {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	return plan{file: file, spec: spec, sources: sources}, nil
}

// prefixed puts the file before every error that err joins.
func prefixed(file string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", file, err)
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, fmt.Errorf("%s: %w", file, e))
	}
	return errors.Join(errs...)
}

func carryOut(ctx context.Context, p plan, dry bool, meter *progress.Meter, s stage.Settings, c Clients) (Result, error) {
	r := Result{File: p.file, Pipeline: p.spec.Name, DryRun: dry, Schedules: []string{}, Packages: []Package{}}
	for _, src := range p.sources {
		sent, err := send(ctx, src, dry, meter, s, c)
		if err != nil {
			return r, err
		}
		r.Packages = append(r.Packages, Package{
			Source: src.Package.Source, Key: src.Package.Key(), Size: src.Package.Size, Files: len(src.Package.Files), Uploaded: sent,
		})
	}
	if dry {
		plan, err := compare(ctx, c.Pipelines, p.spec)
		if err != nil {
			return r, err
		}
		r.Plan, r.Changed = plan, plan.Action != Unchanged
		return r, nil
	}
	out, err := registerSpec(ctx, p.spec, s, c.Lambda)
	if err != nil {
		return r, err
	}
	r.Version, r.Changed, r.Schedules = out.Version, out.Changed, append(r.Schedules, out.Schedules...)
	return r, nil
}

// send uploads a package unless it exists, or reports whether it would.
func send(ctx context.Context, src upload.Source, dry bool, meter *progress.Meter, s stage.Settings, c Clients) (bool, error) {
	if !dry {
		return upload.Send(ctx, c.S3, s.ArtifactsBucket, src.Package, meter)
	}
	exists, err := upload.Exists(ctx, c.S3, s.ArtifactsBucket, src.Package)
	return !exists, err
}

func registerSpec(ctx context.Context, spec pipeline.Spec, s stage.Settings, api lambdacall.InvokeAPI) (register.Output, error) {
	var out register.Output
	data, err := json.Marshal(spec)
	if err != nil {
		return out, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	if err := lambdacall.Invoke(ctx, api, s.RegisterFunction, register.Input{Spec: data}, &out); err != nil {
		return out, fmt.Errorf("register pipeline %s: %w", spec.Name, err)
	}
	return out, nil
}
