package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/runner/archive"
)

// A tree comes back as it was, and its archive does not depend on when and
// where it was made.
func TestTarAndUntar(t *testing.T) {
	t.Parallel()
	var archives [2]bytes.Buffer
	for i := range archives {
		dir := t.TempDir()
		for name, text := range map[string]string{"a.py": "a", "pkg/b.py": "b", "pkg/empty": "", "bin/tool": "tool"} {
			mode := os.FileMode(0o600)
			if strings.HasPrefix(name, "bin/") {
				mode = 0o700
			}
			file := filepath.Join(dir, name)
			past := time.Unix(int64(i+1)*1e9, 0)
			err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, []byte(text), mode), os.Chtimes(file, past, past))
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.Symlink("pkg/b.py", filepath.Join(dir, "link.py")), archive.Tar(&archives[i], dir)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0].Bytes(), archives[1].Bytes()) {
		t.Error("the same tree makes another archive")
	}
	dir := t.TempDir()
	if err := archive.Untar(&archives[0], dir, archive.Limits{Files: 100, Bytes: 100}); err != nil {
		t.Fatal(err)
	}
	want := []string{"-rw-r--r-- a.py a", "-rwxr-xr-x bin/tool tool", "Lrwxrwxrwx link.py b", "-rw-r--r-- pkg/b.py b", "-rw-r--r-- pkg/empty "}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

// tarOf is an archive whose files hold four bytes each.
func tarOf(t *testing.T, headers []tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range headers {
		err := w.WriteHeader(&h)
		if err == nil && h.Size > 0 {
			_, err = w.Write([]byte("text"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestUntarRefuses(t *testing.T) {
	t.Parallel()
	file := func(name string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: 4}
	}
	outside := t.TempDir()
	for name, tt := range map[string]struct {
		headers []tar.Header
		limits  archive.Limits
		want    string
	}{
		"a path above":        {headers: []tar.Header{file("../x")}, want: `path "../x" leads out`},
		"an absolute path":    {headers: []tar.Header{file("/etc/x")}, want: "leads out"},
		"through a link":      {headers: []tar.Header{{Name: "d", Typeflag: tar.TypeSymlink, Linkname: outside}, file("d/x")}, want: "leads out"},
		"a hard link outside": {headers: []tar.Header{{Name: "h", Typeflag: tar.TypeLink, Linkname: "../../etc/passwd"}}, want: "leads out"},
		"twice":               {headers: []tar.Header{file("a"), file("a")}, want: "duplicate entry"},
		"a device":            {headers: []tar.Header{{Name: "null", Typeflag: tar.TypeChar}}, want: "neither a file"},
		"too many files":      {headers: []tar.Header{file("a"), file("b")}, limits: archive.Limits{Files: 1, Bytes: 100}, want: "more than 1 files"},
		"too many bytes":      {headers: []tar.Header{file("a"), file("b")}, limits: archive.Limits{Files: 9, Bytes: 7}, want: "exceeds the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := tarOf(t, tt.headers)
			if tt.limits.Files == 0 {
				tt.limits = archive.Limits{Files: 9, Bytes: 100}
			}
			err := archive.Untar(b, t.TempDir(), tt.limits)
			if _, ok := errors.AsType[*archive.InvalidError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if left, _ := os.ReadDir(outside); len(left) > 0 {
				t.Errorf("outside: %v", left)
			}
		})
	}
	if err := archive.Untar(strings.NewReader("text"), t.TempDir(), archive.Limits{Files: 1, Bytes: 1}); err == nil || !strings.Contains(err.Error(), "not a gzipped tar file") {
		t.Errorf("got %v", err)
	}
}
