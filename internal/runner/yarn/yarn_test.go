package yarn_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/executable"
	"ephemr/internal/runner/yarn"
)

// cluster is a machine with the yarn command of the local region.
type cluster struct {
	*testing.T
	shims, registry, claims string
	environ                 []string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	shims, err := filepath.Abs("../../../scripts/shims")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, shims: shims, registry: filepath.Join(t.TempDir(), "yarn"), claims: filepath.Join(t.TempDir(), "attempts")}
	c.environ = []string{"PATH=" + shims + ":" + os.Getenv("PATH"), "YARN_REGISTRY=" + c.registry}
	return c
}

func (c *cluster) submit(name, tags string) {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), filepath.Join(c.shims, "lib", "yarn-submit"), name, "SPARK", tags) //nolint:gosec // our own script
	cmd.Env = c.environ
	if out, err := cmd.CombinedOutput(); err != nil {
		c.Fatalf("%v: %s", err, out)
	}
}

// states are those of all applications, by name.
func (c *cluster) states() map[string]string {
	c.Helper()
	text, err := os.ReadFile(filepath.Join(c.registry, "applications"))
	if err != nil {
		c.Fatal(err)
	}
	states := map[string]string{}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(line, "\t")
		states[columns[1]] = columns[5]
	}
	return states
}

// calls counts the calls of the yarn command.
func (c *cluster) calls() int {
	text, _ := os.ReadFile(filepath.Join(c.registry, "calls"))
	return strings.Count(string(text), "\n")
}

func (c *cluster) begin(tag string) (*yarn.Claim, []yarn.Application) {
	c.Helper()
	claim, killed, err := yarn.Begin(c.Context(), yarn.Find(c.environ), c.claims, tag)
	if err != nil {
		c.Fatal(err)
	}
	return claim, killed
}

func TestEndKillsWhatLives(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	mine := yarn.Tag("r-1", "clean", 1)
	c.submit("mine, and a tag of its own", "daily,"+mine)
	c.submit("of another attempt", yarn.Tag("r-1", "clean", 11))
	c.submit("of nobody", "")
	claim, _ := c.begin(mine)
	claim.Use()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // a cancelled attempt kills as well
	killed, err := claim.End(ctx, 0)
	claim.Release()
	if err != nil || len(killed) != 1 || killed[0].Name != "mine, and a tag of its own" {
		t.Errorf("killed %v, %v", killed, err)
	}
	want := map[string]string{"mine, and a tag of its own": "KILLED", "of another attempt": "RUNNING", "of nobody": "RUNNING"}
	if diff := cmp.Diff(want, c.states()); diff != "" {
		t.Error(diff)
	}
	if left, _ := os.ReadDir(c.claims); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// The application of a client that has succeeded may still be about to end.
func TestEndAfterASuccessWaits(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	mine := yarn.Tag("r-1", "clean", 1)
	c.submit("ending", mine)
	claim, _ := c.begin(mine)
	claim.Use()
	go func() {
		for c.calls() < 1 {
			time.Sleep(time.Millisecond)
		}
		file := filepath.Join(c.registry, "applications")
		text, _ := os.ReadFile(file)                                                                            //nolint:gosec // in a temporary directory
		_ = os.WriteFile(file+".ended", []byte(strings.Replace(string(text), "RUNNING", "FINISHED", 1)), 0o600) //nolint:gosec // in a temporary directory
		_ = os.Rename(file+".ended", file)
	}()
	if killed, err := claim.End(t.Context(), 300*time.Millisecond); err != nil || len(killed) != 0 {
		t.Errorf("killed %v, %v", killed, err)
	}
	claim.Release()
}

// failing makes the yarn command fail so often before it works.
func (c *cluster) failing(times int) {
	c.Helper()
	bin := c.TempDir()
	script := fmt.Sprintf("#!/bin/bash\necho >>%[1]s/tries\nif [ $(wc -l <%[1]s/tries) -le %[2]d ]; then echo no ResourceManager >&2; exit 1; fi\nexec %[3]s/yarn \"$@\"\n", bin, times, c.shims)
	if err := executable.Write(filepath.Join(bin, "yarn"), script); err != nil {
		c.Fatal(err)
	}
	c.environ[0] = "PATH=" + bin + ":" + os.Getenv("PATH")
}

// YARN may be away for a while; the applications go on.
func TestWaitToleratesFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		failures int
		ok       bool
	}{"one": {1, true}, "nine in a row": {9, true}, "ten in a row": {10, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			mine := yarn.Tag("r-1", "clean", 1)
			c.submit("mine", mine)
			c.failing(tt.failures)
			claim, _ := c.begin(mine)
			defer claim.Release()
			ctx, cancel := context.WithCancel(t.Context())
			go func() { // it has waited when it has seen the application
				for c.calls() < 2 && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			err := claim.Wait(ctx, time.Millisecond, time.Millisecond)
			if (err == nil) != tt.ok || tt.ok != (c.calls() >= 2) {
				t.Errorf("got %v after %d answers", err, c.calls())
			}
			cancel()
		})
	}
}

// A runner that was killed leaves its applications to the next one on the cluster.
func TestBeginKillsWhatDeadRunnersLeft(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	dead, alive, next := yarn.Tag("r-1", "a", 1), yarn.Tag("r-2", "a", 1), yarn.Tag("r-1", "a", 2)
	c.submit("of the dead", dead)
	c.submit("of the living", alive)
	killedRunner, _ := c.begin(dead)
	killedRunner.Use()
	living, killed := c.begin(alive)
	living.Use()
	defer living.Release()
	if len(killed) != 0 || c.calls() != 0 {
		t.Fatalf("killed %v in %d calls while both lived", killed, c.calls())
	}
	killedRunner.Release() // as the kernel does
	claim, killed := c.begin(next)
	defer claim.Release()
	if len(killed) != 1 || killed[0].Name != "of the dead" || c.states()["of the living"] != "RUNNING" {
		t.Errorf("killed %v, states %v", killed, c.states())
	}
	again, killed := c.begin(yarn.Tag("r-1", "b", 1))
	defer again.Release()
	if len(killed) != 0 || c.calls() != 3 { // list, kill, list
		t.Errorf("killed %v, %d calls", killed, c.calls())
	}
}

