// Package busy keeps EMR from ending a cluster as idle while a runner works.
// EMR's auto-termination counts YARN applications and pending steps, not running
// ones; work without YARN has to touch a file.
//
// Source: Amazon EMR Management Guide, "Using an auto-termination policy for Amazon
// EMR cluster cleanup".
package busy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"ephemr/internal/runner/lookpath"
)

// File is where EMR looks.
const File = "/emr/metricscollector/isbusy"

// Every is the interval of touches: one system call each. The shortest idle timeout
// of EMR is 60 s.
const Every = time.Second

const sudoWithin = 5 * time.Second

// Keep touches file until stop is called. The first touch is done when it returns:
// only that one may need sudo, whose processes must not be taken for the job's.
// Where EMR's directory does not exist it does nothing. It warns once if the file
// cannot be touched, also with sudo, and goes on: that may change.
func Keep(ctx context.Context, file string, every time.Duration, environ []string, warn func(error)) (stop func()) {
	if _, err := os.Stat(filepath.Dir(file)); err != nil {
		return func() {}
	}
	if err := first(ctx, file, environ); err != nil {
		warn(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = touch(file)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// first touches file, and makes it writable if it belongs to root.
func first(ctx context.Context, file string, environ []string) error {
	err := touch(file)
	if sudo := lookpath.In(environ, "sudo"); errors.Is(err, fs.ErrPermission) && sudo != "" {
		if allow(ctx, sudo, file, environ) == nil {
			err = touch(file)
		}
	}
	if err != nil {
		return fmt.Errorf("touch %s: %w: EMR may end this cluster as idle during a job without YARN applications", file, err)
	}
	return nil
}

var errSlow = errors.New("sudo has not ended in time")

// allow makes file writable. It does not wait for a sudo that does not end: that runs
// as root, so that it may not be possible to kill it.
func allow(ctx context.Context, sudo, file string, environ []string) error {
	ctx, cancel := context.WithTimeout(ctx, sudoWithin)
	cmd := exec.CommandContext(ctx, sudo, "-n", "sh", "-c", `touch "$0" && chmod 666 "$0"`, file) //nolint:gosec // as EMR's documentation asks for
	cmd.Env, cmd.WaitDelay = environ, time.Second
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		ended <- cmd.Run()
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(sudoWithin + 2*cmd.WaitDelay):
		return errSlow
	}
}

// touch sets the time of file, which needs no more than the right to write it.
func touch(file string) error {
	err := unix.UtimesNanoAt(unix.AT_FDCWD, file, nil, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o666) //nolint:gosec // runners of all users touch it
	if err != nil {
		return err
	}
	_ = f.Chmod(0o666) // despite the umask
	return f.Close()
}
