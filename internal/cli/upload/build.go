package upload

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"ephemr/internal/cli/progress"
	"ephemr/internal/pack"
	"ephemr/internal/pipeline"
)

// Builder packages the sources of jobs. A source that several pipelines have in common
// is read once. It may be used concurrently.
type Builder struct {
	from  From
	meter *progress.Meter

	mu    sync.Mutex
	built map[string]func() (*pack.Package, error)
	turn  sync.Mutex // of the work that has a bar: there is one at a time
}

// NewBuilder returns a Builder.
func NewBuilder(from From, meter *progress.Meter) *Builder {
	return &Builder{from: from, meter: meter, built: map[string]func() (*pack.Package, error){}}
}

// Build packages the source of every job of spec, with what it includes, and
// fills in entries and packages. The error joins one for each invalid
// source.
func Build(spec *pipeline.Spec, from From, meter *progress.Meter) ([]Source, error) {
	return NewBuilder(from, meter).Build(spec)
}

// Build is the function Build, for one of several pipelines.
func (b *Builder) Build(spec *pipeline.Spec) ([]Source, error) {
	var sources []Source
	var errs []error
	seen := map[string]bool{}
	for i := range spec.Jobs {
		j := &spec.Jobs[i]
		same := strings.Join(append([]string{j.Source}, j.Include...), "\x00")
		p, err := b.once(same, j)()
		if err != nil {
			errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
			continue
		}
		if !seen[same] {
			seen[same] = true
			sources = append(sources, Source{Job: j.Name, Package: p})
		}
		entry, err := p.Entry(j.Type, j.Entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("job %s: %w", j.Name, err))
			continue
		}
		ref := p.Ref()
		j.Entry, j.Package = entry, &ref
	}
	return sources, errors.Join(errs...)
}

// once is what packages the source of a job at the first call.
func (b *Builder) once(same string, j *pipeline.Job) func() (*pack.Package, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.built[same] == nil {
		source, include := j.Source, j.Include
		b.built[same] = sync.OnceValues(func() (*pack.Package, error) { return b.pack(source, include) })
	}
	return b.built[same]
}

func (b *Builder) pack(source string, include []string) (*pack.Package, error) {
	if b.meter != nil {
		b.turn.Lock()
		defer b.turn.Unlock()
	}
	bar := b.meter.Begin("packing " + source)
	defer bar.End()
	return pack.Build(filepath.Join(b.from.Root, filepath.FromSlash(source)), pack.Options{
		Project: b.from.Project, Include: include, Progress: bar.Update,
	})
}
