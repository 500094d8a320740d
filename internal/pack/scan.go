package pack

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// IgnoreFile names, at the top of a source, what is not packed.
const IgnoreFile = ".ephemrignore"

// scan finds the files of a source. Everything is opened through an os.Root,
// which follows symbolic links but lets none lead out of the source.
func scan(source string, o Options) (*Package, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, plain(err)
	}
	s := &scanner{opts: o, pkg: &Package{Source: source, base: source}}
	if info.IsDir() {
		err = s.tree(source)
	} else {
		s.pkg.base = filepath.Dir(source)
		err = s.add(filepath.Base(source), info)
	}
	if err != nil {
		return nil, err
	}
	if len(s.pkg.files) == 0 {
		return nil, errors.New("no files there, or all are ignored; add the program or mend " + IgnoreFile)
	}
	slices.SortFunc(s.pkg.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	for _, f := range s.pkg.files {
		s.pkg.Files = append(s.pkg.Files, f.name)
	}
	return s.pkg, nil
}

type scanner struct {
	opts   Options
	pkg    *Package
	root   *os.Root
	ignore ignore
	above  []fs.FileInfo // the directories that lead to the current one
}

func (s *scanner) tree(source string) error {
	root, err := os.OpenRoot(source)
	if err != nil {
		return plain(err)
	}
	defer root.Close() //nolint:errcheck // only read from
	s.root = root
	text, err := root.ReadFile(IgnoreFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", IgnoreFile, plain(err))
	}
	if s.ignore, err = parseIgnore(string(text)); err != nil {
		return err
	}
	return s.dir(".")
}

func (s *scanner) dir(name string) error {
	info, err := s.root.Stat(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, plain(err))
	}
	if slices.ContainsFunc(s.above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
		return fmt.Errorf("%s: a symbolic link to a directory above it; remove it or add it to %s", name, IgnoreFile)
	}
	s.above = append(s.above, info)
	entries, err := fs.ReadDir(s.root.FS(), name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, plain(err))
	}
	for _, e := range entries {
		if err := s.entry(path.Join(name, e.Name())); err != nil {
			return err
		}
	}
	s.above = s.above[:len(s.above)-1]
	return nil
}

func (s *scanner) entry(name string) error {
	if s.ignore.matches(name, false) && s.ignore.matches(name, true) {
		return nil // whatever it is; so a broken link can be ignored
	}
	info, err := s.root.Stat(name)
	if err != nil {
		return s.explain(name, err)
	}
	switch {
	case s.ignore.matches(name, info.IsDir()):
		return nil
	case info.IsDir():
		return s.dir(name)
	default:
		return s.add(name, info)
	}
}

// explain tells a link that leads out of the source from other trouble.
func (s *scanner) explain(name string, err error) error {
	if link, e := s.root.Lstat(name); e == nil && link.Mode()&fs.ModeSymlink != 0 {
		target, _ := s.root.Readlink(name)
		if filepath.IsAbs(target) {
			return fmt.Errorf("%s: a symbolic link to the absolute path %s; make it relative or add it to %s", name, target, IgnoreFile)
		}
		return fmt.Errorf("%s: a symbolic link to %s, which is not inside the source; copy it there or add the link to %s", name, target, IgnoreFile)
	}
	return fmt.Errorf("%s: %w", name, plain(err))
}

func (s *scanner) add(name string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: neither a file nor a directory; add it to %s", name, IgnoreFile)
	case !utf8.ValidString(name) || strings.ContainsAny(name, "\\\r\n"):
		return fmt.Errorf("%q: a name that other systems cannot hold; rename it", name)
	}
	p := s.pkg
	p.files = append(p.files, file{name: name, size: info.Size(), executable: info.Mode()&0o100 != 0})
	p.Bytes += info.Size()
	if n := s.opts.MaxFiles; len(p.files) > n {
		return fmt.Errorf("more than %d files; name in %s what is no part of the program", n, IgnoreFile)
	}
	if n := s.opts.MaxBytes; p.Bytes > n {
		big := slices.MaxFunc(p.files, func(a, b file) int { return cmp.Compare(a.size, b.size) })
		return fmt.Errorf("more than %d bytes, of which %s has %d; put data into S3, or name it in %s", n, big.name, big.size, IgnoreFile)
	}
	return nil
}

// plain strips the path from an error of the file system: the caller names it.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
