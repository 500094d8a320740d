package localemr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"ephemr/internal/processtree"
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
	leader    int            // process that leads the attempt's process group, 0 before the start
	early     syscall.Signal // received before the start, which it prevents
	done      bool
	cancelled bool   // by CancelSteps
	endState  string // the final state set by a fault

	interrupted bool                  // by CancelSteps, unless it kills
	left        []processtree.Process // children of the leader when it was interrupted: what the step runs
}

// program is what an attempt runs.
type program struct {
	argv           []string
	dir            string
	env            []string
	stdout, stderr string // files to append to
	parent         bool   // run it below a process that stands for the step's JVM
}

// errStopped is the result of an attempt that was stopped before it started.
var errStopped = errors.New("stop before the start")

// parent runs its arguments as command-runner.jar does: in a child, whose exit
// code it passes on, and to which it does not forward signals. It prints nothing
// itself; file 3 is the stderr of the child.
var parent = []string{"/bin/sh", "-c", `(exec "$@" 2>&3 3>&-); exit $?`, "command-runner.jar"}

// run starts p as the leader of a new process group and waits for it. The
// group is killed when the leader is gone, unless it was interrupted. The exit
// code is -1 for a signal.
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
	argv, errs := p.argv, []*os.File{stderr}
	if p.parent {
		argv, errs = slices.Concat(parent, argv), []*os.File{nil, stderr}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...) //nolint:gosec // running what a step says is the purpose
	cmd.Dir, cmd.Env, cmd.Stdout = p.dir, p.env, stdout
	if cmd.ExtraFiles = errs[1:]; errs[0] != nil {
		cmd.Stderr = errs[0]
	}
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
	a.leader = cmd.Process.Pid
	return nil
}

func (a *attempt) finish() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = true
	if !a.interrupted {
		_ = syscall.Kill(-a.leader, sigKill) // usually there is no process left
	}
}

// interrupt signals the leader only, as EMR's SEND_INTERRUPT does.
func (a *attempt) interrupt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.done:
	case a.leader == 0:
		a.early = sigTerm
	default:
		a.left = slices.DeleteFunc(processtree.All(), func(p processtree.Process) bool { return p.Parent != a.leader })
		a.interrupted = true
		_ = syscall.Kill(a.leader, sigTerm)
	}
}

// lingers reports whether what the step runs outlives its interrupted leader.
func (a *attempt) lingers() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = slices.DeleteFunc(a.left, func(p processtree.Process) bool {
		now, ok := processtree.Get(p.PID)
		return !ok || now.Zombie || now.Start != p.Start
	})
	return len(a.left) > 0
}

// signal reaches the leader and all that it has started, as EMR's
// TERMINATE_PROCESS does and the end of an instance.
func (a *attempt) signal(sig syscall.Signal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.done:
		for _, p := range a.left {
			processtree.Signal(append(processtree.Below(processtree.All(), p.PID), p), sig)
		}
	case a.leader == 0:
		a.early = sig
	default:
		below := processtree.Below(processtree.All(), a.leader)
		_ = syscall.Kill(-a.leader, sig)
		processtree.Signal(slices.DeleteFunc(below, func(p processtree.Process) bool { return p.Group == a.leader }), sig)
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
	if sig == sigTerm {
		a.interrupt()
		return
	}
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
