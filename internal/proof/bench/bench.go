// Package bench measures what the control plane costs: the time it adds to a run,
// its API calls and state transitions, the size and start time of its functions,
// and the time from a checkout to a first result. Everything is measured in
// regions of its own on this machine, and nothing is asserted.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/bench/binary"
	"ephemr/internal/proof/bench/data"
	"ephemr/internal/proof/bench/service"
	"ephemr/internal/proof/bench/trace"
)

// Options say what to measure.
type Options struct {
	Runs      int       // number of sequential runs; 0 = only the burst, the backfill and intake are measured
	Starts    int       // of each function
	Seed      uint64    // of the jitter
	Load      int       // number of requests of the burst; 0 = not measured
	Objects   int       // number of events of objects; 0 = intake is not measured
	Pipelines int       // number of pipelines that are registered
	Dates     int       // of a backfill with five values each; 0 = not measured
	Wide      int       // number of jobs of the wide pipeline; 0 = not measured
	Data      int       // rows of generated data; 0 = not measured
	Submit    bool      // measure the latency of ephemr submit
	Demo      bool      // measure the demo too
	Log       io.Writer // progress
}

// Run measures. The report holds what was measured until an error.
func Run(ctx context.Context, o Options) (r *Report, err error) {
	begun := time.Now()
	r = &Report{Machine: look(ctx), Seed: o.Seed}
	defer func() { r.Took = Seconds(time.Since(begun)) }()
	if err := r.measureAlone(ctx, o); err != nil || o.Runs == 0 {
		return r, err
	}
	root, settings, err := r.measureRuns(ctx, o)
	if err != nil {
		return r, err
	}
	if err := r.measureBinaries(ctx, o, root, settings); err != nil {
		return r, err
	}
	r.Cold = cold(root)
	if o.Demo {
		r.Demo, err = demo(ctx, root, o.Log)
	}
	return r, err
}

// measureAlone measures what needs no sequential runs.
func (r *Report) measureAlone(ctx context.Context, o Options) error {
	if err := r.measureData(ctx, o); err != nil {
		return err
	}
	if o.Load > 0 {
		if err := r.measureLoad(ctx, o.Load, o.Log); err != nil {
			return err
		}
	}
	if o.Dates > 0 {
		if err := r.measureBackfill(ctx, o.Dates, o.Log); err != nil {
			return err
		}
	}
	if o.Objects > 0 {
		return r.measureIntake(ctx, o.Objects, o.Pipelines, o.Log)
	}
	return nil
}

// FootersCommand is the first argument of the program that calls data.ReadFooters, in a process of its own.
const FootersCommand = "footers"

func (r *Report) measureData(ctx context.Context, o Options) error {
	if o.Data == 0 {
		return nil
	}
	root, err := laptop.FindRoot()
	if err != nil {
		return err
	}
	found, err := data.Measure(ctx, root, o.Data, o.Log)
	if err != nil {
		return err
	}
	r.Data = &found
	checked, err := data.MeasureChecks(ctx, root, o.Data, o.Log)
	if err != nil {
		return err
	}
	r.Checks = &checked
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	footers, err := data.MeasureFooters(ctx, root, []string{self, FootersCommand}, o.Log)
	if err != nil {
		return err
	}
	r.Footers = &footers
	return nil
}

// measureRuns also returns the checkout and the functions' settings.
func (r *Report) measureRuns(ctx context.Context, o Options) (root, settings string, err error) {
	region, err := open(ctx, o.Log)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, region.close(ctx)) }()
	if err := errors.Join(region.vary(ctx, o.Seed), region.apply(ctx)); err != nil {
		return "", "", err
	}
	if r.Floor, err = region.floor(ctx); err != nil {
		return "", "", err
	}
	begun := time.Now()
	shots, err := region.play(ctx, o)
	if err != nil {
		return "", "", err
	}
	if err := settle(ctx); err != nil {
		return "", "", err
	}
	r.Shared.Over = Seconds(time.Since(begun))
	all, calls, err := region.collect(ctx, shots)
	if err != nil {
		return "", "", err
	}
	r.addRuns(all, calls)
	if o.Wide > 0 {
		if err := r.measureWide(ctx, region, o.Wide, o.Log); err != nil {
			return "", "", err
		}
	}
	if o.Submit {
		if err := r.measureService(ctx, region, o.Log); err != nil {
			return "", "", err
		}
	}
	return region.Root, region.text, nil
}

func (r *Report) measureService(ctx context.Context, region *region, log io.Writer) error {
	s := service.Stage{
		Program: filepath.Join(region.Root, "dist", "bin", "ephemr"), Environ: laptop.Overlay(os.Environ(), region.Environ()),
		Dir: filepath.Join(region.dir, "submit"), S3: region.s3, Bucket: region.settings.ArtifactsBucket, Log: log,
	}
	if err := os.MkdirAll(s.Dir, 0o750); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	found, err := s.Measure(ctx)
	r.Service = &found
	return err
}

// Binary is the size and start time of one function.
type Binary struct {
	binary.Function
	Median Seconds `json:"median"` // of its starts
	P90    Seconds `json:"p90"`
	Ratio  float64 `json:"ratio"` // of its median to that of the function that does nothing
}

func (r *Report) measureBinaries(ctx context.Context, o Options, root, settings string) error {
	_, _ = fmt.Fprintln(o.Log, "functions: building for arm64 and for this machine, starting each", o.Starts, "times")
	dir, err := os.MkdirTemp("", "ephemr-bench-functions-")
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	all, err := binary.Measure(ctx, root, filepath.Join(dir, "functions"), settings, o.Starts)
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return err
	}
	r.Binaries = ratios(all)
	return nil
}

func ratios(all []binary.Function) []Binary {
	hello := trace.Sample{1}
	if i := slices.IndexFunc(all, func(f binary.Function) bool { return f.Name == binary.Hello }); i >= 0 {
		hello = all[i].Init
	}
	out := make([]Binary, 0, len(all))
	for _, f := range all {
		out = append(out, Binary{
			Function: f, Median: Seconds(f.Init.Median()), P90: Seconds(f.Init.Quantile(0.9)),
			Ratio: float64(f.Init.Median()) / float64(hello.Median()),
		})
	}
	return out
}
