// Package pack builds a package from a job's source: a zip whose bytes depend
// only on names, contents and executable bits, so that the same source has
// the same digest on every machine.
package pack

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"ephemr/internal/pipeline"
)

// The bounds of a package unless Options say otherwise.
const (
	DefaultMaxBytes = 500 << 20 // before compression
	DefaultMaxFiles = 10_000
)

// Options add files to a package and limit its size.
type Options struct {
	Project  string   // root that Include is relative to
	Include  []string // files and directories of the project, slash-separated; they keep their path below it
	MaxBytes int64    // before compression; 0 = DefaultMaxBytes
	MaxFiles int      // 0 = DefaultMaxFiles
	Progress Progress
}

// Progress is called with the number of bytes read so far and in total; may be nil.
type Progress func(done, all int64)

// Package is a source that has been read once: its digest is known. A small one
// is kept in memory, and WriteTo reads a large one again: so no package takes
// much memory, or a temporary file.
type Package struct {
	Source string   // as given to Build
	Files  []string // slash-separated, sorted
	Bytes  int64    // of all files, before compression
	SHA256 string   // hex, of the zip
	Size   int64    // of the zip, in bytes

	own    []string // those of Files that are the source's, not included
	single bool     // the source is a file
	files  []file
	dirs   []string // without files, so that the zip has to name them
	kept   []byte   // the zip, nil if it is larger than keep
}

// keep is the size up to which a zip is kept in memory, in bytes.
const keep = 16 << 20

// file is a file to be packed.
type file struct {
	base, path string // directory that it is read from, and its path there
	name       string // in the package
	size       int64
	executable bool
}

// Build reads source, a directory or a file, and what it includes. It leaves out
// .git, __pycache__, *.pyc, .DS_Store and what .ephemrignore names.
func Build(source string, o Options) (*Package, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxFiles == 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	p, err := scan(source, o)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", source, err)
	}
	digest, size, small := sha256.New(), &counter{}, &memory{}
	if err := p.write(io.MultiWriter(digest, size, small), o.Progress); err != nil {
		return nil, fmt.Errorf("pack %s: %w", source, err)
	}
	p.SHA256, p.Size, p.kept = hex.EncodeToString(digest.Sum(nil)), size.n, small.data
	return p, nil
}

// Key is the key of the package in the artifacts bucket.
func (p *Package) Key() string { return "packages/" + p.SHA256 + ".zip" }

// Ref returns the reference that a pipeline stores.
func (p *Package) Ref() pipeline.Package {
	return pipeline.Package{Key: p.Key(), SHA256: p.SHA256, Size: p.Size}
}

// WriteTo writes the zip. If the files have changed since Build, it returns an
// error after the last byte.
func (p *Package) WriteTo(w io.Writer) (int64, error) {
	if p.kept != nil {
		n, err := w.Write(p.kept)
		return int64(n), err //nolint:wrapcheck // the caller of WriteTo knows w
	}
	digest, size := sha256.New(), &counter{}
	if err := p.write(io.MultiWriter(w, digest, size), nil); err != nil {
		return size.n, fmt.Errorf("pack %s: %w", p.Source, err)
	}
	if hex.EncodeToString(digest.Sum(nil)) != p.SHA256 {
		return size.n, fmt.Errorf("pack %s: %w", p.Source, errChanged)
	}
	return size.n, nil
}

var errChanged = fmt.Errorf("files changed while they were read; try again after the writes have finished")

// epoch is the time of every file: the first that a zip can hold.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *Package) write(w io.Writer, progress Progress) error {
	from := roots{}
	defer from.close()
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, new(deflater).start)
	if progress != nil {
		progress(0, p.Bytes)
	}
	done := int64(0)
	for _, f := range p.files {
		root, err := from.open(f.base)
		if err == nil {
			err = add(z, root, f)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, plain(err))
		}
		if done += f.size; progress != nil {
			progress(done, p.Bytes)
		}
	}
	for _, dir := range p.dirs {
		h := &zip.FileHeader{Name: dir + "/", Modified: epoch}
		h.SetMode(fs.ModeDir | 0o755)
		if _, err := z.CreateHeader(h); err != nil {
			return err
		}
	}
	return z.Close()
}

// deflater compresses one file after the other with the same memory, which is
// close to a megabyte.
type deflater struct{ w *flate.Writer }

func (d *deflater) start(w io.Writer) (io.WriteCloser, error) {
	if d.w != nil {
		d.w.Reset(w)
		return d.w, nil
	}
	var err error
	d.w, err = flate.NewWriter(w, flate.DefaultCompression)
	return d.w, err
}

// roots are the directories that files are read from.
type roots map[string]*os.Root

func (r roots) open(dir string) (*os.Root, error) {
	if r[dir] == nil {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		r[dir] = root
	}
	return r[dir], nil
}

func (r roots) close() {
	for _, root := range r {
		_ = root.Close() // only read from
	}
}

func add(z *zip.Writer, root *os.Root, f file) error {
	in, err := root.Open(f.path)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read from
	h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: epoch}
	h.SetMode(0o644)
	if f.executable {
		h.SetMode(0o755)
	}
	out, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, f.size+1))
	if err == nil && n != f.size {
		return errChanged
	}
	return err
}

// memory keeps what is written as long as it is small.
type memory struct {
	data  []byte
	large bool
}

func (m *memory) Write(p []byte) (int, error) {
	if m.large = m.large || len(m.data)+len(p) > keep; m.large {
		m.data = nil
	} else {
		m.data = append(m.data, p...)
	}
	return len(p), nil
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
