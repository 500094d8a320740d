// Package service measures the latencies of the CLI with the built binary: its
// start, the upload of a directory, the lines of a job, and the first line on a
// warm cluster.
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

// Stage is the stage that is measured.
type Stage struct {
	Program string   // path of ephemr
	Environ []string // that it works in
	Dir     string   // for projects; must exist
	S3      upload.S3API
	Bucket  string // of packages
	Log     io.Writer
}

// Report holds what was measured. Times are of this machine; the ratios compare
// them with the fastest alternative on this machine.
type Report struct {
	Start    Start    `json:"start"`
	Packages Packages `json:"packages"`
	Lines    Lines    `json:"lines"`
	Pool     Pool     `json:"pool"`
}

// Measure measures everything sequentially. After an error the report holds what
// was measured before it.
func (s *Stage) Measure(ctx context.Context) (r Report, err error) {
	_, _ = fmt.Fprintln(s.Log, "submit: measuring packages, lines and a warm pool")
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

// submit runs a job of a project and passes each line of its stdout to read at
// once.
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
