// Package processtree finds the processes that another process has started,
// also those that left its group and session, and takes over those whose parent
// has ended. Only Linux can adopt orphans and show environments.
package processtree

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

// Process is a process at the moment it was listed. A zombie has ended, but its
// parent has not read its exit status.
type Process struct {
	PID, Parent, Group int
	Start              uint64 // clock ticks since the machine's start; with PID it identifies a process
	Command            string // name of the program's file, at most 15 bytes
	Zombie             bool
}

// Below returns the processes of all that descend from root, zombies included.
func Below(all []Process, root int) []Process {
	children := map[int][]Process{}
	for _, p := range all {
		children[p.Parent] = append(children[p.Parent], p)
	}
	var found []Process
	for todo := []int{root}; len(todo) > 0; todo = todo[1:] {
		for _, p := range children[todo[0]] {
			found = append(found, p)
			todo = append(todo, p.PID)
		}
		delete(children, todo[0]) // a list of reused ids may be circular
	}
	return found
}

// Signal sends sig to processes, once to each. A process group is signalled as a
// whole, which also reaches members that were forked since the list was made; the
// caller's own group is not.
func Signal(processes []Process, sig syscall.Signal) {
	own := syscall.Getpgrp()
	groups := map[int]bool{}
	for _, p := range processes {
		switch {
		case p.Zombie:
		case p.Group == own || p.Group <= 1:
			_ = syscall.Kill(p.PID, sig)
		case !groups[p.Group]:
			groups[p.Group] = true
			_ = syscall.Kill(-p.Group, sig)
		}
	}
}

// Name describes a process in a few words: its program and, after an interpreter,
// the script. Other arguments are left out, because they may be secret; hide, if there
// is one, is called with those that are not.
func (p Process) Name(hide func(string) string) string {
	id := "pid " + strconv.Itoa(p.PID)
	argv := p.argv()
	if len(argv) == 0 {
		return id
	}
	argv = argv[:min(len(argv), 2)]
	for i := range argv {
		if hide != nil {
			argv[i] = hide(argv[i])
		}
	}
	name := filepath.Base(argv[0])
	if len(argv) > 1 && isPlain(argv[1]) {
		name += " " + filepath.Base(argv[1])
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	return name + " (" + id + ")"
}

const maxName = 60 // bytes

// isPlain reports whether an argument looks like a file or a number.
func isPlain(arg string) bool {
	return arg != "" && arg[0] != '-' && !strings.ContainsFunc(arg, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("@:=?&;|\"'`$", r)
	})
}
