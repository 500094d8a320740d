package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/upload"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

// How many files are read and compared, and how many pipelines registered, at the same
// time. An account may have as few as 10 concurrent executions of Lambda functions.
const (
	readAtOnce     = 32
	registerAtOnce = 8
)

// plan is a valid file, ready to register.
type plan struct {
	file    string
	line    int // of its name
	spec    pipeline.Spec
	sources []upload.Source
}

// each calls do for 0 to n-1, at most atOnce at the same time.
func each(n, atOnce int, do func(i int)) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			do(i)
			return nil
		})
	}
	_ = group.Wait() // do returns no error
}

// check reads all files. The error joins those of all of them, in their order.
func check(ctx context.Context, o Options, meter *progress.Meter, s stage.Settings, c Clients) ([]plan, error) {
	names, err := files(o.Files)
	if err != nil {
		return nil, err
	}
	k := &checker{
		zones: slices.Sorted(maps.Keys(s.Lake)), vars: slices.Collect(maps.Keys(s.Vars)), settings: s, api: c.Profiles, profiles: map[string]func() (profile.Profile, error){},
		packages: upload.NewBuilder(upload.From{Root: o.Project, Project: o.Project}, meter),
	}
	plans, errs := make([]plan, len(names)), make([]error, len(names))
	each(len(names), readAtOnce, func(i int) { plans[i], errs[i] = k.file(ctx, names[i]) })
	first := map[string]int{}
	for i, p := range plans {
		if errs[i] != nil {
			continue
		}
		if other, taken := first[p.spec.Name]; taken {
			errs[i] = exit.Usage("%s:%d: pipeline %s is also defined in %s:%d; rename one", p.file, p.line, p.spec.Name, plans[other].file, plans[other].line)
			continue
		}
		first[p.spec.Name] = i
	}
	if err := errors.Join(errs...); err != nil {
		return plans, err
	}
	return plans, checkAfter(ctx, plans, c.Pipelines)
}

// checker checks files. Packages and profiles that several files use are read once.
type checker struct {
	zones    []string
	vars     []string
	settings stage.Settings
	api      cluster.ParameterAPI
	packages *upload.Builder

	mu       sync.Mutex
	profiles map[string]func() (profile.Profile, error)
}

func (k *checker) file(ctx context.Context, file string) (plan, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return plan{}, exit.Usage("read pipeline: %w", err)
	}
	spec, err := pipeline.Parse(file, data, pipeline.WithZones(k.zones...), pipeline.WithVars(k.vars...),
		pipeline.WithDestinations(k.settings.Notices.Names()...), pipeline.WithSources(k.settings.SourceBuckets()...), pipeline.WithBuckets(k.settings.Lake), pipeline.WithOverrides(k.refused(ctx)))
	if err != nil {
		return plan{}, exit.Usage("%w", err)
	}
	if err := register.Check(spec, k.settings); err != nil {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	sources, err := k.packages.Build(&spec)
	if err != nil {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	shape, err := k.profile(ctx, spec.Cluster.Profile)
	if fault.NameOf(err) == fault.InvalidInput {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	if err != nil {
		return plan{}, prefixed(file, err)
	}
	shape, _ = shape.With(spec.Cluster) // refusals are reported with the file's other errors
	if err := errors.Join(shape.CheckSteps(spec, spec.Cluster.Profile), resize.CheckJobs(spec, shape)); err != nil {
		return plan{}, exit.Usage("%w", prefixed(file, err))
	}
	return plan{file: file, line: lineOf(data), spec: spec, sources: sources}, nil
}

// refused returns a check of overrides. A profile that cannot be read is reported later.
func (k *checker) refused(ctx context.Context) func(pipeline.Cluster) []pipeline.Refusal {
	return func(c pipeline.Cluster) []pipeline.Refusal {
		p, err := k.profile(ctx, c.Profile)
		if err != nil {
			return nil
		}
		_, refused := p.With(c)
		return refused
	}
}

// profile loads a profile of the stage, once.
func (k *checker) profile(ctx context.Context, name string) (profile.Profile, error) {
	k.mu.Lock()
	load, ok := k.profiles[name]
	if !ok {
		load = sync.OnceValues(func() (profile.Profile, error) { return cluster.LoadProfile(ctx, k.api, k.settings.Stage, name) })
		k.profiles[name] = load
	}
	k.mu.Unlock()
	return load()
}

// lineOf is the line of a valid file that has the pipeline's name.
func lineOf(data []byte) int {
	n := 0
	for line := range bytes.Lines(data) {
		if n++; bytes.HasPrefix(bytes.TrimLeft(line, `"'{ `), []byte("pipeline")) {
			return n
		}
	}
	return 1
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
