package laptop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ephemr/internal/processtree"
)

// Down ends the region and all of its processes. Its logs stay.
func (r *Region) Down(ctx context.Context) error {
	return Down(ctx, r.options)
}

// Down ends the region in o.Dir, whatever its state. It is not an error if
// nothing runs.
func Down(ctx context.Context, o Options) error {
	if err := o.complete(); err != nil {
		return err
	}
	if !exists(o.Dir) {
		return nil
	}
	unlock, err := lock(ctx, o.Dir, o.Log)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := readRecord(o.Dir)
	if err != nil && !errors.Is(err, ErrNotRunning) {
		return err
	}
	if o.Endpoint != "" && rec.Emulator.URL != o.Endpoint {
		o.say("the region of %s is not running any more; another one is left as it is", o.Endpoint)
		return nil
	}
	return o.clean(ctx, rec)
}

// clean ends every process of the region and removes its state.
// localemr goes first: it still has logs to upload.
func (o *Options) clean(ctx context.Context, rec record) error {
	o.end(ctx, rec.LocalEMR)
	o.end(ctx, rec.Emulator)
	killMarked(o.Dir)
	for _, name := range []string{"region.json", "region.json.new", "localemr", "tmp"} {
		if err := os.RemoveAll(filepath.Join(o.Dir, name)); err != nil {
			return fmt.Errorf("remove region's state: %w", err)
		}
	}
	return nil
}

// killMarked kills processes of the region that left their group, or whose start was not
// recorded because of a crash, until there are none: a killed process takes a moment to
// end, and may have started another just before. What runs below them belongs to the
// region, too, although its environment may not show that.
func killMarked(dir string) {
	const most = 5 * time.Second
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		pids := marked(dir)
		if len(pids) == 0 {
			return
		}
		all := processtree.All()
		for _, pid := range pids {
			for _, p := range processtree.Below(all, pid) {
				_ = syscall.Kill(p.PID, syscall.SIGKILL)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// end sends SIGTERM to p, waits for the grace period, and kills its group.
func (o *Options) end(ctx context.Context, p process) {
	if !p.alive() {
		return
	}
	_ = syscall.Kill(p.PID, syscall.SIGTERM)
	for deadline := time.Now().Add(o.Grace); p.alive() && time.Now().Before(deadline) && ctx.Err() == nil; {
		time.Sleep(20 * time.Millisecond)
	}
	// It leads its session and process group; the group id is not reused while a member lives.
	_ = syscall.Kill(-p.PID, syscall.SIGKILL)
	for deadline := time.Now().Add(time.Second); p.alive() && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}
