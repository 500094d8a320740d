package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"ephemr/internal/processtree"
)

// parentInterval is how often the runner looks whether its parent still lives.
const parentInterval = 200 * time.Millisecond

// watchParent calls cancel when the parent of the runner has ended. EMR interrupts
// a step by a SIGTERM to the step's child process, the JVM that started the runner,
// which ends without forwarding it: without this check the job would go on
// although its step is cancelled. See "Canceling steps" in the EMR Management
// Guide. The kernel's parent-death signal would not do: it fires as well when the
// thread that started the runner ends.
//
// parents are those of the time when the runner was started: later the kernel has
// put another process in the place of one that has ended.
func watchParent(ctx context.Context, cancel func(), parents []processtree.Process, stderr io.Writer) {
	tick := time.NewTicker(parentInterval)
	defer tick.Stop()
	for !slices.ContainsFunc(parents, ended) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	_, _ = fmt.Fprintln(stderr, "ephemr: the parent process has ended, cancelling the job")
	cancel()
}

// parents are the processes above the runner up to the step's JVM. There may be a
// shell or sudo between them, which does not end with the JVM. Without a JVM it is
// the direct parent alone: one that cannot be found any more has ended.
func parents() []processtree.Process {
	var all []processtree.Process
	for pid := os.Getppid(); pid > 1; {
		p, ok := processtree.Get(pid)
		if !ok && len(all) == 0 {
			return []processtree.Process{{PID: pid}}
		}
		if !ok {
			break
		}
		if all = append(all, p); p.Command == "java" {
			return all
		}
		pid = p.Parent
	}
	return all[:min(len(all), 1)]
}

func ended(p processtree.Process) bool {
	now, ok := processtree.Get(p.PID)
	return !ok && !present(p.PID) || ok && (now.Zombie || now.Start != p.Start)
}

// present reports whether there is such a process, also one that may not be read.
func present(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
