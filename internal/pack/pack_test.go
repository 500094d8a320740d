package pack_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ephemr/internal/pack"
	"ephemr/internal/pipeline"

	"github.com/google/go-cmp/cmp"
)

// tree writes files, whose names end in "*" when they are executable.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for key, content := range files {
		name, executable := strings.CutSuffix(key, "*")
		file, mode := filepath.Join(dir, filepath.FromSlash(name)), fs.FileMode(0o600)
		if executable {
			mode = 0o700
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func build(t *testing.T, source string) *pack.Package {
	t.Helper()
	p, err := pack.Build(source, pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var program = map[string]string{
	"main.py":        "print('hello')\n",
	"lib/tables.py":  strings.Repeat("x = 1\n", 1000),
	"bin/fetch.sh*":  "#!/bin/bash\n",
	"conf/größe.txt": "ä",
}

// The digest is a constant: it must not depend on the machine, the time, the
// umask or the order of writing. When a new Go compresses otherwise, packages
// get new addresses, which costs an upload and nothing else: change it here.
func TestBuildIsDeterministic(t *testing.T) {
	t.Parallel()
	const want = "ff0f7af707146eb602d13a2082dfa74bd28ce5f287333b0bc7685fe4f3db8009"

	first := tree(t, program)
	second := tree(t, program)
	err := filepath.WalkDir(second, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o444) // as another umask would have it
		if info, err := d.Info(); err != nil || info.Mode()&0o100 != 0 {
			mode = 0o777
		}
		past := time.Date(2001, 2, 3, 4, 5, 6, 7, time.Local)
		return errors.Join(os.Chmod(file, mode), os.Chtimes(file, past, past)) //nolint:gosec // a test's own directory
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{first, second} {
		if p := build(t, dir); p.SHA256 != want {
			t.Errorf("digest %s, want %s", p.SHA256, want)
		}
	}

	if err := os.Chmod(filepath.Join(second, "main.py"), 0o755); err != nil { //nolint:gosec // executable on purpose
		t.Fatal(err)
	}
	if p := build(t, second); p.SHA256 == want {
		t.Error("the executable bit makes no difference")
	}
}

func TestWriteTo(t *testing.T) {
	t.Parallel()
	dir := tree(t, program)
	p := build(t, dir)

	var b bytes.Buffer
	n, err := p.WriteTo(&b)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	ref := pipeline.Package{Key: "packages/" + hex.EncodeToString(sum[:]) + ".zip", SHA256: hex.EncodeToString(sum[:]), Size: n}
	if diff := cmp.Diff(ref, p.Ref()); diff != "" {
		t.Errorf("Ref (-of the bytes +of the package):\n%s", diff)
	}

	type entry struct {
		Name, Mode, Time string
	}
	var got []entry
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), n)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		got = append(got, entry{f.Name, f.Mode().String(), f.Modified.UTC().Format(time.DateOnly)})
	}
	want := []entry{
		{"bin/fetch.sh", "-rwxr-xr-x", "1980-01-01"},
		{"conf/größe.txt", "-rw-r--r--", "1980-01-01"},
		{"lib/tables.py", "-rw-r--r--", "1980-01-01"},
		{"main.py", "-rw-r--r--", "1980-01-01"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("zip (-want +got):\n%s", diff)
	}
}

// What has changed since it was read does not go out under the old digest: a
// small package goes as it was, a large one is an error.
func TestWriteToAfterAChange(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 17<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise) // never fails
	for size, large := range map[int]bool{10: false, len(noise): true} {
		dir := tree(t, program)
		write(t, dir, map[string]string{"noise": string(noise[:size])})
		p := build(t, dir)
		write(t, dir, map[string]string{"main.py": "print('hallo')\n"})
		var b bytes.Buffer
		_, err := p.WriteTo(&b)
		sum := sha256.Sum256(b.Bytes())
		switch {
		case large && (err == nil || !strings.Contains(err.Error(), "changed")):
			t.Errorf("large: %v", err)
		case !large && (err != nil || hex.EncodeToString(sum[:]) != p.SHA256):
			t.Errorf("small: %v, %x of %s", err, sum, p.SHA256)
		}
	}
}

func TestBuildFile(t *testing.T) {
	t.Parallel()
	dir := tree(t, program)
	p := build(t, filepath.Join(dir, "lib", "tables.py"))
	if diff := cmp.Diff([]string{"tables.py"}, p.Files); diff != "" {
		t.Error(diff)
	}
}

// A directory without files, or whose files are all ignored, is packed: the
// program may write to it.
func TestBuildEmptyDirectories(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"run.sh": "", "out/kept/.DS_Store": "", "logs/a.log": "", pack.IgnoreFile: "*.log\n"})
	for _, empty := range []string{"tmp", "a/b", ".git/refs"} {
		if err := os.MkdirAll(filepath.Join(dir, empty), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"run.sh": "", "out/kept/": "", "logs/": "", "tmp/": "", "a/b/": ""}
	if diff := cmp.Diff(want, contents(t, build(t, dir))); diff != "" {
		t.Errorf("zip (-want +got):\n%s", diff)
	}
}

