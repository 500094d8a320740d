package laptop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// startTime identifies the process that has pid now, by the clock tick it was
// started at; "" when there is none, or only its zombie.
func startTime(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The name, in parentheses, may hold anything. After it: state is field 3 of proc(5), starttime is 22.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}

// marked returns the processes whose environment says that they belong to the
// region in dir.
func marked(dir string) []int {
	paths, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is well-formed
	var pids []int
	for _, path := range paths {
		env, err := os.ReadFile(path) //nolint:gosec // a file of /proc
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"="+dir+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() && startTime(pid) != "" {
			pids = append(pids, pid)
		}
	}
	return pids
}
