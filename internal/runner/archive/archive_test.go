package archive_test

import (
	"archive/zip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/runner/archive"
)

// entry is one entry of a zip that a test writes.
type entry struct {
	name, text string
	mode       fs.FileMode
}

func write(t *testing.T, entries []entry) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "p.zip")
	f, err := os.Create(name) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

// tree lists what lies under dir: mode, path and text.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // in a temporary directory
		rel, _ := filepath.Rel(dir, path)
		all = append(all, info.Mode().String()+" "+rel+" "+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var limits = archive.Limits{Files: 10, Bytes: 100}

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := archive.Unpack(write(t, []entry{
		{name: "libs/", mode: fs.ModeDir | 0o755},
		{name: "run.sh", text: "run", mode: 0o755},
		{name: "deep/er/f", text: "f", mode: 0o640},
		{name: "read-only", text: "r", mode: 0o400},
		{name: "setuid", text: "s", mode: 0o755 | fs.ModeSetuid},
		{name: "no-mode", text: "n"},
		{name: "deep/link", text: "../run.sh", mode: fs.ModeSymlink | 0o777},
	}), dir, limits)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-rw-r----- deep/er/f f", "Lrwxrwxrwx deep/link run", "-rw-r--r-- no-mode n",
		"-r-------- read-only r", "-rwxr-xr-x run.sh run", "-rwxr-xr-x setuid s",
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	const link = fs.ModeSymlink | 0o777
	tests := map[string]struct {
		entries []entry
		want    string
	}{
		"parent":               {[]entry{{name: "../evil", text: "x"}}, "leads out"},
		"parent in the middle": {[]entry{{name: "a/../../evil", text: "x"}}, "leads out"},
		"absolute":             {[]entry{{name: "/tmp/evil", text: "x"}}, "leads out"},
		"backslashes":          {[]entry{{name: `..\evil`, text: "x"}}, "leads out"},
		"no name":              {[]entry{{name: "/", mode: fs.ModeDir | 0o755}}, "leads out"},
		"link out":             {[]entry{{name: "l", text: "../../evil", mode: link}}, "leads out of the package or nowhere"},
		"absolute link":        {[]entry{{name: "l", text: "/etc/passwd", mode: link}}, "leads out of the package or nowhere"},
		"dangling link":        {[]entry{{name: "l", text: "nothing", mode: link}}, "leads out of the package or nowhere"},
		"chain of links out": {[]entry{
			{name: "x/y/f", text: "x"},
			{name: "x/y/up", text: "../..", mode: link},
			{name: "out", text: "x/y/up/../..", mode: link},
		}, "leads out of the package or nowhere"},
		"file through a link": {[]entry{{name: "l", text: "..", mode: link}, {name: "l/evil", text: "x"}}, "duplicate entry"},
		"twice":               {[]entry{{name: "a", text: "1"}, {name: "a", text: "2"}}, "duplicate entry"},
		"file as directory":   {[]entry{{name: "a", text: "1"}, {name: "a/b", text: "2"}}, "duplicate entry"},
		"device":              {[]entry{{name: "d", mode: fs.ModeDevice | 0o600}}, "neither a file, a directory nor a link"},
		"bomb":                {[]entry{{name: "a", text: strings.Repeat("x", 60)}, {name: "b", text: strings.Repeat("x", 41)}}, "exceeds the limit"},
		"too many files":      {make([]entry, 11), "11 files are more than 10"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			dir := filepath.Join(parent, "deep", "package")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			err := archive.Unpack(write(t, tt.entries), dir, limits)
			if _, ok := errors.AsType[*archive.InvalidError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if found, _ := filepath.Glob(filepath.Join(parent, "*", "evil")); len(found) > 0 {
				t.Errorf("written outside: %v", found)
			}
		})
	}
}

// An error of the file system is none of the package, whatever its entries are called.
func TestUnpackFails(t *testing.T) {
	t.Parallel()
	long := "escapes" + strings.Repeat("x", 300)
	err := archive.Unpack(write(t, []entry{{name: long, text: "x"}}), t.TempDir(), limits)
	if _, ok := errors.AsType[*archive.InvalidError](err); ok || !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("error %v", err)
	}
}

func TestUnpackDamaged(t *testing.T) {
	t.Parallel()
	name := write(t, []entry{{name: "a", text: strings.Repeat("some text ", 9)}})
	whole, err := os.ReadFile(name) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	for i := 31; i < 45; i++ { // inside the compressed text
		b := append([]byte(nil), whole...)
		b[i] ^= 0xff
		bad := filepath.Join(t.TempDir(), "bad.zip")
		if err := os.WriteFile(bad, b, 0o600); err != nil { //nolint:gosec // in a temporary directory
			t.Fatal(err)
		}
		err := archive.Unpack(bad, t.TempDir(), limits)
		if _, ok := errors.AsType[*archive.InvalidError](err); !ok {
			t.Errorf("byte %d: %v", i, err)
		}
	}
}
