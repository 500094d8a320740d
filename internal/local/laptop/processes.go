package laptop

import (
	"os"
	"slices"

	ps "github.com/shirou/gopsutil/v4/process"
)

// Processes returns the processes of the region: the emulator, localemr, and
// those that they started in turn.
func (r *Region) Processes() []int { return marked(r.Dir) }

// created returns when the process that has pid now was created, in
// milliseconds since 1970; 0 when there is none, or only its zombie.
func created(pid int) int64 {
	p := ps.Process{Pid: int32(pid)} //nolint:gosec // a pid
	status, err := p.Status()
	if err != nil || slices.Contains(status, ps.Zombie) {
		return 0
	}
	at, err := p.CreateTime()
	if err != nil {
		return 0
	}
	return at
}

// belongs reports whether the environment of a process says that it belongs to
// the region in dir.
func belongs(pid int, dir string) bool {
	p := ps.Process{Pid: int32(pid)} //nolint:gosec // a pid
	env, err := p.Environ()
	return err == nil && slices.Contains(env, mark+"="+dir)
}

// marked returns the processes that belong to the region in dir.
func marked(dir string) []int {
	all, err := ps.Pids()
	if err != nil {
		return nil
	}
	var pids []int
	for _, id := range all {
		if pid := int(id); pid != os.Getpid() && belongs(pid, dir) && created(pid) != 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}
