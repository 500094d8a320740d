// Package laptop runs an AWS region on this machine: it starts, finds and stops
// an AWS emulator and localemr, and deploys the CDK app to them. All state of a
// region is in one directory, so that several regions can run in parallel.
package laptop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Of every region on a laptop: the emulator takes any secret.
const (
	Account = "000000000000"
	Name    = "us-east-1" // of the AWS Region that it plays
	Stage   = "local"
)

// Options describe the region to start.
type Options struct {
	Root string    // checkout with .tools and dist; searched upwards from the working directory when empty
	Dir  string    // of the region's state and logs; <Root>/.local when empty
	Log  io.Writer // progress for a person; nothing when nil

	Stages string // folder with a stage file of the region; the embedded one when empty

	LocalEMR     string        // binary; <Root>/dist/bin/localemr when empty
	LocalEMRArgs []string      // more flags for it
	Provision    time.Duration // how long a cluster takes to start; 3 s when zero
	Environ      []string      // more variables for the emulator, e.g. AUTH=true

	New      bool   // Up refuses if a region is recorded
	Endpoint string // of the emulator: Down ends no other region than this; any when empty

	Grace time.Duration // between SIGTERM and SIGKILL, when processes are ended; 10 s when zero
}

// Region is a running region.
type Region struct {
	Root     string // checkout
	Dir      string // state and logs, absolute
	Endpoint string // of the emulator, http://127.0.0.1:<port>
	EMR      string // of localemr, http://127.0.0.1:<port>

	options Options
}

// ErrNotRunning is returned by Open for a directory without a healthy region.
var ErrNotRunning = errors.New("no region is running")

// ErrNotRecorded is the ErrNotRunning of a directory in which no region was started.
var ErrNotRecorded = fmt.Errorf("%w, and none is recorded", ErrNotRunning)

// Open finds the region in o.Dir and checks that both of its processes answer.
func Open(ctx context.Context, o Options) (*Region, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	rec, err := readRecord(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, p := range rec.processes() {
		if state := p.check(ctx); state != Healthy {
			return nil, fmt.Errorf("open region %s: %w: %s is %s", o.Dir, ErrNotRunning, p.Name, state)
		}
	}
	return o.region(rec), nil
}

// Environ returns what a program needs to work in the region, as KEY=value.
func (r *Region) Environ() []string { return environ(r.Endpoint, r.EMR) }

// Tools returns the directories of the checkout's tools, for the front of PATH.
func (r *Region) Tools() []string { return tools(r.Root) }

func (o *Options) complete() error {
	if o.Root == "" {
		root, err := FindRoot()
		if err != nil {
			return err
		}
		o.Root = root
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(o.Root, ".local")
	}
	for _, path := range []*string{&o.Root, &o.Dir} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("find directory %s: %w", *path, err)
		}
		*path = abs
	}
	if o.LocalEMR == "" {
		o.LocalEMR = filepath.Join(o.Root, "dist", "bin", "localemr")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Provision == 0 {
		o.Provision = 3 * time.Second
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	return nil
}

func (o *Options) region(rec record) *Region {
	return &Region{Root: o.Root, Dir: o.Dir, Endpoint: rec.Emulator.URL, EMR: rec.LocalEMR.URL, options: *o}
}

// FindRoot is the checkout that the working directory is in, else the one that
// this program was built in.
func FindRoot() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	for _, start := range []string{here, filepath.Dir(program)} {
		for dir := start; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			if exists(filepath.Join(dir, "go.mod")) && exists(filepath.Join(dir, "scripts", "setup")) {
				return dir, nil
			}
		}
	}
	return "", fmt.Errorf("find checkout: neither %s nor %s is inside a checkout of ephemr", here, program)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
