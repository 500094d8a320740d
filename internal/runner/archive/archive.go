// Package archive unpacks a job's package. Packages are untrusted uploads, so
// nothing in them may reach outside the target directory.
package archive

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Limits of what a package may unpack to.
type Limits struct {
	Files int
	Bytes int64
	Fits  func(more int64) error // asked before bytes are written, how many; nil = not asked
}

// step is how much of a file is written between two questions to Fits: sizes in
// archives are not trusted, and others write, too.
const step = 256 << 10

func (l Limits) fits(more int64) error {
	if l.Fits == nil {
		return nil
	}
	return l.Fits(more)
}

const maxTarget = 4096 // bytes of a symbolic link's target

// InvalidError is an invalid package; retrying does not help.
type InvalidError struct{ Reason string }

func (e *InvalidError) Error() string { return "unpack package: " + e.Reason }

func invalid(format string, args ...any) error {
	return &InvalidError{Reason: fmt.Sprintf(format, args...)}
}

// Unpack writes the files of the zip file name to dir, which must exist, with
// their mode bits, but writable only by the owner. Symbolic links are kept if
// they point inside dir.
func Unpack(name, dir string, limits Limits) error {
	z, err := zip.OpenReader(name)
	if err != nil {
		return invalid("not a zip file: %v", err)
	}
	defer z.Close() //nolint:errcheck // only read
	if len(z.File) > limits.Files {
		return invalid("%d files are more than %d", len(z.File), limits.Files)
	}
	if err := limits.fits(unpacked(z.File, limits.Bytes)); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // refuses paths that lead out, also through links
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // only a directory handle

	return unpack(root, z.File, limits)
}

// unpacked is what files say that they unpack to; more than most each is all the same.
func unpacked(files []*zip.File, most int64) (size int64) {
	for _, f := range files {
		size += int64(min(f.UncompressedSize64, uint64(most)+1)) //nolint:gosec // bounded by most
	}
	return size
}

func unpack(root *os.Root, files []*zip.File, limits Limits) (err error) {
	var links []*zip.File
	left := limits.Bytes
	for _, f := range files {
		path := strings.TrimSuffix(f.Name, "/")
		if !filepath.IsLocal(path) || strings.ContainsAny(path, "\\\x00") {
			return invalid("path %q leads out of the package", f.Name)
		}
		switch mode := f.Mode(); {
		case mode.IsDir():
			err = root.MkdirAll(path, mode.Perm()|0o700)
		case mode.IsRegular():
			left, err = file(root, path, f, left, limits)
		case mode&fs.ModeSymlink != 0:
			links = append(links, f) // after all files, so that no file is written through one
		default:
			err = invalid("%q is neither a file, a directory nor a link", f.Name)
		}
		if err != nil {
			return err
		}
	}
	return makeLinks(root, links)
}

// file writes one file and returns how many bytes may still be written.
func file(root *os.Root, path string, f *zip.File, left int64, limits Limits) (int64, error) {
	if err := root.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, notAcceptable(path, err)
	}
	in, err := f.Open()
	if err != nil {
		return 0, invalid("open %q: %v", path, err)
	}
	defer in.Close() //nolint:errcheck // only read
	return write(root, path, f.Mode(), in, left, limits)
}

// write creates a file from in, with at most left bytes, and returns how many may
// still follow. Sizes in the header of an archive are not trusted.
func write(root *os.Root, path string, mode fs.FileMode, in io.Reader, left int64, limits Limits) (int64, error) {
	out, err := root.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, notAcceptable(path, err)
	}
	n, err := copyStepwise(out, io.LimitReader(in, left+1), limits)
	err = errors.Join(err, out.Chmod(mode.Perm()&^0o022|0o400), out.Close())
	switch {
	case n > left:
		return 0, invalid("unpacked size exceeds the limit")
	case damaged(err):
		return 0, invalid("%q is damaged: %v", path, err)
	case err != nil:
		return 0, fmt.Errorf("unpack %q: %w", path, err)
	}
	return left - n, nil
}

// copyStepwise copies in to out as long as there is space.
func copyStepwise(out io.Writer, in io.Reader, limits Limits) (n int64, err error) {
	for {
		copied, err := io.CopyN(out, in, step)
		n += copied
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err == nil {
			err = limits.fits(1)
		}
		if err != nil {
			return n, err
		}
	}
}

func damaged(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF)
}

func makeLinks(root *os.Root, links []*zip.File) error {
	for _, f := range links {
		target, err := read(f)
		if err != nil {
			return invalid("read link %q: %v", f.Name, err)
		}
		if err := root.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			return notAcceptable(f.Name, err)
		}
		if err := root.Symlink(target, f.Name); err != nil {
			return notAcceptable(f.Name, err)
		}
	}
	for _, f := range links { // all exist now, and root follows none that leads out
		if _, err := root.Stat(f.Name); err != nil {
			return invalid("link %q leads out of the package or nowhere", f.Name)
		}
	}
	return nil
}

func read(f *zip.File) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(r, maxTarget))
	return string(b), err
}

// notAcceptable separates errors of the package from errors of this machine.
func notAcceptable(path string, err error) error {
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTDIR) {
		return invalid("duplicate entry %q", path)
	}
	cause := err // without the path
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		cause = e.Err
	}
	if cause != err && strings.Contains(cause.Error(), "escapes") { //nolint:errorlint // package os exports no error for it
		return invalid("path %q leads out of the package", path)
	}
	return fmt.Errorf("unpack %q: %w", path, err)
}
