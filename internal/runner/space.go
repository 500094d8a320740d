package runner

import (
	"errors"
	"strings"
	"syscall"

	"ephemr/internal/runner/archive"
	"ephemr/internal/runner/disk"
)

// room is what an attempt may write below dir. Where that cannot be known there is
// no limit.
func (r *Runner) room(dir string) int64 {
	of := r.Disk
	if of == nil {
		of = disk.Of
	}
	s, err := of(dir)
	if err != nil {
		r.say("%v", err)
		return 1 << 62
	}
	return s.Room()
}

// fits returns an error if what is to be written to dir needs more than there is.
// Need 0 is a size that is not known.
func (r *Runner) fits(dir, what string, need int64) error {
	if room := r.room(dir); need > room {
		return invalid("%w", &disk.FullError{Dir: dir, What: what, Need: need, Room: room})
	}
	return nil
}

// within adds the space in dir to limits for unpacking what.
func (r *Runner) within(limits archive.Limits, dir, what string) archive.Limits {
	limits.Fits = func(more int64) error { return r.fits(dir, what, more) }
	return limits
}

// ofSpace reclassifies what pip says when there is no space in dir.
func (r *Runner) ofSpace(err error, dir string) error {
	if strings.Contains(err.Error(), "No space left on device") {
		return invalid("%w; %s can be used in %s", err, disk.Size(r.room(dir)), dir)
	}
	return err
}

// isFull reports whether err is for lack of space.
func isFull(err error) bool {
	_, full := errors.AsType[*disk.FullError](err)
	return full || errors.Is(err, syscall.ENOSPC)
}
