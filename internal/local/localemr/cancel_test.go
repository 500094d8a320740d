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

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
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
		{"interrupt", func(st *stand, c, s string) { st.cancel(c, s, types.StepCancellationOptionSendInterrupt) }, types.StepStateCancelled},
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
		})
	}
}

func TestInterruptMayBeIgnoredAndKillMayNot(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(request("stubborn", bash("stubborn", `trap 'echo asked > $HOME/asked' TERM; echo $$ > $HOME/pids; while true; do sleep 0.02; done`)))
	pids := st.pids(id)
	step := *st.steps(id)[0].Id
	if info := st.cancel(id, step, ""); info.Status != types.CancelStepsRequestStatusSubmitted {
		t.Errorf("cancel: %+v", info)
	}
	st.awaitFile(filepath.Join(st.cfg.Data, id, "asked"))
	if got := st.step(id, step).Status.State; got != types.StepStateCancelPending {
		t.Errorf("step is %s", got)
	}
	st.cancel(id, step, types.StepCancellationOptionTerminateProcess)
	st.awaitStep(id, step, types.StepStateCancelled)
	st.awaitGone(pids)
	st.awaitCluster(id, types.ClusterStateWaiting)
}