// What could not be killed is left to the next runner.
func TestYarnDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"refuses":              "echo 'Exception in thread main java.net.ConnectException' >&2; exit 1",
		"says something else":  "echo usage: yarn",
		"lists less than all":  "echo 'Total number of applications (application-types: [], states: [] and tags: []):1'",
		"writes and is killed": "kill -KILL $$",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			bin := t.TempDir()
			if err := executable.Write(filepath.Join(bin, "yarn"), "#!/bin/bash\n"+script+"\n"); err != nil {
				t.Fatal(err)
			}
			broken := yarn.Find([]string{"PATH=" + bin + ":" + os.Getenv("PATH")})
			mine := yarn.Tag("r-1", "a", 1)
			c.submit("mine", mine)
			claim, _, err := yarn.Begin(t.Context(), broken, c.claims, mine)
			if err != nil {
				t.Fatal(err)
			}
			claim.Use()
			if _, err := claim.End(t.Context(), 0); err == nil {
				t.Error("no error")
			}
			claim.Release()
			next, killed := c.begin(yarn.Tag("r-1", "a", 2))
			defer next.Release()
			if len(killed) != 1 {
				t.Errorf("killed %v", killed)
			}
		})
	}
}

func TestHangingYarnIsBounded(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := executable.Write(filepath.Join(bin, "yarn"), "#!/bin/bash\nsleep 300 & sleep 300\n"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := yarn.Find([]string{"PATH=" + bin + ":" + os.Getenv("PATH")}).Living(ctx, "x")
	if err == nil || !strings.Contains(err.Error(), "did not respond in time") || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestWithoutYarn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "attempts")
	cli := yarn.Find([]string{"PATH=" + t.TempDir()})
	claim, killed, err := yarn.Begin(t.Context(), cli, dir, "ephemr:r:j:1")
	claim.Use()
	if more, endErr := claim.End(t.Context(), time.Hour); cli != nil || err != nil || endErr != nil || killed != nil || more != nil {
		t.Errorf("%v, %v, %v", cli, err, endErr)
	}
	claim.Release()
	if _, err := os.Stat(dir); err == nil {
		t.Error("files were written")
	}
}

func TestTag(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 120)
	tests := map[string]struct{ run, job string }{
		"plain": {"flights-2026-01-02-ab12", "load"}, "upper case": {"R-1", "Load"}, "a list": {"r", "a,b c"}, "long": {long, "load"}, "not ASCII": {"r", "läufer"},
	}
	seen := map[string]string{}
	for name, tt := range tests {
		tag := yarn.Tag(tt.run, tt.job, 1)
		if len(tag) > 100 || tag != strings.ToLower(tag) || strings.ContainsAny(tag, ", /") || strings.ContainsFunc(tag, func(r rune) bool { return r > 126 }) || seen[tag] != "" {
			t.Errorf("%s: %q", name, tag)
		}
		seen[tag] = name
	}
	if got := yarn.Tag("hello-20261130T0300-e5370e6a", "load", 2); got != "ephemr:hello-20261130t0300-e5370e6a:load:2" {
		t.Error(got)
	}
	if yarn.Tag("r", "Load", 1) == yarn.Tag("r", "load", 1) {
		t.Error("two jobs have the same tag")
	}
}

func TestEnviron(t *testing.T) {
	t.Parallel()
	conf, dir := t.TempDir(), filepath.Join(t.TempDir(), "hadoop")
	for name, text := range map[string]string{
		"core-site.xml": "<?xml version=\"1.0\"?>\n<configuration>\n<property><name>a</name><value>b</value></property>\n</configuration>\n",
		"yarn-site.xml": "<configuration/>",
	} {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := yarn.Environ([]string{"SPARK_SUBMIT_OPTS=-Da=b", "HADOOP_CONF_DIR=" + conf}, "ephemr:r:j:1", dir)
	if diff := cmp.Diff([]string{"SPARK_SUBMIT_OPTS=-Da=b -Dspark.yarn.tags=ephemr:r:j:1", "HADOOP_CONF_DIR=" + dir}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	core, _ := os.ReadFile(filepath.Join(dir, "core-site.xml"))   //nolint:gosec // in a temporary directory
	linked, _ := os.ReadFile(filepath.Join(dir, "yarn-site.xml")) //nolint:gosec // in a temporary directory
	for _, want := range []string{
		"<name>a</name><value>b</value>", "<name>mapreduce.job.tags</name><value>ephemr:r:j:1</value>", "<name>tez.application.tags</name><value>ephemr:r:j:1</value>",
	} {
		if !strings.Contains(string(core), want) {
			t.Errorf("%s is missing in %s", want, core)
		}
	}
	if string(linked) != "<configuration/>" || !strings.HasSuffix(string(core), "</configuration>\n") {
		t.Errorf("%q, %q", linked, core)
	}
	got, err = yarn.Environ([]string{"HADOOP_CONF_DIR=" + t.TempDir()}, "x", filepath.Join(t.TempDir(), "hadoop"))
	if diff := cmp.Diff([]string{"SPARK_SUBMIT_OPTS=-Dspark.yarn.tags=x"}, got); diff != "" || err != nil {
		t.Errorf("without Hadoop: %v %s", err, diff)
	}
}
