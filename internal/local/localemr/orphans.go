package localemr

import (
	"os"
	"slices"
	"strings"

	"ephemr/internal/processtree"
)

// endOrphans kills processes that this process has adopted and whose environment
// does not say any more which cluster they belong to, with all below them. While a
// step's runner lives it adopts such processes itself; here are those of a runner
// that was killed.
func (s *Server) endOrphans() {
	if !s.cfg.Adopts {
		return
	}
	killed := map[int]bool{}
	for range sweepRounds {
		all := processtree.All()
		for _, p := range all {
			if p.Zombie && killed[p.PID] {
				p.Reap()
			}
		}
		orphans := slices.DeleteFunc(slices.Clone(all), func(p processtree.Process) bool {
			return p.Zombie || p.Parent != os.Getpid() || isMarked(p) || p.Executable() == executable()
		})
		if len(orphans) == 0 {
			return
		}
		for _, p := range orphans {
			processtree.Signal(append(processtree.Below(all, p.PID), p), sigKill)
			killed[p.PID] = true
		}
	}
}

func isMarked(p processtree.Process) bool {
	return slices.ContainsFunc(p.Environ(), func(e string) bool { return strings.HasPrefix(e, markName+"=") })
}

// executable is the file of this program, which a child has until it begins
// another one.
func executable() string {
	p, _ := processtree.Get(os.Getpid())
	return p.Executable()
}
