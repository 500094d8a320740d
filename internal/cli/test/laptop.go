package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"ephemr/internal/cli/terminal"
)

const (
	// notRecorded is the exit code of laptop env if there is no region.
	notRecorded = 3

	// stopping is how long laptop may take to end the processes of a region.
	stopping = time.Minute
)

// Region is the local region of the checkout, which the program laptop manages.
type Region struct {
	Program string
	IO      *terminal.IO
}

// Connect is a Connect of the region that runs. One is started only if none is recorded, and
// only then the returned function ends it.
func (r Region) Connect(ctx context.Context) (Clients, func(context.Context) error, error) {
	end := endNothing
	env, err := r.environ(ctx)
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() == notRecorded {
		env, end, err = r.start(ctx)
	}
	if err != nil {
		return Clients{}, endNothing, err
	}
	c, err := connected(ctx, env)
	if err != nil {
		return c, endNothing, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return c, end, nil
}

// start starts a region and deploys to it. If it fails, it leaves none behind.
func (r Region) start(ctx context.Context) (map[string]string, func(context.Context) error, error) {
	r.IO.Notef("starting a local region for the tests; one that runs is used instead (make up deploy)\n")
	if err := r.call(ctx, r.IO.Err, "up", "--new"); err != nil {
		return nil, nil, err
	}
	env, err := r.environ(context.WithoutCancel(ctx)) // else a region of which nothing is known would be left
	if err != nil {
		return nil, nil, err
	}
	end := func(ctx context.Context) error { return r.down(ctx, env["AWS_ENDPOINT_URL"]) }
	if err := r.call(ctx, r.IO.Err, "deploy"); err != nil {
		return nil, nil, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return env, end, nil
}

// environ is what laptop env prints.
func (r Region) environ(ctx context.Context) (map[string]string, error) {
	var out, problem bytes.Buffer
	cmd := r.command(ctx, "env")
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("use the local region of the checkout: laptop env: %w: %s; repair it with make up deploy, or end it with make down "+
			"and test again", err, bytes.TrimSpace(problem.Bytes()))
	}
	env := map[string]string{}
	for word := range strings.FieldsSeq(out.String()) {
		if name, value, ok := strings.Cut(word, "="); ok {
			env[name] = value
		}
	}
	if env["AWS_ENDPOINT_URL"] == "" {
		return nil, fmt.Errorf("use the local region of the checkout: %s env has not printed AWS_ENDPOINT_URL; run make build", r.Program)
	}
	return env, nil
}

// down ends the region that has the endpoint, and no other.
func (r Region) down(ctx context.Context, endpoint string) error {
	var out bytes.Buffer
	if err := r.call(ctx, &out, "down", "--endpoint", endpoint); err != nil {
		return fmt.Errorf("end the local region that was started: %w: %s; end it with make down", err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

func (r Region) call(ctx context.Context, to io.Writer, args ...string) error {
	cmd := r.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = to, to
	if err := cmd.Run(); err != nil && !cmd.ProcessState.Success() { // it may have ended when ctx did
		return fmt.Errorf("laptop %s: %w", args[0], err)
	}
	return nil
}

// command is a call of laptop that can end what it has begun when it is interrupted.
func (r Region) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.Program, args...) //nolint:gosec // our own
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopping
	return cmd
}
