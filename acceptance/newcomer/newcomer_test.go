// Package newcomer_test plays a user who has downloaded a release: init, up, test, start, deploy, destroy, down. It uses the two archives
// alone, in a home folder of its own; the checkout, Go and the tools of the checkout are not in the environment.
//
// It runs with EPHEMR_NEWCOMER=1, as make newcomer does: building the archive and installing the tools takes minutes.
// EPHEMR_TOOLS=DIR takes tools that scripts/setup has installed from there instead.
package newcomer_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewcomer(t *testing.T) {
	if os.Getenv("EPHEMR_NEWCOMER") == "" {
		t.Skip("takes minutes; run make newcomer")
	}
	n := install(t)
	n.contains(n.ephemr("version"), "ephemr "+n.version+" (commit ")
	n.contains(n.ephemr("init", "my-platform"), "stages/dev.yaml")
	n.dir = filepath.Join(n.home, "my-platform")
	t.Cleanup(func() { _, _ = n.try("down") })
	n.contains(n.ephemr("up"), "addition version 1 registered")
	n.contains(n.ephemr("test"), "1 passed")
	n.contains(n.ephemr("start", "addition", "-f"), "2 + 40 = 42", "run SUCCEEDED")
	n.contains(n.ephemr("runs"), "addition", "SUCCEEDED")
	n.contains(n.ephemr("demo"), "flights")
	n.private()
	n.contains(n.ephemr("deploy", "--stage", "local", "--dry-run"), "There were no differences")
	n.contains(n.ephemr("deploy", "--stage", "local", "--yes"), "stage local is deployed")
	n.contains(n.ephemr("destroy", "--stage", "local", "--data", "--yes"), "ephemr-local-platform", "emptying bucket")
	n.ephemr("down")
	if out, err := n.try("runs"); err == nil || !strings.Contains(out, "no stage given") {
		t.Errorf("after ephemr down: %v\n%s", err, out)
	}
}

// newcomer is a user with a home folder.
type newcomer struct {
	*testing.T

	version, checkout string
	home, bin, dir    string
}

// install unpacks the archives into ~/bin, as the README says.
func install(t *testing.T) *newcomer {
	t.Helper()
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	n := &newcomer{T: t, checkout: checkout, home: home, bin: filepath.Join(home, "bin"), dir: home}
	archives, err := filepath.Glob(filepath.Join(checkout, "dist/stack/ephemr*_"+runtime.GOOS+"_"+runtime.GOARCH+".tar.gz"))
	if err != nil || len(archives) != 2 {
		t.Fatalf("want the archives of one version in dist/stack, found %v, %v", archives, err)
	}
	_, version, _ := strings.Cut(filepath.Base(archives[1]), "_")
	n.version, _, _ = strings.Cut(version, "_")
	n.run("", "mkdir", n.bin)
	n.run("", "tar", "xzf", archives[1], "-C", n.bin, "--strip-components=1")
	n.run("", "cp", archives[0], n.bin)
	if tools := os.Getenv("EPHEMR_TOOLS"); tools != "" {
		n.link(tools)
	}
	return n
}

// link makes the unpacked release use tools that are installed.
func (n *newcomer) link(tools string) {
	n.Helper()
	_, _ = n.try("env") // unpacks the archive, and finds no region
	roots, err := filepath.Glob(filepath.Join(n.home, ".cache/ephemr", n.version+"-*"))
	if err != nil || len(roots) != 1 {
		n.Fatalf("unpacked release: found %v, %v", roots, err)
	}
	if err := os.Symlink(tools, filepath.Join(roots[0], ".tools")); err != nil {
		n.Fatal(err)
	}
}

// environ has neither the checkout nor Go in PATH, and nothing that selects an account.
func (n *newcomer) environ() []string {
	path := slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "go"))
		return err == nil || strings.HasPrefix(dir, n.checkout) || strings.Contains(dir, ".tools")
	})
	env := []string{"HOME=" + n.home, "PATH=" + strings.Join(append([]string{n.bin}, path...), ":"), "XDG_CACHE_HOME=" + filepath.Join(n.home, ".cache")}
	for _, name := range []string{"JAVA_HOME", "LANG", "PIP_CACHE_DIR", "PIP_INDEX_URL", "npm_config_cache", "NPM_CONFIG_CACHE", "MAVEN_OPTS", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (n *newcomer) command(dir, program string, args ...string) (string, error) {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.Context()), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // our own
	cmd.Dir, cmd.Env = dir, n.environ()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	n.Logf("%s %s  (%.1f s)\n%s", filepath.Base(program), strings.Join(args, " "), time.Since(began).Seconds(), out)
	return string(out), err
}

func (n *newcomer) run(dir, program string, args ...string) string {
	n.Helper()
	out, err := n.command(dir, program, args...)
	if err != nil {
		n.Fatal(err)
	}
	return out
}

func (n *newcomer) ephemr(args ...string) string {
	n.Helper()
	return n.run(n.dir, filepath.Join(n.bin, "ephemr"), args...)
}

func (n *newcomer) try(args ...string) (string, error) {
	n.Helper()
	return n.command(n.dir, filepath.Join(n.bin, "ephemr"), args...)
}

func (n *newcomer) contains(out string, want ...string) {
	n.Helper()
	for _, text := range want {
		if !strings.Contains(out, text) {
			n.Errorf("missing %q in:\n%s", text, out)
		}
	}
}

// private fails if the region's record or logs name the checkout: nothing may come from there.
func (n *newcomer) private() {
	n.Helper()
	if out, err := n.command(n.dir, "grep", "-rlF", n.checkout+"/", ".local/region.json", ".local/log"); err == nil {
		n.Errorf("the checkout is used, see %s", out)
	}
}
