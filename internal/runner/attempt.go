package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"ephemr/internal/job"
	"ephemr/internal/runner/logstream"
)

// DefaultGrace is how long a program may run after SIGTERM before the runner sends
// SIGKILL, unless its spec says otherwise. StopSteps waits longer.
const DefaultGrace = 10 * time.Second

// attempt executes s with its logs and returns the Result.
func (r *Runner) attempt(ctx context.Context, s job.Spec) job.Result {
	stdout, stderr := &output{raw: r.Stdout}, &output{raw: r.Stderr}
	if s.LogGroup != "" && r.Logs != nil {
		stdout.stream = logstream.Open(r.Logs, s.LogGroup, s.StreamPrefix+"/stdout", r.Stderr)
		stderr.stream = logstream.Open(r.Logs, s.LogGroup, s.StreamPrefix+"/stderr", r.Stderr)
	}
	res := r.execute(ctx, s, stdout, stderr)
	stdout.flush()
	stderr.flush()
	res.EndedAt = r.Now().UTC()
	res.Tail = stderr.tail.lines()
	if len(res.Tail) == 0 {
		res.Tail = stdout.tail.lines()
	}
	res, hidden := masked(stderr.mask, res)
	res.Checks, res.Tables = job.FitFindings(res.Checks), job.FitTables(res.Tables) // after it: a part of a secret would not be found
	if len(hidden) > 0 {
		stderr.notice(maskedNotice(hidden))
	}
	if res.Reason != "" {
		stderr.notice("ephemr: " + res.Reason)
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Flush)
	defer cancel()
	whole, wholeToo := stdout.close(flush), stderr.close(flush)
	res.LogsCut = !whole || !wholeToo
	return res
}

// execute never panics: it returns a Result in every case.
func (r *Runner) execute(ctx context.Context, s job.Spec, stdout, stderr *output) (res job.Result) {
	defer func() {
		if p := recover(); p != nil {
			stderr.notice(string(debug.Stack()))
			res = ended(ctx, fmt.Errorf("panic: %v", p))
		}
	}()
	started := r.Now()
	values, masker, err := r.readSecrets(ctx, s)
	stdout.hide(masker)
	stderr.hide(masker)
	switch {
	case err != nil:
	case job.Kinds[s.Type].Command == nil:
		res, err = r.checks(ctx, s, stdout)
	default:
		res, err = r.program(ctx, s, values, stdout, stderr)
	}
	if err == nil && res.Succeeded() && !res.NothingToDo {
		res, err = r.expected(ctx, s, started, res)
	}
	if err != nil {
		failed := ended(ctx, err)
		failed.Outputs, failed.Background = res.Outputs, res.Background
		return failed
	}
	return res
}

// workspace is the directory of one attempt.
type workspace struct{ dir, files, outputs string }

// DataDir is made by the bootstrap action on EMR's data disk: the root disk has 15
// GiB, and the node is replaced when it is full.
const DataDir = "/mnt/ephemr"

// Home is where a runner works: set, or else data if it exists and can be written.
func Home(set, data string) string {
	if set != "" {
		return set
	}
	if unix.Access(data, unix.W_OK|unix.X_OK) == nil {
		return data
	}
	return ""
}

// base is the directory of all that attempts on this machine keep.
func (r *Runner) base() string {
	if r.Home != "" {
		return r.Home
	}
	return filepath.Join(os.TempDir(), "ephemr")
}

func (r *Runner) workspace() (w workspace, remove func(), err error) {
	base := filepath.Join(r.base(), "work")
	if err := os.MkdirAll(base, 0o777); err != nil { //nolint:gosec // steps may run as several users
		return w, nil, fmt.Errorf("make work directory: %w", err)
	}
	_ = os.Chmod(base, 0o777|os.ModeSticky) // despite the umask; fails if another user made it
	dir, err := os.MkdirTemp(base, "attempt-")
	if err != nil {
		return w, nil, fmt.Errorf("make work directory: %w", err)
	}
	w = workspace{dir: dir, files: filepath.Join(dir, "package"), outputs: filepath.Join(dir, "outputs")}
	remove = func() {
		if err := os.RemoveAll(dir); err != nil {
			r.say("remove work directory: %v", err)
		}
	}
	if err := errors.Join(os.Mkdir(w.files, 0o700), os.WriteFile(w.outputs, nil, 0o600)); err != nil {
		remove()
		return w, nil, fmt.Errorf("make work directory: %w", err)
	}
	return w, remove, nil
}
