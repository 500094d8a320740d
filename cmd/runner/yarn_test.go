package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// emrCluster is a home for several runners, with the yarn command of the local region.
type emrCluster struct {
	*testing.T
	home, bin, submit, registry string
}

func newCluster(t *testing.T) *emrCluster {
	t.Helper()
	shims, err := filepath.Abs("../../scripts/shims")
	if err != nil {
		t.Fatal(err)
	}
	c := &emrCluster{T: t, home: t.TempDir(), bin: t.TempDir(), submit: filepath.Join(shims, "lib", "yarn-submit"), registry: filepath.Join(t.TempDir(), "yarn")}
	if err := os.Symlink(filepath.Join(shims, "yarn"), filepath.Join(c.bin, "yarn")); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *emrCluster) command(r *region, script string) *exec.Cmd {
	c.Helper()
	cmd := command(c.T, r, script)
	cmd.Env = append(cmd.Env, "EPHEMR_HOME="+c.home, "PATH="+c.bin+":"+os.Getenv("PATH"), "YARN_REGISTRY="+c.registry)
	return cmd
}

func (c *emrCluster) applications() string {
	text, _ := os.ReadFile(filepath.Join(c.registry, "applications"))
	return string(text)
}

// The application of a runner that was killed ends before the next program on the
// cluster starts.
func TestApplicationsOfAKilledRunner(t *testing.T) {
	t.Parallel()
	c, r := newCluster(t), newRegion(t)
	first := c.command(r, c.submit+" Pi SPARK 2>/dev/null; echo up; exec sleep 300")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	<-r.said
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if !strings.Contains(c.applications(), "\tRUNNING\t") {
		t.Fatal(c.applications())
	}
	next := newRegion(t)
	second := c.command(next, "cut -f 6 $YARN_REGISTRY/applications")
	if code := exitCode(second.Run()); code != 0 || !slices.Equal(next.stream(dir+"/stdout"), []string{"KILLED"}) {
		t.Errorf("exit %d, the program found %v", code, next.stream(dir+"/stdout"))
	}
	want := "ephemr: killed YARN applications of an earlier attempt: application_1700000000000_0001 (Pi)"
	if !slices.Contains(next.stream(dir+"/stderr"), want) {
		t.Error(next.stream(dir + "/stderr"))
	}
}
