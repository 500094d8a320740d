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

// IgnoreFile is the name of the file, at the top of a source or of an included
// directory, that lists what is not packed.
const IgnoreFile = ".ephemrignore"

// scan finds the files of a source and those that are included.
func scan(source string, o Options) (*Package, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, plain(err)
	}
	s := &scanner{opts: o, pkg: &Package{Source: source}, names: map[string]file{}}
	base, name := source, "."
	if !info.IsDir() {
		base, name = filepath.Split(source)
		base, s.pkg.single = cmp.Or(base, "."), true
	}
	if err := s.read(base, name, "source"); err != nil {
		return nil, err
	}
	if len(s.pkg.files) == 0 {
		return nil, errors.New("no files there, or all are ignored; add the program or correct " + IgnoreFile)
	}
	for _, f := range s.pkg.files {
		s.pkg.own = append(s.pkg.own, f.name)
	}
	slices.Sort(s.pkg.own)
	for _, name := range o.Include {
		if err := s.include(name); err != nil {
			return nil, fmt.Errorf("include %s: %w", name, err)
		}
	}
	slices.Sort(s.pkg.dirs)
	slices.SortFunc(s.pkg.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	for _, f := range s.pkg.files {
		s.pkg.Files = append(s.pkg.Files, f.name)
	}
	return s.pkg, nil
}

// scanner walks a tree. Everything is opened through an os.Root, which follows
// symbolic links unless they lead out of it.
type scanner struct {
	opts  Options
	pkg   *Package
	names map[string]file // what the package has, files and directories alike

	root   *os.Root
	base   string // where root is
	place  string // name of base in messages
	top    string // of the tree, in root
	ignore ignore
	above  []fs.FileInfo // the directories that lead to the current one
}

// read adds the file or directory name below base; place names base in messages.
func (s *scanner) read(base, name, place string) error {
	root, err := os.OpenRoot(base)
	if err != nil {
		return plain(err)
	}
	defer root.Close() //nolint:errcheck // only read from
	s.root, s.base, s.place, s.top, s.above, s.ignore = root, base, place, name, nil, nil
	info, err := root.Stat(name)
	if err != nil {
		return s.explain(name, err)
	}
	if !info.IsDir() {
		return s.add(name, info)
	}
	text, err := root.ReadFile(path.Join(name, IgnoreFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", IgnoreFile, plain(err))
	}
	if s.ignore, err = parseIgnore(string(text)); err != nil {
		return err
	}
	return s.dir(name)
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
	before := len(s.names)
	for _, e := range entries {
		if err := s.entry(path.Join(name, e.Name())); err != nil {
			return err
		}
	}
	if len(s.names) == before && name != "." {
		if err := s.empty(name); err != nil {
			return err
		}
	}
	s.above = s.above[:len(s.above)-1]
	return nil
}

func (s *scanner) entry(name string) error {
	below := name // the tree's top, which patterns are about
	if s.top != "." {
		below = strings.TrimPrefix(name, s.top+"/")
	}
	if s.ignore.matches(below, false) && s.ignore.matches(below, true) {
		return nil // whatever it is; so a broken link can be ignored
	}
	info, err := s.root.Stat(name)
	if err != nil {
		return s.explain(name, err)
	}
	switch {
	case s.ignore.matches(below, info.IsDir()):
		return nil
	case info.IsDir():
		return s.dir(name)
	default:
		return s.add(name, info)
	}
}

// empty adds a directory without files, which the program may want to write to.
func (s *scanner) empty(name string) error {
	other, taken := s.names[name]
	switch {
	case !valid(name):
		return invalidName(name)
	case taken && other.name != "":
		return fmt.Errorf("%s is a directory here but already a file in the package; rename one", name)
	case taken:
		return nil // of the source, and included
	}
	s.names[name] = file{}
	s.pkg.dirs = append(s.pkg.dirs, name)
	return s.claimAbove(name)
}

// explain describes err; a link that leads out of the source has its own message.
func (s *scanner) explain(name string, err error) error {
	if link, e := s.root.Lstat(name); e == nil && link.Mode()&fs.ModeSymlink != 0 {
		target, _ := s.root.Readlink(name)
		if filepath.IsAbs(target) {
			return fmt.Errorf("%s: a symbolic link to the absolute path %s; make it relative or add it to %s", name, target, IgnoreFile)
		}
		return fmt.Errorf("%s: a symbolic link to %s, which is not inside the %s; copy it there or add the link to %s", name, target, s.place, IgnoreFile)
	}
	return fmt.Errorf("%s: %w", name, plain(err))
}

func valid(name string) bool { return utf8.ValidString(name) && !strings.ContainsAny(name, "\\\r\n") }

func invalidName(name string) error {
	return fmt.Errorf("%q: the name is not valid on other systems; rename it", name)
}

func (s *scanner) add(name string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: neither a file nor a directory; add it to %s", name, IgnoreFile)
	case !valid(name):
		return invalidName(name)
	}
	f := file{base: s.base, path: name, name: name, size: info.Size(), executable: info.Mode()&0o100 != 0}
	if known, err := s.claim(f); known || err != nil {
		return err
	}
	p := s.pkg
	p.files = append(p.files, f)
	p.Bytes += info.Size()
	if n := s.opts.MaxFiles; len(p.files) > n {
		return fmt.Errorf("more than %d files; list in %s those that do not belong to the program", n, IgnoreFile)
	}
	if n := s.opts.MaxBytes; p.Bytes > n {
		big := slices.MaxFunc(p.files, func(a, b file) int { return cmp.Compare(a.size, b.size) })
		return fmt.Errorf("more than %d bytes, of which %s has %d; move data to S3, or list it in %s", n, big.name, big.size, IgnoreFile)
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
