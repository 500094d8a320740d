package program

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"

	"ephemr/internal/processtree"
)

// tree is every process that a program has started, itself included.
type tree struct {
	root  int                   // the program, which leads a process group
	mark  string                // an entry of the environment that no other process has; "" = none
	whole bool                  // everything below this process belongs to the program, except for
	other []processtree.Process // these, and what they start
}

// below lists the processes below this one.
func below() []processtree.Process { return processtree.Below(processtree.All(), os.Getpid()) }

// mine lists the processes below this one that are the program's.
func (t tree) mine(all []processtree.Process) []processtree.Process {
	others := map[int]bool{}
	for _, o := range t.other {
		if !slices.ContainsFunc(all, func(p processtree.Process) bool { return p.PID == o.PID && p.Start == o.Start }) {
			continue
		}
		others[o.PID] = true
		for _, p := range processtree.Below(all, o.PID) {
			others[p.PID] = true
		}
	}
	return slices.DeleteFunc(processtree.Below(all, os.Getpid()), func(p processtree.Process) bool { return others[p.PID] })
}

// living lists the processes that have not ended, and removes the zombies of those
// that this process has adopted.
func (t tree) living() []processtree.Process {
	all := processtree.All()
	ours := map[int]bool{t.root: true}
	for _, p := range processtree.Below(all, t.root) {
		ours[p.PID] = true
	}
	if t.whole {
		for _, p := range t.mine(all) {
			ours[p.PID] = true
			if p.Zombie && p.Parent == os.Getpid() && p.PID != t.root {
				p.Reap()
			}
		}
	}
	return slices.DeleteFunc(all, func(p processtree.Process) bool {
		return p.Zombie || p.PID == os.Getpid() || !ours[p.PID] && p.Group != t.root && !t.marked(p)
	})
}

// marked reports whether p inherited the mark. Where nothing can leave the tree,
// the environments of all processes need not be read.
func (t tree) marked(p processtree.Process) bool {
	return !t.whole && t.mark != "" && slices.Contains(p.Environ(), t.mark)
}

// poll is the longest time between two looks at the processes.
const poll = 100 * time.Millisecond

// await waits until no process lives, and returns those that do when ctx is done.
func (t tree) await(ctx context.Context) (left []processtree.Process) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, poll) {
		if left = t.living(); len(left) == 0 {
			time.Sleep(again)
			if left = t.living(); len(left) == 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return left
		case <-time.After(pause):
		}
	}
}

// again is when none is believed to be left only if a second look finds none: a process
// that is executing another program shows no environment for a moment, and so no mark.
const again = 20 * time.Millisecond

// end sends SIGTERM to processes, and SIGKILL to all that live when the grace
// period is over. What they start in that time to clean up gets no SIGTERM.
func (t tree) end(ctx context.Context, processes []processtree.Process, grace time.Duration) {
	processtree.Signal(processes, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	left := t.await(ctx)
	for stop := time.Now().Add(killing); len(left) > 0 && time.Now().Before(stop); {
		processtree.Signal(left, syscall.SIGKILL) // again, since a process may fork meanwhile
		time.Sleep(time.Millisecond)
		left = t.living()
	}
}

// killing bounds the wait for processes that SIGKILL does not end at once.
const killing = 2 * time.Second
