// Package program runs one program under control: everything it starts ends
// with it, it ends in time, and its output is read to the last byte.
//
// Tested by internal/runner and, as a binary, by cmd/runner.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/processtree"
)

// Program is what to run. Stdout and Stderr may block: then the program does.
type Program struct {
	Argv           []string
	Dir            string
	Env            []string
	Mark           string // an entry of Env that no other process has; processes that inherited it are part of the program
	Alone          bool   // this process adopts orphans and starts nothing else: all new processes below it are part of the program
	Stdout, Stderr io.Writer
	Timeout        time.Duration       // 0 = none
	Grace          time.Duration       // between SIGTERM and SIGKILL
	Settle         time.Duration       // how long other processes of the program may outlive it without being background work
	Hide           func(string) string // removes secrets from names of processes; nil = there are none
	Wait           bool                // when the program has succeeded, wait for its background work
}

// Why the runner ended a program.
var (
	ErrTimeout   = errors.New("timeout")
	ErrCancelled = errors.New("cancelled")
)

// Exit is how a program ended.
type Exit struct {
	Code       int            // 128+n when signal n ended it
	Signal     syscall.Signal // 0 = none
	Err        error          // ErrTimeout or ErrCancelled if the runner ended it, or its background work
	Background []string       // processes that outlived the program, and that the runner ended
}

// Run runs p to its end. Cancelling ctx ends it early. An error means that it
// could not be started.
func (p *Program) Run(ctx context.Context) (Exit, error) {
	path, err := exec.LookPath(p.Argv[0])
	if err != nil {
		return Exit{}, fmt.Errorf("find program: %w", err)
	}
	out, err := newOutputPipe(p.Stdout)
	if err != nil {
		return Exit{}, err
	}
	errs, err := newOutputPipe(p.Stderr)
	if err != nil {
		out.close()
		return Exit{}, err
	}
	cmd := exec.Command(path) //nolint:gosec,noctx // running what the owner wrote is the purpose; end gives it its grace
	cmd.Args, cmd.Dir, cmd.Env = p.Argv, p.Dir, p.Env
	cmd.Stdout, cmd.Stderr = out.write, errs.write
	cmd.SysProcAttr = attributes()

	all := tree{mark: p.Mark, whole: p.Alone}
	if p.Alone {
		all.other = below()
	}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() { // start and wait on one thread: the parent-death signal is the thread's
		unlock := lockThread()
		defer unlock()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // cmd.ProcessState has the outcome
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		out.close()
		errs.close()
		return Exit{}, fmt.Errorf("start program: %w", err)
	}
	out.start()
	errs.start()

	all.root = cmd.Process.Pid
	exit := p.wait(ctx, cmd, all, ended)
	for _, t := range []*outputPipe{out, errs} {
		t.drain()
	}
	return exit, nil
}

// errSettled ends the time in which processes may outlive the program.
var errSettled = errors.New("settled")

// wait returns when the program and all that it has started have ended or were
// ended.
func (p *Program) wait(ctx context.Context, cmd *exec.Cmd, all tree, ended <-chan struct{}) (exit Exit) {
	limited := ctx
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(ctx, p.Timeout, ErrTimeout)
		defer cancel()
	}
	var left []processtree.Process
	select {
	case <-ended:
		if !p.Wait || !succeeded(cmd.ProcessState) {
			// The program has ended in time: the rest is not the timeout's.
			var cancel context.CancelFunc
			limited, cancel = context.WithTimeoutCause(ctx, p.Settle, errSettled)
			defer cancel()
		}
		if left = all.await(limited); len(left) > 0 {
			exit.Err, exit.Background = why(limited), p.names(left)
		}
	case <-limited.Done():
		exit.Err = why(limited)
		left = all.living()
	}
	if len(left) > 0 {
		all.end(context.WithoutCancel(ctx), left, p.Grace)
	}
	<-ended
	exit.Code, exit.Signal = status(cmd.ProcessState)
	return exit
}

// why is the reason of the runner to end what still runs when ctx is done.
func why(ctx context.Context) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errSettled):
		return nil
	case errors.Is(cause, ErrTimeout):
		return ErrTimeout
	}
	return ErrCancelled
}

func (p *Program) names(processes []processtree.Process) (all []string) {
	for _, left := range processes {
		all = append(all, left.Name(p.Hide))
	}
	return all
}

func succeeded(s *os.ProcessState) bool { return s.Success() || s.ExitCode() == job.NothingToDo }

func status(s *os.ProcessState) (int, syscall.Signal) {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal()), w.Signal()
	}
	return s.ExitCode(), 0
}
