// Package apply is ephemr apply and ephemr diff: it registers pipeline files, or says
// what that would change.
package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upload"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// Clients are the clients that apply uses.
type Clients struct {
	Profiles  cluster.ParameterAPI
	Pipelines Pipelines
	S3        upload.S3API
	Lambda    lambdacall.InvokeAPI
}

// Options of the command.
type Options struct {
	Files   []string // and folders
	Project string   // the root that sources are relative to
	DryRun  bool
	Diff    bool // with DryRun: only pipelines that would change are shown
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

// Run validates every file before it registers the first. A pipeline that cannot be
// registered does not affect the others.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	meter := progress.New(io, o.JSON)
	plans, err := check(ctx, o, meter, s, c)
	if err != nil {
		return err
	}
	packages := upload.NewSender(c.S3, s.ArtifactsBucket, meter)
	results, errs := make([]Result, len(plans)), make([]error, len(plans))
	do := func(i int) {
		if results[i], errs[i] = carryOut(ctx, plans[i], o.DryRun, packages, s, c); errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", plans[i].file, errs[i])
		}
	}
	if o.DryRun {
		each(len(plans), readAtOnce, do)
	} else {
		registerInOrder(plans, do)
	}
	done := []Result{}
	for i, r := range results {
		if errs[i] == nil && (r.Changed || !o.Diff) {
			done = append(done, r)
		}
	}
	if err := errors.Join(append(errs, show(o, io, done))...); err != nil || !o.DryRun {
		return err
	}
	return different(done)
}

// different is the exit code of a dry run.
func different(done []Result) error {
	if slices.ContainsFunc(done, func(r Result) bool { return r.Changed }) {
		return exit.Silent(exit.CodeDifferent)
	}
	return nil
}

func carryOut(ctx context.Context, p plan, dry bool, packages *upload.Sender, s stage.Settings, c Clients) (Result, error) {
	r := Result{File: p.file, Pipeline: p.spec.Name, DryRun: dry, Schedules: []string{}, Packages: []Package{}}
	for _, src := range p.sources {
		sent, err := send(ctx, src, dry, packages)
		if err != nil {
			return r, err
		}
		r.Packages = append(r.Packages, Package{
			Source: src.Package.Source, Key: src.Package.Key(), Size: src.Package.Size, Files: len(src.Package.Files), Uploaded: sent,
		})
	}
	if dry {
		plan, err := compare(ctx, c.Pipelines, p.spec, time.Now())
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
func send(ctx context.Context, src upload.Source, dry bool, packages *upload.Sender) (bool, error) {
	if !dry {
		return packages.Send(ctx, src.Package)
	}
	exists, err := packages.Exists(ctx, src.Package)
	return !exists, err
}

func registerSpec(ctx context.Context, spec pipeline.Spec, s stage.Settings, api lambdacall.InvokeAPI) (register.Output, error) {
	var out register.Output
	data, err := json.Marshal(spec)
	if err != nil {
		return out, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	if err := lambdacall.Invoke(ctx, api, s.RegisterFunction, register.Input{Spec: data, By: session.Who()}, &out); err != nil {
		return out, fmt.Errorf("register pipeline %s: %w", spec.Name, err)
	}
	return out, nil
}
