package laptop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	emulatorStart = 60 * time.Second
	localEMRStart = 30 * time.Second
	portAttempts  = 3
)

// Up starts the region. A running region is not changed; if one of its processes
// has stopped, that one is restarted.
func Up(ctx context.Context, o Options) (*Region, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := o.checkTools(); err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, o.Dir, o.Log)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if o.New {
		if _, err := readRecord(o.Dir); !errors.Is(err, ErrNotRecorded) {
			return nil, fmt.Errorf("start a new region: one is recorded in %s: use it, or end it with laptop down", o.Dir)
		}
	}
	rec, err := o.ensure(ctx)
	if err != nil {
		return nil, err
	}
	return o.region(rec), nil
}

func (o *Options) checkTools() error {
	if !exists(o.python()) {
		return fmt.Errorf("bring up region: %s is missing: run scripts/setup", o.python())
	}
	if !exists(o.LocalEMR) {
		return fmt.Errorf("bring up region: %s is missing: run make build", o.LocalEMR)
	}
	return nil
}

// ensure starts the processes that do not run.
func (o *Options) ensure(ctx context.Context) (record, error) {
	build, err := digest(o.LocalEMR)
	if err != nil {
		return record{}, err
	}
	rec, err := readRecord(o.Dir)
	if err != nil && !errors.Is(err, ErrNotRunning) {
		return record{}, err
	}
	if rec.Emulator.check(ctx) != Healthy {
		return o.start(ctx, rec, build)
	}
	state := rec.LocalEMR.check(ctx)
	if state == Healthy && rec.LocalEMR.Build == build {
		o.say("region is already running")
		return rec, nil
	}
	if state == Healthy {
		o.say("localemr binary has changed: restarting it")
	} else {
		o.say("localemr is %s: restarting it", state)
	}
	o.end(ctx, rec.LocalEMR)
	if err := o.startLocalEMR(ctx, &rec, build); err != nil {
		return record{}, err
	}
	return rec, nil
}

// start starts both processes, after ending those of an earlier region: the
// emulator keeps no state, so localemr's state is invalid without it.
func (o *Options) start(ctx context.Context, old record, build string) (record, error) {
	if old.Emulator.PID != 0 {
		o.say("emulator is not running, so everything that was deployed is lost: starting a new region")
	}
	if err := o.clean(ctx, old); err != nil {
		return record{}, err
	}
	var errs []error
	for range portAttempts {
		rec, err := o.startBoth(ctx, build)
		if err == nil {
			return rec, nil
		}
		// Also when ctx is done: a region that failed to start must leave nothing behind.
		errs = append(errs, err, o.clean(context.WithoutCancel(ctx), rec))
		if !errors.Is(err, errExited) || ctx.Err() != nil {
			break
		}
	}
	return record{}, errors.Join(errs...)
}

// startBoth chooses both addresses first: each process must know the other's.
func (o *Options) startBoth(ctx context.Context, build string) (record, error) {
	for _, dir := range []string{"log", "tmp", "localemr"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, dir), 0o750); err != nil {
			return record{}, fmt.Errorf("bring up region: %w", err)
		}
	}
	rec := record{Root: o.Root}
	for _, p := range []*process{&rec.Emulator, &rec.LocalEMR} {
		addr, err := freeAddress(ctx)
		if err != nil {
			return rec, err
		}
		p.URL = "http://" + addr
	}
	if err := o.startLocalEMR(ctx, &rec, build); err != nil {
		return rec, err
	}
	return rec, o.startEmulator(ctx, &rec)
}

// startLocalEMR starts it at rec.LocalEMR.URL and updates rec.
func (o *Options) startLocalEMR(ctx context.Context, rec *record, build string) error {
	rec.LocalEMR = process{Name: "localemr", URL: rec.LocalEMR.URL, Health: "/", Build: build, Region: o.Dir}
	return o.run(ctx, rec, &rec.LocalEMR, localEMRStart, program{
		env: o.processEnviron(*rec),
		argv: append([]string{
			o.LocalEMR, "--addr", strings.TrimPrefix(rec.LocalEMR.URL, "http://"), "--data", filepath.Join(o.Dir, "localemr"),
			"--bin", filepath.Join(o.Root, "scripts", "shims"), "--event-source", "local.emr", "--provision", o.Provision.String(),
		}, o.LocalEMRArgs...),
	})
}

// startEmulator starts it at rec.Emulator.URL and updates rec.
func (o *Options) startEmulator(ctx context.Context, rec *record) error {
	_, port, _ := strings.Cut(strings.TrimPrefix(rec.Emulator.URL, "http://"), ":")
	env := append(
		o.processEnviron(*rec),
		"BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1", "GATEWAY_PORT="+port,
		"STATE_DIR="+filepath.Join(o.Dir, "tmp", "state"), "S3_DATA_DIR="+filepath.Join(o.Dir, "tmp", "s3"),
	)
	rec.Emulator = process{Name: "emulator", URL: rec.Emulator.URL, Health: "/_ministack/health", Region: o.Dir}
	return o.run(ctx, rec, &rec.Emulator, emulatorStart, program{
		env:  append(env, o.Environ...),
		argv: []string{o.python(), filepath.Join(o.Root, "scripts", "emulator.py")},
	})
}

// run starts one process of rec, records it and waits until it answers.
func (o *Options) run(ctx context.Context, rec *record, p *process, limit time.Duration, what program) error {
	what.dir, what.log = o.Dir, filepath.Join(o.Dir, "log", p.Name+".log")
	if err := p.spawn(ctx, what); err != nil {
		return err
	}
	if err := rec.write(o.Dir); err != nil {
		return err
	}
	if err := p.await(ctx, what.log, limit); err != nil {
		return err
	}
	o.say("%-9s  %s  (pid %d)", p.Name, p.URL, p.PID)
	return nil
}

func (o *Options) python() string { return filepath.Join(o.Root, ".tools", "venv", "bin", "python") }

func (o *Options) say(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Log, format+"\n", args...)
}

func digest(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // our own binary
	if err != nil {
		return "", fmt.Errorf("read binary: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read binary: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
