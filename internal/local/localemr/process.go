package localemr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	sigTerm = syscall.SIGTERM
	sigKill = syscall.SIGKILL
)

// markName is the variable that every process of a cluster inherits, so that
// those which left their process group can still be found.
const markName = "LOCALEMR_PROCESS"

func mark(cluster, process string) string { return markName + "=" + cluster + "/" + process }

// attempt is one run of a step or of a bootstrap action.
type attempt struct {
	mu        sync.Mutex
	group     int            // process group, 0 before the start
	early     syscall.Signal // received before the start, which it prevents
	done      bool
	cancelled bool   // by CancelSteps
	endState  string // the final state set by a fault
}

// program is what an attempt runs.
type program struct {
	argv           []string
	dir            string
	env            []string
	stdout, stderr string // files to append to
}

// errStopped is the result of an attempt that was stopped before it started.
var errStopped = errors.New("stop before the start")

// run starts p as the leader of a new process group and waits for it. The
// group is killed when the leader is gone. The exit code is -1 for a signal.
func (a *attempt) run(ctx context.Context, p program) (int, error) {
	stdout, err := appendTo(p.stdout)
	if err != nil {
		return 0, err
	}
	defer closeQuietly(stdout)
	stderr, err := appendTo(p.stderr)
	if err != nil {
		return 0, err
	}
	defer closeQuietly(stderr)
	// Signals go to the whole group, through the attempt; the context must not kill the leader alone.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.argv[0], p.argv[1:]...) //nolint:gosec // running what a step says is the purpose
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := a.start(cmd); err != nil {
		return 0, err
	}
	err = cmd.Wait()
	a.finish()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (a *attempt) start(cmd *exec.Cmd) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.early != 0 {
		return errStopped
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	a.group = cmd.Process.Pid
	return nil
}

func (a *attempt) finish() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = true
	_ = syscall.Kill(-a.group, sigKill) // usually there is no process left
}

// signal reaches every process of the attempt's group.
func (a *attempt) signal(sig syscall.Signal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.done:
	case a.group == 0:
		a.early = sig
	default:
		_ = syscall.Kill(-a.group, sig)
	}
}

// stopWith ends the attempt when ctx is done: SIGTERM, and SIGKILL after
// grace. The returned function must be called when the attempt is over.
func (a *attempt) stopWith(ctx context.Context, grace time.Duration) (release func()) {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		a.signal(sigTerm)
		select {
		case <-over:
		case <-time.After(grace):
			a.signal(sigKill)
		}
	})
	return func() { stop(); close(over) }
}

func (a *attempt) cancel(sig syscall.Signal) {
	a.mu.Lock()
	a.cancelled = true
	a.mu.Unlock()
	a.signal(sig)
}

// endAs kills the attempt and sets its final state.
func (a *attempt) endAs(endState string) {
	a.mu.Lock()
	a.endState = endState
	a.mu.Unlock()
	a.signal(sigKill)
}

func (a *attempt) verdict() (endState string, cancelled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.endState, a.cancelled
}

func appendTo(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a path of ours
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return f, nil
}

func closeQuietly(f *os.File) { _ = f.Close() }
