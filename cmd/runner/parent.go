package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// parentInterval is how often the runner looks whether its parent still lives.
const parentInterval = 200 * time.Millisecond

// watchParent calls cancel when the parent of the runner has ended. EMR interrupts
// a step by a SIGTERM to the step's child process, the JVM that started the runner,
// which ends without forwarding it: without this check the job would go on
// although its step is cancelled. See "Canceling steps" in the EMR Management
// Guide. The kernel's parent-death signal would not do: it fires as well when the
// thread that started the runner ends.
func watchParent(ctx context.Context, cancel func(), stderr io.Writer) {
	parent := os.Getppid()
	tick := time.NewTicker(parentInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if os.Getppid() != parent {
			_, _ = fmt.Fprintln(stderr, "ephemr: the parent process has ended, cancelling the job")
			cancel()
			return
		}
	}
}
