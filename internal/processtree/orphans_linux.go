package processtree

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// AdoptOrphans makes the calling process the parent of every descendant whose own
// parent ends, so that none of them can leave the tree. Until ctx is done it reads
// the exit status of adopted processes that have ended, between one and two
// intervals later.
func AdoptOrphans(ctx context.Context, interval time.Duration) error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphaned processes: %w", err)
	}
	go func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for seen := map[Process]bool{}; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				seen = reap(seen)
			}
		}
	}()
	return nil
}

// reap reads the status of zombies that were zombies at the last call, too. The
// children that this process started itself are waited for by os/exec and do not
// remain that long.
func reap(seen map[Process]bool) map[Process]bool {
	still := map[Process]bool{}
	for _, p := range All() {
		if !p.Zombie || p.Parent != os.Getpid() {
			continue
		}
		if seen[p] {
			p.Reap()
			continue
		}
		still[p] = true
	}
	return still
}

// Reap removes a zombie that the calling process has adopted. One that os/exec
// waits for must not be given.
func (p Process) Reap() { _, _ = unix.Wait4(p.PID, nil, unix.WNOHANG, nil) }
