package localemr

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// killMarked kills the processes that match and says whether there were any.
func killMarked(match marked) bool {
	paths, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return false
	}
	found := false
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		if cluster, process, ok := markOf(path); ok && match(cluster, process) {
			found = syscall.Kill(pid, sigKill) == nil || found
		}
	}
	return found
}

// markOf reads the mark out of a process's environment, if it may be read.
func markOf(path string) (cluster, process string, ok bool) {
	env, err := os.ReadFile(path) //nolint:gosec // a file of /proc
	if err != nil {
		return "", "", false
	}
	for v := range bytes.SplitSeq(env, []byte{0}) {
		if value, found := strings.CutPrefix(string(v), markName+"="); found {
			return strings.Cut(value, "/")
		}
	}
	return "", "", false
}
