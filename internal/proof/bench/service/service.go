// Package service measures what a person at a terminal waits for: the
// program itself, a directory on its way to the stage, the lines of a job on their way back, and the first
// of them on a cluster that is warm. It plays that person with the built binary.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"ephemr/internal/cli/upload"
)

// Stage is where it is measured.
type Stage struct {
	Program string   // path of ephemr
	Environ []string // that it works in
	Dir     string   // for projects; must exist
	S3      upload.S3API
	Bucket  string // of packages
	Log     io.Writer
}

// Report holds what was measured. Times are of this machine; the ratios compare
// them with the least that could be done here instead.
type Report struct {
	Start    Start    `json:"start"`
	Packages Packages `json:"packages"`
	Lines    Lines    `json:"lines"`
	Pool     Pool     `json:"pool"`
}

// Measure measures everything, one after the other. The report holds what was
// measured until an error.
func (s *Stage) Measure(ctx context.Context) (r Report, err error) {
	_, _ = fmt.Fprintln(s.Log, "submit: packages, lines, a warm pool")
	if r.Start, err = s.start(ctx); err != nil {
		return r, err
	}
	if r.Packages, err = s.packages(ctx); err != nil {
		return r, err
	}
	if r.Lines, err = s.lines(ctx); err != nil {
		return r, err
	}
	r.Pool, err = s.pool(ctx)
	return r, err
}

// project writes a job of one script and returns its project's root.
func (s *Stage) project(name, script string) (string, error) {
	root := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Join(root, name), 0o750); err != nil {
		return "", fmt.Errorf("write job: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, name, "run.sh"), []byte(script), 0o600); err != nil {
		return "", fmt.Errorf("write job: %w", err)
	}
	return root, nil
}

// submit runs a job of a project and hands each line of its stdout to read, as
// soon as it is there.
func (s *Stage) submit(ctx context.Context, root, name string, read func(line string, at time.Time), more ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	args := append([]string{"submit", "-d", name, "-t", "bash", "-u", "etl"}, more...)
	cmd := exec.CommandContext(ctx, s.Program, args...) //nolint:gosec // our own binary
	var said strings.Builder
	cmd.Dir, cmd.Env, cmd.Stderr = root, s.Environ, &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run ephemr submit: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run ephemr submit: %w", err)
	}
	readErr := each(out, time.Now, read)
	if err := errors.Join(cmd.Wait(), readErr); err != nil {
		return fmt.Errorf("ephemr submit %s: %w\n%s", name, err, said.String())
	}
	return nil
}
