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
)

// Program is what to run. Stdout and Stderr may block: then the program does.
type Program struct {
	Argv           []string
	Dir            string
	Env            []string
	Mark           string // an entry of Env that no other process has; processes that inherited it are killed at the end
	Stdout, Stderr io.Writer
	Timeout        time.Duration // 0 = none
	Grace          time.Duration // between SIGTERM and SIGKILL
	Drain          time.Duration // how long children may go on writing after the program itself has ended
}

// Why the runner ended a program.
var (
	ErrTimeout   = errors.New("timeout")
	ErrCancelled = errors.New("cancelled")
)

// Exit is how a program ended.
type Exit struct {
	Code   int            // 128+n when signal n ended it
	Signal syscall.Signal // 0 = none
	Err    error          // ErrTimeout or ErrCancelled if the runner ended it
	Left   int            // processes that outlived the program and were killed
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

	started, ended := make(chan error, 1), make(chan error, 1)
	go func() { // start and wait on one thread: the parent-death signal is the thread's
		unlock := lockThread()
		defer unlock()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		out.close()
		errs.close()
		return Exit{}, fmt.Errorf("start program: %w", err)
	}
	out.start()
	errs.start()

	exit := Exit{Err: p.wait(ctx, cmd.Process.Pid, ended)}
	exit.Code, exit.Signal = status(cmd.ProcessState)
	exit.Left = p.finish(cmd.Process.Pid, out, errs)
	return exit, nil
}

// wait returns when the program has ended or was ended.
func (p *Program) wait(ctx context.Context, group int, ended <-chan error) error {
	var late <-chan time.Time
	if p.Timeout > 0 {
		timer := time.NewTimer(p.Timeout)
		defer timer.Stop()
		late = timer.C
	}
	var why error
	select {
	case <-ended:
		return nil
	case <-late:
		why = ErrTimeout
	case <-ctx.Done():
		why = ErrCancelled
	}
	_ = syscall.Kill(-group, syscall.SIGTERM)
	grace := time.NewTimer(p.Grace)
	defer grace.Stop()
	select {
	case <-ended:
	case <-grace.C:
		_ = syscall.Kill(-group, syscall.SIGKILL)
		<-ended
	}
	return why
}

// finish waits for children to write their last output, kills them and reads
// what is left in the pipes.
func (p *Program) finish(group int, pipes ...*outputPipe) (killed int) {
	over := time.NewTimer(p.Drain)
	defer over.Stop()
	for _, t := range pipes {
		select {
		case <-t.done:
		case <-over.C:
			over.Reset(0)
		}
	}
	killed = killMarked(p.Mark)
	_ = syscall.Kill(-group, syscall.SIGKILL)
	for _, t := range pipes {
		t.drain()
	}
	return killed
}

func status(s *os.ProcessState) (int, syscall.Signal) {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal()), w.Signal()
	}
	return s.ExitCode(), 0
}
