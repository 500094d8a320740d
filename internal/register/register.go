// Package register stores the registered pipelines: their versions, their S3
// triggers and their schedules.
package register

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Register is the register function: ephemr apply invokes it with a pipeline whose
// packages are uploaded.
type Register struct {
	Settings stage.Settings
	Engines  engine.Catalog // what they can do
	Profiles Profiles
	Store    *Store
}

// Profiles are the cluster profiles of the stage.
type Profiles interface {
	// Check returns why a pipeline does not fit the profile that it names.
	Check(ctx context.Context, spec pipeline.Spec) error
}

// Input is a pipeline as JSON.
type Input struct {
	Spec json.RawMessage `json:"spec"`
	By   string          `json:"by,omitempty"` // who registers it, as the caller says
}

// Output is the pipeline's version and its schedules: cron fields and time zone.
type Output struct {
	Pipeline  string   `json:"pipeline"`
	Version   int      `json:"version"`
	Changed   bool     `json:"changed"`
	Schedules []string `json:"schedules"`
}

// Apply validates a pipeline and makes it the current version with its triggers, all or
// nothing. It is idempotent, and repairs triggers that were changed.
func (r *Register) Apply(ctx context.Context, in Input) (Output, error) {
	spec, err := r.check(ctx, in.Spec)
	if err != nil {
		return Output{}, err
	}
	data, err := json.Marshal(spec) // Lambda does not promise to pass JSON on byte by byte
	if err != nil {
		return Output{}, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	now := time.Now()
	v, changed, err := r.Store.Add(ctx, spec, Digest(data), now)
	if err != nil {
		return Output{}, err
	}
	slog.InfoContext(ctx, "pipeline registered", "pipeline", spec.Name, "version", v.Number, "changed", changed)
	return output(spec, v, changed, now), nil
}

// check reads a pipeline and returns what prevents it from being registered.
func (r *Register) check(ctx context.Context, data []byte) (pipeline.Spec, error) {
	spec, err := pipeline.ParseJSON(data, pipeline.WithDestinations(r.Settings.Notices.Names()...), pipeline.WithSources(r.Settings.SourceBuckets()...), pipeline.WithBuckets(r.Settings.Lake),
		pipeline.WithZones(slices.Collect(maps.Keys(r.Settings.Lake))...), pipeline.WithVars(slices.Collect(maps.Keys(r.Settings.Vars))...))
	if err != nil {
		return spec, fault.New(fault.InvalidInput, "%w", err)
	}
	if err := Check(spec, r.Settings); err != nil {
		return spec, err
	}
	if err := r.Engines.Check(&spec, false); err != nil {
		return spec, err
	}
	if err := r.Profiles.Check(ctx, spec); err != nil {
		return spec, err
	}
	return spec, packaged(spec)
}

// packaged returns an error if a job has no package.
func packaged(spec pipeline.Spec) error {
	for _, j := range spec.Jobs {
		if j.Package == nil || j.Package.Key == "" || j.Package.SHA256 == "" {
			return fault.New(fault.InvalidInput, "pipeline %s: job %s has no package; register pipelines with ephemr apply", spec.Name, j.Name)
		}
	}
	return nil
}

// Check returns the errors that prevent a valid pipeline from being registered.
// Nothing is written unless it succeeds.
func Check(spec pipeline.Spec, s stage.Settings) error {
	var errs []error
	schedules := 0
	for i, t := range spec.Triggers {
		if t.Schedule != "" {
			schedules++
		}
		if t.S3 != nil {
			errs = append(errs, checkSource(spec.Name, i, *t.S3, s))
		}
	}
	if schedules > maxSchedules {
		errs = append(errs, fmt.Errorf("pipeline %s has %d schedules, more than the maximum of %d", spec.Name, schedules, maxSchedules))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Params)) {
		unset := func(t pipeline.Trigger) bool {
			_, set := t.Params[name]
			if t.After != nil {
				_, set = spec.After().Params[name]
			}
			return !set && len(spec.Matrix[name]) == 0
		}
		if spec.Params[name].Default == nil && slices.ContainsFunc(spec.Triggers, unset) {
			errs = append(errs, fmt.Errorf("pipeline %s: param %s needs a default, because a trigger does not set it", spec.Name, name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fault.New(fault.InvalidInput, "%w", err)
	}
	return nil
}

// checkSource checks that the objects of a trigger send events.
func checkSource(name string, i int, t pipeline.S3Trigger, s stage.Settings) error {
	if t.Bucket == Watched || s.IsSource(t.Bucket, t.Prefix) {
		return nil
	}
	if slices.Contains(s.SourceBuckets(), t.Bucket) {
		return fmt.Errorf("pipeline %s: triggers[%d]: the stage's sources do not include s3://%s/%s; use a prefix below those of the stage", name, i, t.Bucket, t.Prefix)
	}
	return fmt.Errorf("pipeline %s: triggers[%d]: zone %s does not support S3 triggers; use %s", name, i, t.Bucket, Watched)
}

// Digest identifies the content of a version: its pipeline as JSON.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Version is one version of a pipeline.
type Version struct {
	Number    int           `json:"version"`
	Digest    string        `json:"digest"`
	Paused    bool          `json:"paused,omitempty"`
	PausedAt  time.Time     `json:"pausedAt,omitzero"`
	PausedWhy string        `json:"pausedWhy,omitempty"`
	AppliedAt time.Time     `json:"appliedAt"`
	Spec      pipeline.Spec `json:"spec"`

	ResumedWith pipeline.Catchup `json:"-"` // which of the runs after others are made that became due while it was paused; "" = as the triggers say
}

// Same reports whether v has the content of a pipeline as JSON: registering it would
// change nothing.
func (v Version) Same(data []byte) bool {
	if v.Digest == Digest(data) {
		return true
	}
	own, err := json.Marshal(v.Spec) // of a version that was registered with another encoding
	return err == nil && bytes.Equal(own, data)
}

func (v Version) String() string { return fmt.Sprintf("%s v%d", v.Spec.Name, v.Number) }
