// Package disk says how much an attempt may write: a full disk makes HDFS, YARN
// and the whole node unhealthy.
package disk

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Space is that of a file system, in bytes.
type Space struct{ Free, Total int64 }

// maxReserve bounds what is kept free.
const maxReserve = 512 << 20

// Of returns the space of the file system of dir.
func Of(dir string) (Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Space{}, fmt.Errorf("read free space of %s: %w", dir, err)
	}
	block := int64(s.Bsize)                                                          //nolint:unconvert // differs between systems
	return Space{Free: int64(s.Bavail) * block, Total: int64(s.Blocks) * block}, nil //nolint:gosec // far below the limit
}

// Room is how much may be written: some space is kept free for others.
func (s Space) Room() int64 { return max(0, s.Free-min(s.Total/20, maxReserve)) }

// FullError says that something does not fit.
type FullError struct {
	Dir        string
	What       string
	Need, Room int64 // what is to be written next, and what may be
}

func (e *FullError) Error() string {
	return fmt.Sprintf("%s does not fit: %s more would be written to %s, where %s can be used; make it smaller, or give the primary of the profile a larger disk",
		e.What, Size(e.Need), e.Dir, Size(e.Room))
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	const units = "KMGTP"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 && unit < len(units)-1 {
		value, unit = value/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}
