package yarn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Within bounds what the yarn command may take at the start and at the end of an
// attempt. Starting its JVM takes 2 to 3 s on a primary of EMR.
const Within = 15 * time.Second

// Claim says that the applications with a tag belong to a runner that lives: it
// holds a lock on a file of that name, which the kernel releases when the
// runner ends in any way. A file without a lock is of a runner that was killed,
// or could not kill its applications.
type Claim struct {
	cli       *CLI // nil = there is no YARN
	tag, file string
	lock      *os.File
	used      bool // applications with the tag may exist
}

// Begin claims tag, with a file in dir, which the runners on this machine share,
// and kills what earlier attempts left. The error is about those.
func Begin(ctx context.Context, cli *CLI, dir, tag string) (*Claim, []Application, error) {
	c := &Claim{cli: cli, tag: tag, file: filepath.Join(dir, tag)}
	if cli == nil {
		return c, nil, nil
	}
	err := os.MkdirAll(dir, 0o777) //nolint:gosec // steps may run as several users
	_ = os.Chmod(dir, 0o777)       //nolint:gosec // despite the umask; fails if another user made it
	ctx, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	killed, leftErr := killLeft(ctx, cli, dir)
	if err == nil {
		err = c.hold(dir)
	}
	return c, killed, errors.Join(err, leftErr)
}

// hold makes the file, locked before it has its name.
func (c *Claim) hold(dir string) error {
	f, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return fmt.Errorf("record the tag of YARN applications: %w", err)
	}
	err = errors.Join(f.Chmod(0o644), unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), os.Rename(f.Name(), c.file))
	if err != nil {
		_ = os.Remove(f.Name())
		return errors.Join(fmt.Errorf("record the tag of YARN applications: %w", err), f.Close())
	}
	c.lock = f
	return nil
}

// killLeft kills the applications of attempts whose runners have ended without
// doing so. They are rare: without any, YARN is not asked.
func killLeft(ctx context.Context, cli *CLI, dir string) ([]Application, error) {
	entries, _ := os.ReadDir(dir)
	var tags, files []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "ephemr:") {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name())) //nolint:gosec // in our own directory
		if err != nil {
			continue
		}
		defer f.Close() //nolint:errcheck // releases the lock
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			tags, files = append(tags, e.Name()), append(files, f.Name())
		}
	}
	if len(tags) == 0 {
		return nil, nil
	}
	apps, err := killAll(ctx, cli, 0, tags...)
	if err != nil {
		return apps, err
	}
	for _, file := range files {
		_ = os.Remove(file)
	}
	return apps, nil
}

// Use says that from now on applications with the tag may exist.
func (c *Claim) Use() { c.used = true }

// Release gives the claim up. Unless the applications are known to have ended, a
// later attempt will look for them.
func (c *Claim) Release() {
	if c.lock == nil {
		return
	}
	if !c.used {
		_ = os.Remove(c.file)
	}
	// A process that is being forked has the descriptor, too, until it executes its
	// program: closing this one alone would leave the lock to it.
	_ = errors.Join(unix.Flock(int(c.lock.Fd()), unix.LOCK_UN), c.lock.Close())
	c.lock = nil
}

// End kills the applications of the attempt that live. It does not depend on the
// cancellation of ctx. Those that live get so long to end by themselves.
func (c *Claim) End(ctx context.Context, settle time.Duration) (killed []Application, err error) {
	if c.cli == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Within)
	defer cancel()
	killed, err = killAll(ctx, c.cli, settle, c.tag)
	c.used = err != nil
	return killed, err
}

// maxFailures is how often in a row YARN may fail to answer. Its ResourceManager is
// away for minutes when it restarts.
const maxFailures = 10

// Wait returns when no application of the attempt lives any more, or with ctx. It asks
// after a pause of first, which doubles up to every. The error is that of YARN, which
// has failed repeatedly.
func (c *Claim) Wait(ctx context.Context, first, every time.Duration) error {
	failures := 0
	for wait := first; c.cli != nil && ctx.Err() == nil; wait = min(2*wait, every) {
		switch lives, err := c.lives(ctx); {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the caller knows ctx
		case err != nil:
			if failures++; failures == maxFailures {
				return err
			}
		case !lives:
			return nil
		default:
			failures = 0
		}
		pause(ctx, wait)
	}
	return nil
}

// lives reports whether an application of the attempt does.
func (c *Claim) lives(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	apps, err := c.cli.Living(ctx, c.tag)
	return len(apps) > 0, err
}

// killAll kills the living applications with tags, until there are none: a client
// may have submitted one meanwhile.
func killAll(ctx context.Context, cli *CLI, settle time.Duration, tags ...string) (killed []Application, err error) {
	for {
		apps, err := cli.Living(ctx, tags...)
		if err == nil && len(apps) > 0 && settle > 0 {
			pause(ctx, settle)
			settle = 0
			continue
		}
		if err != nil || len(apps) == 0 {
			return killed, err
		}
		if err := cli.Kill(ctx, apps); err != nil {
			return killed, err
		}
		killed = append(killed, apps...)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
