package laptop

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock lets one command at a time change the region in dir. The system frees
// it when the holder ends.
func lock(ctx context.Context, dir string, log io.Writer) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("lock region: %w", err)
	}
	l := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	locked, err := l.TryLock()
	if err == nil && !locked {
		_, _ = fmt.Fprintf(log, "waiting for another command that holds the lock of %s\n", dir)
		_, err = l.TryLockContext(ctx, 50*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("lock region %s: %w", dir, err)
	}
	return func() { _ = l.Unlock() }, nil
}
