// Package runner executes one attempt of a job on the cluster: it reads the
// Spec, runs the package or the checks, streams what is printed and writes the
// Result.
//
// Beside the Spec it writes started.json first, which no second runner can
// write again: an attempt is executed once, even if its step is duplicated. It
// writes result.json in every case before it exits.
package runner

import (
	"context"
	"fmt"
	"io"
	"time"

	"ephemr/internal/iceberg"
	"ephemr/internal/job"
	"ephemr/internal/quality"
	"ephemr/internal/runner/busy"
	"ephemr/internal/runner/disk"
	"ephemr/internal/runner/logstream"
	"ephemr/internal/runner/mask"
)

// Exit codes of the runner, unless it passes on the program's. Result has the
// same code. A program that had nothing to do has succeeded: its step exits 0, and
// only the Result differs.
const (
	exitInvalid      = 64  // the spec or the package cannot be executed as it is
	exitData         = 65  // a check failed, or the program's outputs are malformed
	exitRequirements = 66  // pip could not install requirements.txt
	exitBackground   = 67  // processes or YARN applications outlived the program and had to be ended
	exitPermission   = 69  // AWS denied access
	ExitUnwritten    = 70  // started.json or result.json could not be written
	exitInternal     = 71  // internal error of the runner
	ExitConflict     = 75  // another runner executes this attempt; its result is unchanged
	exitTimeout      = 124 // as timeout(1) does
	exitNotFound     = 127 // as shells do
	exitCancelled    = 143 // 128 + SIGTERM
)

// S3API is what the runner needs of S3.
type S3API interface {
	quality.S3API
	objectWriter
}

// Runner executes attempts.
type Runner struct {
	S3   S3API
	Logs logstream.API // unused when a Spec names no log group

	Secrets    SecretsAPI    // unused when a Spec names none
	Parameters ParametersAPI // the same

	Glue iceberg.TablesAPI // unused unless checks read an Iceberg table

	Stdout, Stderr io.Writer                            // the step's own, which EMR archives
	Environ        []string                             // of the step
	Home           string                               // packages are unpacked in its folder work; empty = ephemr in the temporary directory
	Disk           func(dir string) (disk.Space, error) // nil = of the file system
	BusyFile       string                               // that EMR's auto-termination looks at; empty = none
	Now            func() time.Time
	Wait           time.Duration // before the second try of an S3 call; doubled on each failure
	Settle         time.Duration // how long children may outlive the program without being background work
	Alone          bool          // this process adopts orphans and executes nothing else: all new processes below it are the attempt's
	Flush          time.Duration // how long the last log lines may take
	Linger         time.Duration // how long YARN applications may outlive a program that has succeeded
	Poll           time.Duration // the longest time between two looks at YARN applications that a job waits for
}

// Run executes the Spec at address, s3://bucket/…/job.<sha256>.json, and returns the
// exit code of the step. Cancelling ctx cancels the attempt.
func (r *Runner) Run(ctx context.Context, address string) int {
	at, err := parseObject(address)
	if err != nil {
		r.say("%v", err)
		return exitInvalid
	}
	if err := r.claim(ctx, at.beside("started.json")); err != nil {
		r.say("%v", err)
		if _, taken := asConflict(err); taken {
			return ExitConflict
		}
		return ExitUnwritten
	}
	started := r.Now()
	r.endLost()
	defer r.keepBusy(ctx)()
	spec, err := r.spec(ctx, at)
	var res job.Result
	if err != nil {
		res = ended(ctx, err)
		res.Reason = mask.New(spec.Hidden...).Text(res.Reason)
		r.say("%s", res.Reason)
	} else {
		res = r.attempt(ctx, spec)
	}
	res.RunID, res.Job, res.Attempt, res.Nonce = spec.RunID, spec.Job, spec.Attempt, spec.Nonce
	res.StartedAt = started.UTC()
	if res.EndedAt.IsZero() {
		res.EndedAt = r.Now().UTC()
	}
	if err := r.write(ctx, spec.Result, res); err != nil {
		r.say("%v", err)
		return ExitUnwritten
	}
	if res.Succeeded() { // also with nothing to do, which EMR has no state for
		return 0
	}
	return res.ExitCode
}

// keepBusy keeps the cluster from being ended as idle.
func (r *Runner) keepBusy(ctx context.Context) (stop func()) {
	if r.BusyFile == "" {
		return func() {}
	}
	return busy.Keep(context.WithoutCancel(ctx), r.BusyFile, busy.Every, r.Environ, func(err error) { r.say("%v", err) })
}

func (r *Runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Stderr, "ephemr: "+format+"\n", args...)
}
