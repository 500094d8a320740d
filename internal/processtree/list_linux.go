package processtree

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// All lists the processes of the machine.
func All() []Process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close() //nolint:errcheck // only read
	names, _ := dir.Readdirnames(-1)
	var all []Process
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := Get(pid); ok {
				all = append(all, p)
			}
		}
	}
	return all
}

// Get returns one process.
func Get(pid int) (Process, bool) {
	text, err := os.ReadFile(file(pid, "stat"))
	if err != nil {
		return Process{}, false
	}
	// proc_pid_stat(5): the name, in parentheses, may contain anything.
	first, last := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[last+1:]))
	if first < 0 || last < first || len(fields) < 20 {
		return Process{}, false
	}
	p := Process{PID: pid, Command: string(text[first+1 : last]), Zombie: fields[0] == "Z" || fields[0] == "X"}
	p.Parent, _ = strconv.Atoi(fields[1])
	p.Group, _ = strconv.Atoi(fields[2])
	p.Start, _ = strconv.ParseUint(fields[19], 10, 64)
	return p, true
}

// Environ returns the environment that a process was started with: none if it
// belongs to another user or has overwritten it, as programs do that set their title.
func (p Process) Environ() []string { return p.strings("environ") }

// Executable returns the file of the program: "" if it may not be read.
func (p Process) Executable() string {
	name, _ := os.Readlink(file(p.PID, "exe"))
	return name
}

// argv returns the command line; a process may have overwritten it.
func (p Process) argv() []string {
	argv := p.strings("cmdline")
	if len(argv) == 1 { // a title
		argv = strings.Fields(argv[0])
	}
	return argv
}

func (p Process) strings(name string) []string {
	text, err := os.ReadFile(file(p.PID, name))
	if err != nil {
		return nil
	}
	clean := strings.TrimRight(strings.ToValidUTF8(string(text), "\uFFFD"), "\x00")
	if clean == "" {
		return nil
	}
	return strings.Split(clean, "\x00")
}

func file(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }
