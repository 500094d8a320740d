//go:build !linux

package processtree

import (
	"context"
	"slices"
	"syscall"
	"time"

	ps "github.com/shirou/gopsutil/v4/process"
)

// All lists the processes of the machine.
func All() []Process {
	pids, _ := ps.Pids()
	var all []Process
	for _, pid := range pids {
		if p, ok := Get(int(pid)); ok {
			all = append(all, p)
		}
	}
	return all
}

// Get returns one process.
func Get(pid int) (Process, bool) {
	x := ps.Process{Pid: int32(pid)} //nolint:gosec // a pid
	parent, err := x.Ppid()
	if err != nil {
		return Process{}, false
	}
	status, _ := x.Status()
	created, _ := x.CreateTime()
	name, _ := x.Name()
	group, _ := syscall.Getpgid(pid)
	return Process{PID: pid, Parent: int(parent), Group: group, Command: name, Start: uint64(max(created, 0)), Zombie: slices.Contains(status, ps.Zombie)}, true //nolint:gosec // not negative
}

// Environ needs /proc.
func (Process) Environ() []string { return nil }

// Executable returns the file of the program: "" if it may not be read.
func (p Process) Executable() string {
	name, _ := (&ps.Process{Pid: int32(p.PID)}).Exe() //nolint:gosec // a pid
	return name
}

func (p Process) argv() []string {
	argv, _ := (&ps.Process{Pid: int32(p.PID)}).CmdlineSlice() //nolint:gosec // a pid
	return argv
}

// AdoptOrphans needs Linux.
func AdoptOrphans(context.Context, time.Duration) error { return nil }

// Reap needs Linux.
func (Process) Reap() {}
