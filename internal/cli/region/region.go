// Package region is ephemr up, down, demo and env: the local region of a project, run by the program laptop of the
// release.
package region

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"ephemr/internal/cli/session"
	localregion "ephemr/internal/local/region"
)

// Local is the local region of a project, which may not run.
type Local struct {
	Root    string // of the release, which installs its tools there
	Project string // folder with the pipelines, absolute
	Shown   string // the same, relative to the working directory
}

// stages is the folder of stage files in a project.
const stages = "stages"

// Find finds the release and the project that the working directory is in.
func Find(ctx context.Context, app *session.App) (Local, error) {
	if runtime.GOOS == "windows" {
		return Local{}, errors.New("the local region requires Linux or macOS; on Windows, use WSL")
	}
	if app.Release == nil {
		return Local{}, errors.New("this program has no release to run a local region with")
	}
	found, err := app.Release(ctx)
	if err != nil {
		return Local{}, err
	}
	here, err := os.Getwd()
	if err != nil {
		return Local{}, fmt.Errorf("find project: %w", err)
	}
	project := Project(here)
	shown, err := filepath.Rel(here, project)
	if err != nil {
		shown = project
	}
	return Local{Root: found.Root, Project: project, Shown: shown}, nil
}

// Project is the closest folder at or above dir with stage files, a region or a Git repository; else dir.
func Project(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		// Not the folder .local alone: home folders have one for other programs.
		for _, mark := range []string{stages, filepath.Join(localregion.Dir, localregion.File), ".git"} {
			if _, err := os.Stat(filepath.Join(at, mark)); err == nil {
				return at
			}
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// HasStages reports whether the project has stage files, as ephemr init makes them.
func (l Local) HasStages() bool {
	_, err := os.Stat(filepath.Join(l.Project, stages))
	return err == nil
}

// Up installs the tools that are missing, starts the region and deploys to it.
func (l Local) Up(ctx context.Context, out io.Writer) error {
	if err := l.Install(ctx, out); err != nil {
		return err
	}
	if err := l.Laptop(ctx, out, out, "up"); err != nil {
		return err
	}
	return l.Laptop(ctx, out, out, "deploy")
}

// Install installs the tools that are missing.
func (l Local) Install(ctx context.Context, out io.Writer) error {
	return run(ctx, out, out, filepath.Join(l.Root, "scripts", "setup"))
}

// Laptop runs the release's program laptop for the project's region.
func (l Local) Laptop(ctx context.Context, out, messages io.Writer, args ...string) error {
	return run(ctx, out, messages, l.Program(), append(l.Args(), args...)...)
}

// Program is the release's program laptop.
func (l Local) Program() string { return filepath.Join(l.Root, "dist", "bin", "laptop") }

// Args are the flags of laptop that select the project's region and stage file.
func (l Local) Args() []string {
	args := []string{"--dir", filepath.Join(l.Project, localregion.Dir)}
	if l.HasStages() {
		args = append(args, "--stages", filepath.Join(l.Project, stages))
	}
	return args
}

func run(ctx context.Context, out, messages io.Writer, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // of our release
	cmd.Stdout, cmd.Stderr = out, messages
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute // to end what it has begun
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w", filepath.Base(program), err)
	}
	return nil
}
