package localemr_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/local/localemr"
)

// tree starts a child in its group and one in a session of its own, and
// writes their ids to $HOME/pids.
const tree = `sleep 1000 & a=$!
setsid sleep 1000 & b=$!
echo $$ $a $b > $HOME/pids
wait`

func (st *stand) cancel(cluster, step string, option types.StepCancellationOption) types.CancelStepsInfo {
	st.t.Helper()
	out, err := st.emr.CancelSteps(st.t.Context(), &emr.CancelStepsInput{
		ClusterId: &cluster, StepIds: []string{step}, StepCancellationOption: option,
	})
	if err != nil {
		st.t.Fatal(err)
	}
	return out.CancelStepsInfoList[0]
}

func (st *stand) pids(cluster string) []int {
	st.t.Helper()
	var pids []int
	for field := range strings.FieldsSeq(st.awaitFile(filepath.Join(st.cfg.Data, cluster, "pids"))) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			st.t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// gone says whether a process does not exist or is a zombie.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func (st *stand) awaitGone(pids []int) {
	st.t.Helper()
	for _, pid := range pids {
		st.eventually("process "+strconv.Itoa(pid)+" is gone", func() bool { return gone(pid) })
	}
}

func TestNoProcessIsLeft(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("processes that leave their group are only found through /proc")
	}
	for _, tt := range []struct {
		name string
		end  func(st *stand, cluster, step string)
		want types.StepState
	}{
		{"interrupt, terminate", func(st *stand, c, s string) {
			st.cancel(c, s, types.StepCancellationOptionSendInterrupt)
			st.awaitStep(c, s, types.StepStateCancelled)
			st.terminate(c)
		}, types.StepStateCancelled},
		{"kill", func(st *stand, c, s string) { st.cancel(c, s, types.StepCancellationOptionTerminateProcess) }, types.StepStateCancelled},
		{"terminate", func(st *stand, c, _ string) { st.terminate(c) }, types.StepStateCancelled},
		{"leader dies", func(st *stand, c, _ string) { _ = syscall.Kill(st.pids(c)[0], syscall.SIGKILL) }, types.StepStateFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := begin(t)
			id := st.run(request("tree", bash("tree", tree)))
			pids := st.pids(id)
			step := *st.steps(id)[0].Id
			tt.end(st, id, step)
			st.awaitStep(id, step, tt.want)
			st.awaitGone(pids)
			if text, err := os.ReadFile(filepath.Join(st.cfg.Data, id, "logs", "steps", step, "stderr")); err != nil || len(text) > 0 { //nolint:gosec // a file of this test
				t.Errorf("stderr of the step: %q, %v", text, err)
			}
		})
	}
}

// EMR interrupts the process that started the program, not the program, and does
// not wait for it. When it is gone, what it has left is ended.
func TestInterruptReachesTheStepsChildOnly(t *testing.T) {
	t.Parallel()
	const program = `trap 'echo asked > $HOME/asked' TERM; setsid sleep 1000 & echo $$ $! $PPID > $HOME/pids; until [ -e $HOME/end ]; do sleep 0.02; done`
	st := begin(t)
	id := st.run(request("deaf", bash("deaf", program)))
	pids := st.pids(id)
	step := *st.steps(id)[0].Id
	if info := st.cancel(id, step, ""); info.Status != types.CancelStepsRequestStatusSubmitted {
		t.Errorf("cancel: %+v", info)
	}
	st.awaitStep(id, step, types.StepStateCancelled)
	st.awaitCluster(id, types.ClusterStateWaiting)
	st.awaitGone(pids[2:])
	if gone(pids[0]) || gone(pids[1]) {
		t.Error("the program ended with its parent")
	}
	if _, err := os.Stat(filepath.Join(st.cfg.Data, id, "asked")); err == nil {
		t.Error("the program was interrupted")
	}
	if err := os.WriteFile(filepath.Join(st.cfg.Data, id, "end"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	st.awaitGone(pids)
}

// A program that ends soon after its parent ends before its step.
func TestInterruptIsReportedLate(t *testing.T) {
	t.Parallel()
	st := begin(t, func(c *localemr.Config) { c.Settings.CancelReport = localemr.Duration(time.Hour) })
	const program = `echo $$ > $HOME/pids; while [ $PPID = $(ps -o ppid= -p $$) ]; do sleep 0.02; done; echo ended > $HOME/ended`
	id := st.run(request("listens", bash("listens", program)))
	st.pids(id)
	step := *st.steps(id)[0].Id
	st.cancel(id, step, "")
	st.awaitStep(id, step, types.StepStateCancelled)
	if _, err := os.Stat(filepath.Join(st.cfg.Data, id, "ended")); err != nil {
		t.Error(err)
	}
}
