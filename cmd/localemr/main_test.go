package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

const (
	asServer = "LOCALEMR_TEST_SERVER" // makes the test binary the command
	patience = 20 * time.Second
)

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a running localemr.
type process struct {
	cmd *exec.Cmd
	emr *emr.Client
	url string
}

func launch(t *testing.T, data string, args ...string) *process {
	t.Helper()
	addrFile := filepath.Join(t.TempDir(), "addr")
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-data", data, "-addr-file", addrFile, "-provision", "0s"}, args...)...) //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), asServer+"=1", "AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := &process{cmd: cmd, url: "http://" + awaitFile(t, addrFile)}
	p.emr = emr.New(emr.Options{BaseEndpoint: &p.url, Region: "us-east-1", Credentials: aws.AnonymousCredentials{}})
	return p
}

func awaitFile(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := os.ReadFile(path) //nolint:gosec // a file of this test
		if err == nil && strings.TrimSpace(string(b)) != "" {
			return strings.TrimSpace(string(b))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("gave up waiting for %s", path)
		}
	}
}

// runSleeper starts a cluster whose step sleeps, and returns the cluster's id
// and the step's process.
func (p *process) runSleeper(t *testing.T, data string) (string, int) {
	t.Helper()
	out, err := p.emr.RunJobFlow(t.Context(), &emr.RunJobFlowInput{
		Name: new("sleeper"), ReleaseLabel: new("emr-7.14.0"), ServiceRole: new("service"), JobFlowRole: new("instances"),
		Instances: &types.JobFlowInstancesConfig{MasterInstanceType: new("m5.xlarge"), InstanceCount: new(int32(1)), KeepJobFlowAliveWhenNoSteps: new(true)},
		Steps: []types.StepConfig{{Name: new("sleep"), ActionOnFailure: "CONTINUE", HadoopJarStep: &types.HadoopJarStepConfig{
			Jar: new("command-runner.jar"), Args: []string{"bash", "-c", "echo ${AWS_ACCESS_KEY_ID:-none} ${AWS_CONTAINER_CREDENTIALS_FULL_URI%/*} $AWS_ENDPOINT_URL $$ > $HOME/pid; sleep 1000"},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(awaitFile(t, filepath.Join(data, *out.JobFlowId, "pid")))
	if len(fields) != 4 || fields[0] != "none" || fields[1] != p.url+"/_localemr/credentials" || fields[2] != "http://127.0.0.1:9" {
		t.Fatalf("environment of the step: %q", fields)
	}
	pid, err := strconv.Atoi(fields[3])
	if err != nil {
		t.Fatal(err)
	}
	return *out.JobFlowId, pid
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !gone(pid) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// gone says whether a process does not exist or is a zombie.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func (p *process) stepState(t *testing.T, cluster string) types.StepState {
	t.Helper()
	out, err := p.emr.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &cluster})
	if err != nil {
		t.Fatal(err)
	}
	return out.Steps[0].Status.State
}

func TestTerminateSignal(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := launch(t, data)
	id, pid := p.runSleeper(t, data)
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %s to stop", took)
	}
	awaitGone(t, pid)
	if got := launch(t, data).stepState(t, id); got != types.StepStateFailed {
		t.Errorf("after a restart the step is %s", got)
	}
}

func TestKilledServerLeavesNothingAfterARestart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("strays are only found through /proc")
	}
	data := t.TempDir()
	p := launch(t, data)
	id, pid := p.runSleeper(t, data)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	if gone(pid) {
		t.Log("the step died with the server")
	}
	p = launch(t, data)
	awaitGone(t, pid)
	if got := p.stepState(t, id); got != types.StepStateFailed {
		t.Errorf("after a restart the step is %s", got)
	}
}

func TestFaultsFileAndHealth(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"kind":"lostAnswer","op":"RunJobFlow","count":1}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, t.TempDir(), "-faults", file)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/_localemr/faults", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("faults: %s", res.Status)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no data", nil, "read flags: -data is required"},
		{"argument", []string{"-data", "d", "x"}, `read flags: unexpected argument "x"`},
		{"duration", []string{"-data", "d", "-provision", "soon"}, `invalid value "soon" for flag -provision: parse error`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var usage strings.Builder
			_, err := parse(tt.args, &usage)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A step whose runner is killed leaves a process that has neither its session nor
// its environment; it ends with the step, and another step goes on.
func TestDaemonEndsWithItsStep(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can adopt orphans")
	}
	data := t.TempDir()
	p := launch(t, data)
	_, other := p.runSleeper(t, data)
	out, err := p.emr.RunJobFlow(t.Context(), &emr.RunJobFlowInput{
		Name: new("daemon"), ReleaseLabel: new("emr-7.14.0"), ServiceRole: new("service"), JobFlowRole: new("instances"),
		Instances: &types.JobFlowInstancesConfig{MasterInstanceType: new("m5.xlarge"), InstanceCount: new(int32(1)), KeepJobFlowAliveWhenNoSteps: new(true)},
		Steps: []types.StepConfig{{Name: new("daemon"), ActionOnFailure: "CONTINUE", HadoopJarStep: &types.HadoopJarStepConfig{
			Jar: new("command-runner.jar"), Args: []string{"bash", "-c", "env -i HOME=$HOME setsid sh -c 'echo $$ > $HOME/pid; sleep 1000; exit 0' & until [ -s $HOME/pid ]; do sleep 0.01; done; kill -KILL $$"},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(awaitFile(t, filepath.Join(data, *out.JobFlowId, "pid")))
	if err != nil {
		t.Fatal(err)
	}
	awaitGone(t, pid)
	if gone(other) {
		t.Error("another step ended with it")
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}
