// Package register stores the registered pipelines: their versions, their S3
// triggers and their schedules.
package register

import (
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
	Settings  stage.Settings
	Engines   engine.Catalog // what they can do
	Profiles  Profiles
	Store     *Store
	Schedules *Schedules
}

// Profiles are the cluster profiles of the stage.
type Profiles interface {
	// Check returns why a pipeline does not fit the profile that it names.
	Check(ctx context.Context, spec pipeline.Spec) error
}

// Input is a pipeline as JSON.
type Input struct {
	Spec json.RawMessage `json:"spec"`
}

// Output is the pipeline's version and the names of its schedules: those of a newer
// version, if another caller applied one concurrently.
type Output struct {
	Pipeline  string   `json:"pipeline"`
	Version   int      `json:"version"`
	Changed   bool     `json:"changed"`
	Schedules []string `json:"schedules"`
}

// Apply validates a pipeline, makes it the current version and reconciles its
// triggers. It is idempotent, and repairs triggers that were changed.
func (r *Register) Apply(ctx context.Context, in Input) (Output, error) {
	var zones []string
	for z := range r.Settings.Lake {
		zones = append(zones, z)
	}
	spec, err := pipeline.ParseJSON(in.Spec, pipeline.WithZones(zones...),
		pipeline.WithSources(r.Settings.SourceBuckets()...), pipeline.WithBuckets(r.Settings.Lake), pipeline.WithVars(slices.Collect(maps.Keys(r.Settings.Vars))...))
	if err != nil {
		return Output{}, fault.New(fault.InvalidInput, "%w", err)
	}
	if err := Check(spec, r.Settings); err != nil {
		return Output{}, err
	}
	if err := r.Engines.Check(&spec, false); err != nil {
		return Output{}, err
	}
	if err := r.Profiles.Check(ctx, spec); err != nil {
		return Output{}, err
	}
	if err := packaged(spec); err != nil {
		return Output{}, err
	}
	v, changed, err := r.Store.Add(ctx, spec, Digest(in.Spec), time.Now())
	if err != nil {
		return Output{}, err
	}
	names, err := r.align(ctx, v.Number, spec)
	if err != nil {
		return Output{}, err
	}
	slog.InfoContext(ctx, "pipeline registered", "pipeline", spec.Name, "version", v.Number, "changed", changed)
	return Output{Pipeline: spec.Name, Version: v.Number, Changed: changed, Schedules: names}, nil
}

// maxRounds limits how often triggers are reconciled, each time for a version that
// was applied during the previous round.
const maxRounds = 5

// align reconciles the triggers with the current version: that of spec, unless
// another caller applies a newer one meanwhile. Each of several concurrent callers
// reads the current version again at the end, so that the triggers agree with it
// in any order of their writes. It returns the names of the schedules.
func (r *Register) align(ctx context.Context, number int, spec pipeline.Spec) ([]string, error) {
	for range maxRounds {
		if err := r.Store.Watch(ctx, spec); err != nil {
			return nil, err
		}
		names, met := r.Schedules.Sync(ctx, spec)
		if met != nil && fault.NameOf(met) != fault.Conflict {
			return nil, met
		}
		now, err := r.Store.Current(ctx, spec.Name)
		if err != nil {
			return nil, err
		}
		if met == nil && (now == nil || now.Number == number) {
			return names, nil
		}
		if now == nil {
			return nil, met
		}
		number, spec = now.Number, now.Spec
	}
	return nil, overtaken(spec.Name)
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
		if len(spec.Triggers) > 0 && spec.Params[name].Default == nil {
			errs = append(errs, fmt.Errorf("pipeline %s: param %s needs a default, because triggers cannot set params", spec.Name, name))
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
	AppliedAt time.Time     `json:"appliedAt"`
	Spec      pipeline.Spec `json:"spec"`
}

func (v Version) String() string { return fmt.Sprintf("%s v%d", v.Spec.Name, v.Number) }
