package program

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// attributes put the program into a process group of its own, which dies with
// the runner.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// lockThread keeps the thread alive: Pdeathsig fires when it ends.
func lockThread() func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// killMarked kills every process that inherited mark in its environment, also
// those that left the process group. It repeats the search until none is found,
// since a process may fork meanwhile.
func killMarked(mark string) int {
	killed := map[int]bool{}
	for range 10 {
		found := marked(mark)
		for _, pid := range found {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed[pid] = true
			}
		}
		if len(found) == 0 {
			break
		}
	}
	return len(killed)
}

func marked(mark string) (pids []int) {
	if mark == "" {
		return nil
	}
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(file) //nolint:gosec // a path under /proc; another user's is refused
		if err == nil && bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}
