package runner_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/runner"
	"ephemr/internal/runner/disk"
)

// tarball is an environment with a file of size bytes, which compress well.
func tarball(t *testing.T, size int) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	err := w.WriteHeader(&tar.Header{Name: "bin/python", Mode: 0o755, Size: int64(size), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = w.Write(make([]byte, size))
	}
	if err != nil || w.Close() != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What does not fit is refused before it fills the disk, and says so.
func TestPackageDoesNotFit(t *testing.T) {
	t.Parallel()
	const room = 2 << 20
	tests := map[string]struct {
		files map[string]string
		fits  bool
	}{
		"small":                {map[string]string{"run.sh": "exit 0"}, true},
		"large package":        {map[string]string{"run.sh": "exit 0", "data": strings.Repeat("x", 3<<20)}, false},
		"large environment":    {map[string]string{"run.sh": "exit 0", "venv.tar.gz": tarball(t, 3<<20)}, false},
		"large download":       {map[string]string{"run.sh": "exit 0", "data": noise(3 << 20)}, false},
		"fitting environment":  {map[string]string{"run.sh": "exit 0", "venv.tar.gz": tarball(t, 1<<20)}, true},
		"large package, stays": {map[string]string{"run.sh": "exit 0", "data": strings.Repeat("x", 1<<20)}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			most := int64(0)
			b.Disk = func(string) (disk.Space, error) {
				used := usage(b.Home)
				most = max(most, used)
				return disk.Space{Free: room - used}, nil
			}
			code, res := b.run(t.Context(), b.spec(job.Bash, tt.files))
			if tt.fits {
				if code != 0 {
					t.Errorf("exit %d, %+v", code, res)
				}
				return
			}
			if code != 64 || res.Class != job.ClassInvalid || !strings.Contains(res.Reason, "does not fit: 3.0 MiB more would be written to "+b.Home) ||
				!strings.Contains(res.Reason, " MiB can be used") {
				t.Errorf("exit %d, %+v", code, res)
			}
			if most > room {
				t.Errorf("%d bytes were written", most)
			}
		})
	}
}

// noise does not compress.
func noise(size int) string {
	text := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(text)
	return string(text)
}

func usage(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

func TestHome(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if got := runner.Home("/opt/x", data); got != "/opt/x" {
		t.Error(got)
	}
	if got := runner.Home("", data); got != data {
		t.Error(got)
	}
	if got := runner.Home("", filepath.Join(data, "none")); got != "" {
		t.Error(got)
	}
}
