package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ephemr/internal/job"
	"ephemr/internal/runner/program"
)

// forever is longer than any run may take.
const forever = 365 * 24 * time.Hour

// program runs the package of s.
func (r *Runner) program(ctx context.Context, s job.Spec, values secrets, stdout, stderr *output) (job.Result, error) {
	w, remove, err := r.workspace()
	if err != nil {
		return job.Result{}, err
	}
	defer remove()
	if err := r.fetch(ctx, s, w); err != nil {
		return job.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return job.Result{}, err
	}
	output := "EPHEMR_OUTPUT=" + w.outputs
	p := program.Program{
		Dir: w.files, Env: r.environment(s, output), Mark: output, Stdout: stdout, Stderr: stderr,
		Timeout: time.Duration(s.TimeoutSeconds) * time.Second,
		Grace:   time.Duration(s.GraceSeconds) * time.Second,
		Settle:  r.Settle, Alone: r.Alone, Hide: stderr.mask.Text,
	}
	if p.Grace == 0 {
		p.Grace = DefaultGrace
	}
	apps := r.claimApplications(ctx, s, w, stderr)
	defer apps.claim.Release()
	s, p.Env = apps.mark(s, p.Env)
	if err := r.resolveCommand(ctx, s, w, values, &p, stderr); err != nil {
		return job.Result{}, err
	}
	failed, env := recordFailure(s, w, p.Argv, p.Env)
	p.Env = env
	p.Wait = s.Background == job.BackgroundWait
	apps.claim.Use()
	deadline := r.Now().Add(cmp.Or(p.Timeout, forever))
	exit, err := p.Run(ctx)
	stdout.flush()
	stderr.flush()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return job.Result{}, &failure{
			job.ClassInvalid, exitNotFound,
			fmt.Errorf("%s is not installed on this cluster; check the applications of its profile", p.Argv[0]),
		}
	case err != nil:
		return job.Result{}, err
	}
	name := commandName(s, p.Argv)
	res := judge(s, name, exit)
	res = failed.explain(res, &stderr.cause, &stdout.cause)
	res = background(s, name, recorded(s, w, res), exit, stderr)
	res = apps.end(ctx, s, res, name, deadline)
	return withOutputs(res, w, stderr), nil
}

// withOutputs adds the outputs that the program has written to its result.
func withOutputs(res job.Result, w workspace, stderr *output) job.Result {
	outputs, err := readOutputs(w.outputs, stderr.mask)
	switch {
	case err == nil:
		res.Outputs = merged(res.Outputs, outputs)
	case res.Succeeded(): // a program that failed is reported for that alone
		res.Class, res.ExitCode, res.NothingToDo, res.Reason = job.ClassData, exitData, false, err.Error()
	}
	return res
}

// resolveCommand sets p's command, with the Python libraries that the job
// requires. Installing them counts towards the attempt's timeout.
func (r *Runner) resolveCommand(ctx context.Context, s job.Spec, w workspace, values secrets, p *program.Program, stderr *output) error {
	began := r.Now()
	libs, err := r.libraries(ctx, s, w, helper{*p, stderr})
	if err != nil {
		return err
	}
	if p.Timeout > 0 {
		p.Timeout = max(p.Timeout-r.Now().Sub(began), time.Millisecond)
	}
	if p.Argv, err = command(s, w, libs); err != nil {
		return err
	}
	p.Env, err = values.environ(w, libs.environ(p.Env)) // what runs before, such as pip, does not get them
	return err
}

// helper runs commands beside the program, with all they print on its stderr.
type helper struct {
	program.Program
	stderr *output
}

// run runs argv in dir and returns the last lines that it has printed.
func (h helper) run(ctx context.Context, dir string, argv []string, env ...string) (program.Exit, []string, error) {
	h.Argv, h.Dir, h.Stdout, h.Env = argv, dir, h.stderr, append(slices.Clone(h.Env), env...)
	exit, err := h.Run(ctx)
	h.stderr.flush()
	last := h.stderr.tail.lines()
	if err == nil && exit.Err == nil && exit.Code == 0 {
		h.stderr.forget() // what a successful helper printed says nothing about the program
	}
	return exit, last, err
}

// environment is the step's, the owner's and ours, the last one winning.
func (r *Runner) environment(s job.Spec, more ...string) []string {
	env := append([]string(nil), r.Environ...)
	for k, v := range s.Env {
		env = append(env, k+"="+v)
	}
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "PYTHONUNBUFFERED=") }) {
		env = append(env, "PYTHONUNBUFFERED=1") // or what it has printed comes late, and is lost with it
	}
	env = append(env, encoding(s, env)...)
	env = append(env, "EPHEMR_RUN_ID="+s.RunID, "EPHEMR_JOB="+s.Job, "EPHEMR_ATTEMPT="+strconv.Itoa(s.Attempt), mark())
	return append(env, more...)
}

// judge returns the Result of an exit.
func judge(s job.Spec, name string, exit program.Exit) job.Result {
	res := job.Result{ExitCode: exit.Code}
	if exit.Signal != 0 {
		res.Signal = unix.SignalName(exit.Signal)
	}
	switch {
	case errors.Is(exit.Err, program.ErrTimeout):
		res.Class, res.ExitCode = job.ClassTimeout, exitTimeout
		res.Reason = fmt.Sprintf("%s timed out after %s", name, time.Duration(s.TimeoutSeconds)*time.Second)
	case errors.Is(exit.Err, program.ErrCancelled):
		res.Class, res.ExitCode = job.ClassCancelled, exitCancelled
		res.Reason = fmt.Sprintf("%s was cancelled", name)
	case exit.Signal != 0:
		res.Class = job.ClassJob
		res.Reason = fmt.Sprintf("%s was killed by %s%s", name, res.Signal, memory(exit.Signal))
	case exit.Code == job.NothingToDo:
		res.NothingToDo = true
	case exit.Code == 128+int(syscall.SIGKILL):
		res.Class = job.ClassJob
		res.Reason = fmt.Sprintf("%s exited %d: a process of it was killed by SIGKILL%s", name, exit.Code, memory(syscall.SIGKILL))
	case exit.Code != 0:
		res.Class = job.ClassJob
		res.Reason = fmt.Sprintf("%s exited %d", name, exit.Code)
	}
	return res
}

// withCause adds to why a program failed what it printed about it.
func withCause(reason, line string) string {
	if line == "" || strings.Contains(reason, line) {
		return reason
	}
	return reason + ": " + line
}

// memory adds the most common cause of a SIGKILL that the runner did not send.
func memory(s syscall.Signal) string {
	if s == syscall.SIGKILL {
		return " (out of memory?)"
	}
	return ""
}
