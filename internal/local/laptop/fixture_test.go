package laptop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"ephemr/internal/local/laptop"
	"ephemr/internal/processtree"
)

// root is the checkout, seen from this package.
const root = "../../.."

// built is where the tests' localemr is built, once.
var built string

var localEMR = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(built, "localemr")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "ephemr/cmd/localemr").CombinedOutput() //nolint:gosec // the temporary directory above
	if err != nil {
		return "", fmt.Errorf("build localemr: %w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if built, err = os.MkdirTemp("", "laptop"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(built) }()
	return m.Run()
}

// options are those of a region of the test's own, which is down when it ends.
func options(t *testing.T) laptop.Options {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	if _, err := os.Stat(filepath.Join(root, ".tools/venv/bin/python")); err != nil {
		t.Skipf("scripts/setup brings the emulator: %v", err)
	}
	binary, err := localEMR()
	if err != nil {
		t.Fatal(err)
	}
	o := laptop.Options{Root: root, Dir: t.TempDir(), LocalEMR: binary, Grace: 2 * time.Second}
	t.Cleanup(func() {
		if err := laptop.Down(context.WithoutCancel(t.Context()), o); err != nil {
			t.Error(err)
		}
	})
	return o
}

func up(t *testing.T, o laptop.Options) *laptop.Region {
	t.Helper()
	r, err := laptop.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// process is a part of region.json.
type process struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	PID     int    `json:"pid"`
	Started int64  `json:"started"`
}

type record struct {
	Emulator process `json:"emulator"`
	LocalEMR process `json:"localemr"`
}

func readRecord(t *testing.T, dir string) record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "region.json")) //nolint:gosec // of the test
	if err != nil {
		t.Fatal(err)
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func writeRecord(t *testing.T, dir string, r record) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "region.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// child returns the child of a stranger, whose environment shows nothing.
func child(t *testing.T, parent int) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if below := processtree.Below(processtree.All(), parent); len(below) == 1 && len(below[0].Environ()) == 0 {
			return below[0].PID
		}
	}
	t.Fatal("a stranger has no child")
	return 0
}

// stranger starts a process that is none of the region's, unless env says so, with
// a child that has no environment.
func stranger(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "env -i sleep 60; exit 0")
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// gone waits until a process that was killed has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); laptop.Created(pid) != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}
