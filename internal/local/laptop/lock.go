package laptop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lock lets one command at a time change the region in dir. The system frees
// it when the holder dies.
func lock(ctx context.Context, dir string, log io.Writer) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("lock region: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // our own file
	if err != nil {
		return nil, fmt.Errorf("lock region: %w", err)
	}
	for said := false; ; said = true {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock region %s: %w", dir, err), f.Close())
		}
		if !said {
			_, _ = fmt.Fprintf(log, "waiting for another command that works on %s\n", dir)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock region %s: %w", dir, ctx.Err()), f.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
