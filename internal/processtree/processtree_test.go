package processtree_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/processtree"
)

// start runs a command that reads its stdin until the test ends.
func start(t *testing.T, argv ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...) //nolint:gosec // fixed
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	return cmd
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("gave up waiting until %s", what)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for want, argv := range map[string][]string{
		"cat":        {"cat", "-", "--", "/dev/null"},
		"bash":       {"bash", "-c", "read token", "--password=secret"},
		"cat stdin":  {"cat", "/dev/stdin"},
		"bash stdin": {"bash", "/dev/stdin", "secret"},
		"tee":        {"tee", "/dev/null?password=secret"}, // cannot be opened, and reads on
	} {
		cmd := start(t, argv...)
		p := processtree.Process{PID: cmd.Process.Pid}
		eventually(t, want+" has begun", func() bool { return strings.HasPrefix(p.Name(nil), want) })
		if got := p.Name(nil); got != fmt.Sprintf("%s (pid %d)", want, p.PID) {
			t.Errorf("%q is named %q", argv, got)
		}
	}
	none := processtree.Process{PID: 1 << 30}
	if got := none.Name(nil); got != "pid 1073741824" {
		t.Errorf("a process that has ended is named %q", got)
	}
}

// A daemon has another session, another environment and no parent; it is found
// nevertheless, and leaves no zombie.
func TestAdoptOrphans(t *testing.T) {
	t.Parallel()
	if err := processtree.AdoptOrphans(t.Context(), 500*time.Millisecond); err != nil {
		t.Skip(err)
	}
	daemon := func() (processtree.Process, bool) {
		all := processtree.Below(processtree.All(), os.Getpid())
		i := slices.IndexFunc(all, func(p processtree.Process) bool { return !p.Zombie && strings.HasPrefix(p.Name(nil), "sleep 86399 ") })
		if i < 0 {
			return processtree.Process{}, false
		}
		return all[i], true
	}
	if err := exec.CommandContext(t.Context(), "bash", "-c", "(env -i setsid sleep 86399 </dev/null >/dev/null 2>&1 &)").Run(); err != nil {
		t.Fatal(err)
	}
	var p processtree.Process
	eventually(t, "the daemon is found", func() (ok bool) { p, ok = daemon(); return ok && p.Parent == os.Getpid() })
	processtree.Signal([]processtree.Process{p}, syscall.SIGKILL)
	eventually(t, "the daemon has ended", func() bool { _, found := processtree.Get(p.PID); return !found })
}

func TestSignalReachesGroups(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "sleep 300 & wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	group := func() (pids []int) {
		for _, p := range processtree.All() {
			if p.Group == cmd.Process.Pid && !p.Zombie {
				pids = append(pids, p.PID)
			}
		}
		return pids
	}
	eventually(t, "both run", func() bool { return len(group()) == 2 })
	leader, _ := processtree.Get(cmd.Process.Pid)
	processtree.Signal([]processtree.Process{leader}, syscall.SIGTERM)
	_ = cmd.Wait()
	eventually(t, "both have ended", func() bool { return len(group()) == 0 })
}

func TestBelow(t *testing.T) {
	t.Parallel()
	all := []processtree.Process{{PID: 5, Parent: 3}, {PID: 3, Parent: 2}, {PID: 2, Parent: 1}, {PID: 4, Parent: 1}, {PID: 9, Parent: 8}, {PID: 8, Parent: 9}}
	for root, want := range map[int][]int{2: {3, 5}, 1: {2, 4, 3, 5}, 5: nil, 9: {8, 9}} {
		var got []int
		for _, p := range processtree.Below(all, root) {
			got = append(got, p.PID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("below %d (-want +got):\n%s", root, diff)
		}
	}
}
