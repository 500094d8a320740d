// Package yarn finds and kills YARN applications by their tags: an application
// does not end with the client that has submitted it.
//
// It calls Hadoop's command line. Without one on this machine it does nothing.
package yarn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ephemr/internal/runner/lookpath"
)

// States of an application that has not ended.
const living = "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING"

// CLI is Hadoop's yarn command.
type CLI struct {
	path    string
	environ []string
}

// Application is one of YARN's.
type Application struct{ ID, Name string }

func (a Application) String() string { return fmt.Sprintf("%s (%s)", a.ID, a.Name) }

// Find returns the command in the PATH of environ, or nil.
func Find(environ []string) *CLI {
	path := lookpath.In(environ, "yarn")
	if path == "" {
		return nil
	}
	return &CLI{path: path, environ: environ}
}

// Living returns the applications that have one of tags and have not ended.
func (c *CLI) Living(ctx context.Context, tags ...string) ([]Application, error) {
	out, err := c.run(ctx, "application", "-list", "-appStates", living, "-appTags", strings.Join(tags, ","))
	if err != nil {
		return nil, fmt.Errorf("list YARN applications: %w", err)
	}
	return parse(out)
}

// Kill kills applications; one that has ended by itself is not an error.
func (c *CLI) Kill(ctx context.Context, apps []Application) error {
	args := []string{"application", "-kill"}
	for _, a := range apps {
		args = append(args, a.ID)
	}
	if _, err := c.run(ctx, args...); err != nil {
		return fmt.Errorf("kill YARN applications: %w", err)
	}
	return nil
}

var (
	total = regexp.MustCompile(`(?m)^Total number of applications .*:(\d+)\s*$`)
	row   = regexp.MustCompile(`(?m)^\s*(application_\d+_\d+)\s*\t(.*)$`)
)

// parse reads the table of -list: columns separated by tabs and padded with
// spaces. A name may contain either, and line breaks.
func parse(out string) (apps []Application, err error) {
	for _, line := range row.FindAllStringSubmatch(out, -1) {
		name, _, _ := strings.Cut(line[2], "\t")
		apps = append(apps, Application{ID: line[1], Name: strings.TrimSpace(name)})
	}
	if n := total.FindStringSubmatch(out); n == nil || n[1] != strconv.Itoa(len(apps)) {
		return nil, fmt.Errorf("list YARN applications: unexpected output %q", strings.TrimSpace(out[:min(len(out), 200)]))
	}
	return apps, nil
}

// run returns the output of a call. A JVM that hangs is killed with all that the
// script has started.
func (c *CLI) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.path, args...) //nolint:gosec // Hadoop's command
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = c.environ, &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", errors.New("the yarn command did not respond in time")
	}
	return "", fmt.Errorf("%w: %s", err, lastLine(errs.String()+out.String()))
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
