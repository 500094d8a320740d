package data

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// highest is the greatest resident size of this process until now, in bytes.
func highest() (int64, error) {
	var u syscall.Rusage
	if runtime.GOOS == "darwin" {
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return 0, fmt.Errorf("read the process's memory: %w", err)
		}
		return resident(&u), nil
	}
	status, err := os.ReadFile("/proc/self/status") // Rusage has at least what the parent had
	if err != nil {
		return 0, fmt.Errorf("read the process's memory: %w", err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(line, &kib); err != nil {
		return 0, fmt.Errorf("read VmHWM in /proc/self/status: %w", err)
	}
	return kib << 10, nil
}

// peak is the greatest resident size of a process that has ended, and at least that of this one.
func peak(s *os.ProcessState) int64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return resident(u)
}

// resident is the greatest resident size in bytes.
func resident(u *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return u.Maxrss // bytes there
	}
	return u.Maxrss << 10
}
