// Package register keeps the registered pipelines: their versions, what they
// watch and the schedules that tick for them.
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

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Register is the register function: ephemr apply calls it with a pipeline
// whose packages are uploaded.
type Register struct {
	Settings  stage.Settings
	Store     *Store
	Schedules *Schedules
}

// Input is a pipeline as JSON.
type Input struct {
	Spec json.RawMessage `json:"spec"`
}

// Output says which version the pipeline is, and what the schedules are called:
// those of a newer version, if somebody applied one at the same moment.
type Output struct {
	Pipeline  string   `json:"pipeline"`
	Version   int      `json:"version"`
	Changed   bool     `json:"changed"`
	Schedules []string `json:"schedules"`
}

// Apply validates a pipeline, makes it the current version and brings its
// triggers in line. Applying the same again changes nothing, but mends triggers.
func (r *Register) Apply(ctx context.Context, in Input) (Output, error) {
	var zones []string
	for z := range r.Settings.Lake {
		zones = append(zones, z)
	}
	spec, err := pipeline.ParseJSON(in.Spec, pipeline.WithZones(zones...))
	if err != nil {
		return Output{}, fault.New(fault.InvalidInput, "%w", err)
	}
	if err := Check(spec); err != nil {
		return Output{}, err
	}
	if err := packaged(spec); err != nil {
		return Output{}, err
	}
	v, changed, err := r.Store.Add(ctx, spec, digest(in.Spec), time.Now())
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

// maxRounds of bringing triggers in line, each for a version that came during
// the one before.
const maxRounds = 5

// align makes the triggers those of the current version: of spec, unless somebody
// applies another one meanwhile. Of those who do so at once each looks again at
// last, so that the triggers agree with the version whoever writes them last.
// It returns the names of the schedules.
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

// packaged says which job has no package.
func packaged(spec pipeline.Spec) error {
	for _, j := range spec.Jobs {
		if j.Package == nil || j.Package.Key == "" || j.Package.SHA256 == "" {
			return fault.New(fault.InvalidInput, "pipeline %s: job %s has no package; use ephemr apply", spec.Name, j.Name)
		}
	}
	return nil
}

// Check says what would keep a pipeline from being registered, beyond what is
// wrong with its file. Nothing is written unless it passes.
func Check(spec pipeline.Spec) error {
	var errs []error
	schedules := 0
	for i, t := range spec.Triggers {
		if t.Schedule != "" {
			schedules++
			if _, err := Expression(t.Schedule); err != nil {
				errs = append(errs, fmt.Errorf("pipeline %s: triggers[%d]: %w", spec.Name, i, err))
			}
		}
		if t.S3 != nil && t.S3.Bucket != Watched {
			errs = append(errs, fmt.Errorf("pipeline %s: triggers[%d]: uploads to %s start nothing; only those to %s do", spec.Name, i, t.S3.Bucket, Watched))
		}
	}
	if schedules > maxSchedules {
		errs = append(errs, fmt.Errorf("pipeline %s has %d schedules, more than %d", spec.Name, schedules, maxSchedules))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Params)) {
		if len(spec.Triggers) > 0 && spec.Params[name].Default == nil {
			errs = append(errs, fmt.Errorf("pipeline %s: param %s has no default, but triggers cannot give it one", spec.Name, name))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fault.New(fault.InvalidInput, "%w", errors.Join(errs...))
}

func digest(data []byte) string {
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
