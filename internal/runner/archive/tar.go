package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Tar writes the tree at dir as a gzipped tar file whose bytes depend on names,
// contents and executable bits alone.
func Tar(w io.Writer, dir string) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || file == dir {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		return tarOne(t, file, filepath.ToSlash(name), e)
	})
	if err == nil {
		err = errors.Join(t.Close(), z.Close())
	}
	return err
}

func tarOne(t *tar.Writer, file, name string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	switch {
	case info.IsDir():
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, name+"/", 0o755
	case info.Mode()&fs.ModeSymlink != 0:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = os.Readlink(file); err != nil {
			return err
		}
	case info.Mode().IsRegular():
		h.Typeflag, h.Size = tar.TypeReg, info.Size()
		if info.Mode()&0o100 != 0 {
			h.Mode = 0o755
		}
	default:
		return fmt.Errorf("%s is neither a file, a directory nor a link", name)
	}
	if err := t.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	in, err := os.Open(file) //nolint:gosec // below our own work directory
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	_, err = io.Copy(t, in)
	return err
}

// Untar writes what a gzipped tar file holds to dir, which must exist. No file
// is written outside dir. Links may point anywhere, as those of a Python
// environment to its interpreter do.
func Untar(r io.Reader, dir string, limits Limits) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return invalid("not a gzipped tar file: %v", err)
	}
	root, err := os.OpenRoot(dir) // refuses paths that lead out, also through links
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // only a directory handle
	t := tar.NewReader(z)
	left := limits.Bytes
	for files := 0; ; files++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return invalid("not a gzipped tar file: %v", err)
		}
		if files >= limits.Files {
			return invalid("it has more than %d files", limits.Files)
		}
		if left, err = untarOne(root, h, t, left, limits); err != nil {
			return err
		}
	}
}

func untarOne(root *os.Root, h *tar.Header, t io.Reader, left int64, limits Limits) (int64, error) {
	path := filepath.Clean(strings.TrimPrefix(h.Name, "./"))
	switch {
	case path == ".":
		return left, nil
	case !filepath.IsLocal(path) || strings.ContainsRune(path, 0):
		return left, invalid("path %q leads out of the archive", h.Name)
	}
	if err := root.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return left, notAcceptable(path, err)
	}
	var err error
	switch h.Typeflag {
	case tar.TypeDir:
		err = root.MkdirAll(path, 0o755)
	case tar.TypeReg:
		return writeSized(root, path, h, t, left, limits)
	case tar.TypeSymlink:
		err = root.Symlink(h.Linkname, path)
	case tar.TypeLink:
		err = root.Link(filepath.Clean(strings.TrimPrefix(h.Linkname, "./")), path)
	case tar.TypeXGlobalHeader:
	default:
		return left, invalid("%q is neither a file, a directory nor a link", h.Name)
	}
	if err != nil {
		return left, notAcceptable(path, err)
	}
	return left, nil
}

// writeSized writes a file whose size is known, if there is space for it.
func writeSized(root *os.Root, path string, h *tar.Header, t io.Reader, left int64, limits Limits) (int64, error) {
	if err := limits.fits(h.Size); err != nil {
		return left, err
	}
	return write(root, path, h.FileInfo().Mode(), t, left, limits)
}
