// Package manual generates man pages, Markdown pages and shell completions from
// the commands.
package manual

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ephemr/internal/cli"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

//go:generate go test -run TestReferenceIsCurrent . -update

// root is the command line without defaults from the environment.
func root() *cobra.Command {
	app := &session.App{IO: &terminal.IO{Out: io.Discard, Err: io.Discard}, Getenv: func(string) string { return "" }}
	r := cli.Root(app, "")
	r.DisableAutoGenTag = true
	return r
}

// Pages writes a man page for each command into dir, with version and month.
func Pages(dir, version string, at time.Time) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("write man pages: %w", err)
	}
	header := &doc.GenManHeader{Section: "1", Source: "ephemr " + version, Manual: "ephemr", Date: &at}
	if err := doc.GenManTree(root(), header, dir); err != nil {
		return fmt.Errorf("write man pages: %w", err)
	}
	return nil
}

const generated = "<!-- Written by make generate. -->\n\n"

// Reference writes a Markdown page for each command into dir, and removes those
// of commands that are gone.
func Reference(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "ephemr*.md"))
	for _, page := range old {
		err = errors.Join(err, os.Remove(page))
	}
	if err = errors.Join(err, os.MkdirAll(dir, 0o750)); err != nil {
		return fmt.Errorf("write command reference: %w", err)
	}
	same := func(name string) string { return name }
	if err := doc.GenMarkdownTreeCustom(root(), dir, func(string) string { return generated }, same); err != nil {
		return fmt.Errorf("write command reference: %w", err)
	}
	return nil
}

// Completions writes the completion scripts into dir.
func Completions(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("write completions: %w", err)
	}
	r := root()
	return errors.Join(
		r.GenBashCompletionFileV2(filepath.Join(dir, "ephemr.bash"), true),
		r.GenZshCompletionFile(filepath.Join(dir, "_ephemr")),
		r.GenFishCompletionFile(filepath.Join(dir, "ephemr.fish"), true),
		r.GenPowerShellCompletionFileWithDesc(filepath.Join(dir, "ephemr.ps1")),
	)
}
