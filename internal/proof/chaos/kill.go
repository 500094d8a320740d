package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ephemr/internal/local/laptop"
)

// processes returns the region's processes that execute the named program.
func (r *region) processes(ctx context.Context, name string) []int {
	var list []string
	for _, pid := range r.Processes() {
		list = append(list, strconv.Itoa(pid))
	}
	// It exits with 1 when one of them has ended meanwhile; its output is valid.
	out, _ := exec.CommandContext(ctx, "ps", "-o", "pid=,comm=", "-p", strings.Join(list, ",")).Output() //nolint:gosec // numbers
	var pids []int
	for line := range strings.Lines(string(out)) {
		number, program, _ := strings.Cut(strings.TrimSpace(line), " ")
		if pid, err := strconv.Atoi(number); err == nil && filepath.Base(strings.TrimSpace(program)) == name {
			pids = append(pids, pid)
		}
	}
	return pids
}

// worker finds the process of a function that is executing, and a random one when
// none is within a second or the system does not report it.
func (r *region) worker(ctx context.Context, random *rand.Rand) (int, bool) {
	pids := r.processes(ctx, "bootstrap")
	if len(pids) == 0 {
		return 0, false
	}
	random.Shuffle(len(pids), func(i, j int) { pids[i], pids[j] = pids[j], pids[i] })
	before := map[int]int64{}
	for range 100 {
		for _, pid := range pids {
			now := busy(pid)
			if was, known := before[pid]; known && now > was+int64(100*time.Microsecond) {
				return pid, true
			}
			before[pid] = now
		}
		if !pause(ctx, 10*time.Millisecond) {
			return 0, false
		}
	}
	return pids[0], true
}

// busy is how long the threads of a process have run, in nanoseconds; 0 where
// the system does not report it.
func busy(pid int) int64 {
	var sum int64
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is well-formed
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // a file of /proc
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err == nil {
			sum += n
		}
	}
	return sum
}

// function names what a worker executes, if the system reports it.
func function(pid int) string {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return "function"
	}
	for kv := range strings.SplitSeq(string(env), "\x00") {
		if name, ok := strings.CutPrefix(kv, "AWS_LAMBDA_FUNCTION_NAME="); ok {
			return name[strings.LastIndexByte(name, '-')+1:]
		}
	}
	return "function"
}

// restartEMR kills localemr and starts it again after a while, with the same
// faults and another seed.
func (r *region) restartEMR(ctx context.Context, away time.Duration, seed uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.addCounts(ctx); err != nil {
		return err
	}
	var before any
	if err := r.Admin(ctx, "GET", "faults", nil, &before); err != nil {
		return err
	}
	for _, pid := range r.processes(ctx, "localemr") {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	pause(ctx, away)
	o := r.options
	o.LocalEMRArgs = append(append([]string{}, o.LocalEMRArgs...), "--seed", strconv.FormatUint(seed, 10))
	if _, err := laptop.Up(ctx, o); err != nil {
		return err
	}
	return r.Admin(ctx, "PUT", "faults", before, nil)
}

// pause waits; false says that ctx was done before.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
