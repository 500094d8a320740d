package busy_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ephemr/internal/proof/executable"
	"ephemr/internal/runner/busy"
)

func never(t *testing.T) func(error) {
	return func(err error) { t.Errorf("warned: %v", err) }
}

func old(t *testing.T, file string) {
	t.Helper()
	then := time.Now().Add(-time.Hour)
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, then, then)); err != nil {
		t.Fatal(err)
	}
}

func fresh(file string) bool {
	info, err := os.Stat(file)
	return err == nil && time.Since(info.ModTime()) < 30*time.Minute
}

// until polls; the deadline is generous.
func until(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !check(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("gave up waiting until %s", what)
		}
	}
}

func TestKeepTouchesAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "isbusy")
	old(t, file)
	stop := busy.Keep(t.Context(), file, time.Millisecond, nil, never(t))
	for range 3 {
		until(t, "it is touched", func() bool { return fresh(file) })
		old(t, file)
	}
	stop()
	old(t, file)
	time.Sleep(5 * time.Millisecond)
	if fresh(file) {
		t.Error("touched after the stop")
	}
}

func TestKeepMakesTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "isbusy")
	defer busy.Keep(t.Context(), file, time.Hour, nil, never(t))()
	until(t, "it exists", func() bool { return fresh(file) })
}

func TestKeepOffEMR(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "metricscollector")
	busy.Keep(t.Context(), filepath.Join(dir, "isbusy"), time.Millisecond, nil, never(t))()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("made a directory")
	}
}

// asUser runs the test again as a user without rights, if this one is root.
func asUser(t *testing.T) (again bool) {
	t.Helper()
	if os.Getuid() != 0 {
		return false
	}
	dir, err := os.MkdirTemp("", "busy-") //nolint:usetesting // another user must reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, err := os.ReadFile(os.Args[0]) //nolint:gosec // this test
	name := filepath.Join(dir, "busy.test")
	if err := errors.Join(err, os.Chmod(dir, 0o777), executable.Write(name, string(binary)), os.Chmod(name, 0o755)); err != nil { //nolint:gosec // for another user
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, "-test.run=^"+t.Name()+"$") //nolint:gosec // this test
	cmd.Env, cmd.Dir = append(os.Environ(), "TMPDIR="+dir), dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return true
}

func TestKeepWithoutRights(t *testing.T) {
	t.Parallel()
	if asUser(t) {
		return
	}
	for name, sudo := range map[string]string{"sudo helps": `sleep 0.3; chmod 700 "$(dirname "$5")" && shift && exec "$@"`, "sudo wants a password": "exit 1", "no sudo": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, bin := t.TempDir(), t.TempDir()
			if sudo != "" {
				if err := executable.Write(filepath.Join(bin, "sudo"), "#!/bin/bash\n"+sudo+"\n"); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a directory must be searchable
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) //nolint:gosec // a directory must be searchable
			file := filepath.Join(dir, "isbusy")
			warned := make(chan error, 1)
			stop := busy.Keep(t.Context(), file, time.Millisecond, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}, func(err error) { warned <- err })
			defer stop()
			if name == "sudo helps" {
				if !fresh(file) {
					t.Error("not touched before the program starts")
				}
				return
			}
			if err := <-warned; !strings.Contains(err.Error(), "EMR may end this cluster as idle") {
				t.Error(err)
			}
			if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory must be searchable
				t.Fatal(err)
			}
			until(t, "it is touched after all", func() bool { return fresh(file) })
		})
	}
}
