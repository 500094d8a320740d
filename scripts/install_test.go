package scripts_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One line installs what the checksums list, and nothing else.
func TestInstall(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no sh")
	}
	for name, tt := range map[string]struct {
		parts, fault string
		want         []string
		fails        string
	}{
		"all":                    {want: []string{"ephemr", "ephemr-stack_v1.2.3_" + platform() + ".tar.gz"}},
		"the command line alone": {parts: "cli", want: []string{"ephemr"}},
		"a changed archive":      {fault: "changed", fails: "ephemr_v1.2.3_" + platform() + ".tar.gz is not what checksums.txt says; nothing was installed"},
		"an unlisted archive":    {fault: "unlisted", fails: "checksums.txt does not list ephemr_v1.2.3_" + platform() + ".tar.gz"},
		"no archive":             {fault: "missing", fails: "install: download http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.FileServer(http.Dir(publish(t, tt.fault))))
			defer server.Close()
			bin := filepath.Join(t.TempDir(), "bin")
			if len(tt.want) > 0 {
				write(t, filepath.Join(bin, "ephemr-stack_v1.2.2_old.tar.gz"), "before") // of the version before
			}
			out, err := install(t, server.URL, bin, tt.parts)
			if (err != nil) != (tt.fails != "") || !strings.Contains(out, tt.fails) {
				t.Fatalf("%v, want %q:\n%s", err, tt.fails, out)
			}
			entries, _ := os.ReadDir(bin)
			var got []string
			for _, e := range entries {
				got = append(got, e.Name())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("installed (-want +got):\n%s", diff)
			}
			if tt.fails == "" && !strings.Contains(out, "this is the release") {
				t.Errorf("ephemr version was not run:\n%s", out)
			}
		})
	}
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

// install runs the script as a release contains it, from its input.
func install(t *testing.T, release, bin, parts string) (string, error) {
	t.Helper()
	script, err := os.ReadFile("install.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(script, []byte("@VERSION@"), []byte("v1.2.3")))
	cmd.Env = append(os.Environ(), "EPHEMR_RELEASE="+release, "EPHEMR_BIN="+bin, "EPHEMR_PARTS="+parts, "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// publish writes a release into a folder, with a fault.
func publish(t *testing.T, fault string) string {
	t.Helper()
	dir := t.TempDir()
	cli, stack := "ephemr_v1.2.3_"+platform(), "ephemr-stack_v1.2.3_"+platform()+".tar.gz"
	files := map[string]string{cli + ".tar.gz": archive(t, cli+"/ephemr", "#!/bin/sh\necho this is the release\n"), stack: "functions"}
	var sums []string
	for file, content := range files {
		if fault != "unlisted" || file == stack {
			sums = append(sums, fmt.Sprintf("%x  %s", sha256.Sum256([]byte(content)), file))
		}
		if fault == "changed" {
			content += "x"
		}
		if fault != "missing" {
			write(t, filepath.Join(dir, file), content)
		}
	}
	slices.Sort(sums)
	write(t, filepath.Join(dir, "checksums.txt"), strings.Join(sums, "\n")+"\n")
	return dir
}

func archive(t *testing.T, name, content string) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	for _, closing := range []func() error{func() error { _, err := w.Write([]byte(content)); return err }, w.Close, zipped.Close} {
		if err := closing(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
