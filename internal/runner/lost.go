package runner

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"ephemr/internal/processtree"
)

// runnerVariable names the runner that a process belongs to, in its environment.
const runnerVariable = "EPHEMR_RUNNER"

// identity tells this runner from every other process of the machine, also from a
// later one with the same process id.
func identity(p processtree.Process) string { return fmt.Sprintf("%d.%d", p.PID, p.Start) }

// mark is the entry of the environment that this runner's programs inherit.
func mark() string {
	p, _ := processtree.Get(os.Getpid())
	return runnerVariable + "=" + identity(p)
}

// endLost kills what a runner left that was itself killed. Processes that have
// cleared their environment cannot be attributed to one and are left alone.
func (r *Runner) endLost() {
	all := processtree.All()
	var running []string
	for _, p := range all {
		if !p.Zombie {
			running = append(running, identity(p))
		}
	}
	for _, p := range all {
		for _, e := range p.Environ() {
			by, ok := strings.CutPrefix(e, runnerVariable+"=")
			if ok && !slices.Contains(running, by) && syscall.Kill(p.PID, syscall.SIGKILL) == nil {
				r.say("killed %s (pid %d), which an earlier runner that has ended had left", p.Command, p.PID) // no arguments: its secrets are not known
			}
		}
	}
}