func TestBuildIgnores(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"main.py": "", ".git/config": "", "lib/__pycache__/a.pyc": "", "lib/a.pyc": "", ".DS_Store": "",
		"data/big.csv": "", "lib/data": "a file", "notes": "", "lib/notes": "", "docs/a.md": "", "docs/a.txt": "",
		"x.csv": "", "lib/keep.csv": "", "a/b/c/tmp/x": "", "tmp1": "", "lib/[x]": "",
		pack.IgnoreFile: "# data\r\n\n*.csv\ndata/\n/notes\ndocs/*.md\n**/tmp\n!keep.csv\ntmp[0-9]\n!.git\n",
	})
	want := []string{"docs/a.txt", "lib/[x]", "lib/data", "lib/keep.csv", "lib/notes", "main.py"}
	if diff := cmp.Diff(want, build(t, dir).Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestBuildLinks(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"secret": "x"})
	relative := func(dir string) string {
		r, err := filepath.Rel(dir, outside)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	tests := []struct {
		name, link string
		target     func(dir string) string
		want       string // in the error; "" = the link is packed
	}{
		{name: "to a file inside", link: "link.py", target: func(string) string { return "lib/a.py" }},
		{name: "to a directory inside", link: "copy", target: func(string) string { return "lib" }},
		{name: "up and inside again", link: "lib/b.py", target: func(string) string { return "../main.py" }},
		{name: "outside", link: "link", target: relative, want: "is not inside the source"},
		{name: "to a file outside", link: "link", target: func(d string) string { return relative(d) + "/secret" }, want: "is not inside the source"},
		{name: "absolute", link: "link", target: func(string) string { return outside }, want: "absolute path"},
		{name: "to nothing", link: "link", target: func(string) string { return "nowhere" }, want: "is not inside the source"},
		{name: "in a circle", link: "lib/up", target: func(string) string { return ".." }, want: "a directory above it"},
		{name: "to itself", link: "self", target: func(string) string { return "self" }, want: "self"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, map[string]string{"main.py": "", "lib/a.py": "a"})
			if err := os.Symlink(tt.target(dir), filepath.Join(dir, tt.link)); err != nil {
				t.Fatal(err)
			}
			p, err := pack.Build(dir, pack.Options{})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Build: %v, want %q", err, tt.want)
				}
				write(t, dir, map[string]string{pack.IgnoreFile: tt.link})
				build(t, dir)
				return
			}
			if err != nil || len(p.Files) != 3 {
				t.Errorf("files %v, error %v", p, err)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files map[string]string
		opts  pack.Options
		want  string
	}{
		{name: "nothing", want: "no files there"},
		{name: "nothing but what is ignored", files: map[string]string{"a.csv": "", pack.IgnoreFile: "*"}, want: "no files there"},
		{name: "too many files", files: map[string]string{"a": "", "b": "", "c": ""}, opts: pack.Options{MaxFiles: 2}, want: "more than 2 files; list in .ephemrignore"},
		{name: "too many bytes", files: map[string]string{"a": "123", "b.csv": "12345"}, opts: pack.Options{MaxBytes: 7}, want: "more than 7 bytes, of which b.csv has 5"},
		{name: "bad pattern", files: map[string]string{"a": "", pack.IgnoreFile: "ok\n[a\n"}, want: `.ephemrignore:2: invalid pattern "[a"`},
		{name: "unclosed class", files: map[string]string{"a": "", pack.IgnoreFile: "!x[[:alpha:]\n"}, want: `.ephemrignore:1: invalid pattern "!x[[:alpha:]"`},
		{name: "unknown class", files: map[string]string{"a": "", pack.IgnoreFile: "[[:letter:]]\n"}, want: `.ephemrignore:1: invalid pattern "[[:letter:]]"`},
		{name: "trailing backslash", files: map[string]string{"a": "", pack.IgnoreFile: "a\\\n"}, want: `.ephemrignore:1: invalid pattern "a\\"`},
		{name: "odd name", files: map[string]string{"a\\b": ""}, want: "rename it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, tt.files)
			_, err := pack.Build(dir, tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "pack "+dir+": ") {
				t.Errorf("Build: %v, want %q", err, tt.want)
			}
		})
	}

	_, err := pack.Build("testdata/nowhere", pack.Options{})
	if want := "pack testdata/nowhere: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("Build: %v, want %s", err, want)
	}
}

// TestBuildLarge holds that a package that does not compress comes through.
func TestBuildLarge(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 5<<20)
	random := rand.NewChaCha8([32]byte{1})
	if _, err := random.Read(noise); err != nil {
		t.Fatal(err)
	}
	p := build(t, tree(t, map[string]string{"app.jar": string(noise)}))
	if p.Bytes != int64(len(noise)) || p.Size < p.Bytes {
		t.Errorf("%d bytes became %d", p.Bytes, p.Size)
	}
}
