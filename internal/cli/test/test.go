// Package test is ephemr test: it runs pipelines on fixtures, and compares what they make
// of them with what is expected.
package test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upload"
	"ephemr/internal/stage"
	"ephemr/internal/testcase"
)

// Options of the command.
type Options struct {
	Dirs     []string // with tests; none = tests in the project
	Project  string   // the root that files of pipelines and sources are relative to
	Run      string   // regular expression of names
	JUnit    string   // file
	Keep     bool     // the region, and what tests wrote
	Parallel int

	JSON bool
}

// Connect returns the clients of the stage to test on, and what ends it. It is called
// when all test files are valid.
type Connect func(context.Context) (Clients, func(context.Context) error, error)

// Run runs tests. The error has the exit code 2 if a test is invalid, and 1 if one failed.
func Run(ctx context.Context, o Options, io *terminal.IO, connect Connect) (err error) {
	if o.Parallel < 1 || o.Parallel > maxParallel {
		return exit.Usage("invalid --parallel %d: use 1 to %d", o.Parallel, maxParallel)
	}
	tests, err := load(o)
	if err != nil {
		return err
	}
	c, end, err := connect(ctx)
	if err != nil {
		return err
	}
	if !o.Keep {
		defer func() { err = errors.Join(err, end(context.WithoutCancel(ctx))) }()
	}
	all, err := prepare(tests, o, c)
	if err != nil {
		return err
	}
	began := time.Now()
	results := perform(ctx, all, o, io)
	if ctx.Err() != nil {
		for _, r := range results {
			r.notes(io)
		}
		return exit.Silent(exit.CodeInterrupted)
	}
	report := Report{Tests: results, Seconds: time.Since(began).Seconds()}
	report.count()
	if err := errors.Join(report.show(o, io), report.junit(o.JUnit)); err != nil {
		return err
	}
	if report.Failed > 0 {
		return exit.Silent(exit.CodeFailed)
	}
	return nil
}

const maxParallel = 16

// maxDefault bounds the default of --parallel: a local region has 4 runs at a time.
const maxDefault = 4

// load reads the tests whose names match; the error has all faults of all files.
func load(o Options) ([]*testcase.Test, error) {
	match, err := regexp.Compile(o.Run)
	if err != nil {
		return nil, exit.Usage("--run: %w", err)
	}
	dirs := o.Dirs
	if len(dirs) == 0 {
		dirs = []string{filepath.Join(o.Project, "tests")}
	}
	files, err := testcase.Find(dirs)
	if err != nil {
		return nil, exit.Usage("%w", err)
	}
	var all []*testcase.Test
	var errs []error
	first := map[string]string{}
	for _, file := range files {
		t, err := testcase.Load(file, o.Project)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if other, taken := first[t.Name]; taken {
			errs = append(errs, fmt.Errorf("%s: test %s is also defined in %s; give one another name", file, t.Name, other))
			continue
		}
		first[t.Name] = file
		if match.MatchString(t.Name) {
			all = append(all, t)
		}
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		return nil, exit.Usage("%w", err)
	case len(all) == 0:
		return nil, exit.Usage("no test matches --run %s; there are %s", o.Run, names(first))
	}
	return all, nil
}

func names(of map[string]string) string {
	return fmt.Sprint(slices.Sorted(maps.Keys(of)))
}

// prepare checks tests against the stage, and packages their sources.
func prepare(tests []*testcase.Test, o Options, c Clients) ([]*trial, error) {
	builder := upload.NewBuilder(upload.From{Root: o.Project, Project: o.Project}, nil)
	sender := upload.NewSender(c.S3, c.Settings.ArtifactsBucket, nil)
	zones := slices.Sorted(maps.Keys(c.Settings.Lake))
	var all []*trial
	var errs []error
	for _, t := range tests {
		one := &trial{Clients: c, test: t, sender: sender, id: newID(t.Name), keep: o.Keep}
		err := t.CheckZones(zones)
		if err == nil {
			err = one.adapt(zones)
		}
		if err == nil {
			one.sources, err = builder.Build(&one.spec)
		}
		if err != nil {
			errs = append(errs, inFile(t, err))
		}
		all = append(all, one)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, exit.Usage("%w", err)
	}
	return all, nil
}

// perform runs tests side by side and returns their results in order.
func perform(ctx context.Context, all []*trial, o Options, io *terminal.IO) []Result {
	line := io.StatusLine()
	defer line.Close()
	results := make([]Result, len(all))
	var g errgroup.Group
	g.SetLimit(o.Parallel)
	var mu sync.Mutex
	done := 0
	line.Set(fmt.Sprintf("running %s", terminal.Count(len(all), "test")))
	defer context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		line.Set("interrupted: cancelling runs, and waiting until they have ended")
	})()
	for i, t := range all {
		g.Go(func() error {
			results[i] = t.run(ctx)
			mu.Lock()
			defer mu.Unlock()
			if done++; ctx.Err() != nil {
				return nil
			}
			line.Set(fmt.Sprintf("%d of %s done", done, terminal.Count(len(all), "test")))
			return nil
		})
	}
	_ = g.Wait() // no function returns an error
	return results
}

// Clients are the stage to test on, and its clients.
type Clients struct {
	API

	Settings stage.Settings
	Sender   string // ours, as SQS reports it
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
