// Package upgrade is ephemr upgrade: it pins the repository of a platform to this release.
package upgrade

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/version"
)

// pin is the file of a repository that names the release which its workflows install.
const pin = ".ephemr-version"

// Options of ephemr upgrade.
type Options struct {
	Project   string // folder of the repository
	DryRun    bool   // only show the changes
	Downgrade bool   // also to an older release
	JSON      bool
}

// result is what -o json prints.
type result struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Pinned  bool   `json:"pinned"`  // the file was written
	Changes string `json:"changes"` // sections of the changelog
}

// Run pins the repository to release ours, after printing what has changed since the release that it is pinned to.
func Run(o Options, io *terminal.IO, ours, changelog string) error {
	file := filepath.Join(o.Project, pin)
	pinned, err := read(file)
	if err != nil {
		return err
	}
	older, known := version.Older(ours, pinned)
	if older && !o.Downgrade {
		return exit.Usage("%s pins ephemr %s, which is newer than this one, %s; install a newer release, or pin this one with --downgrade", file, pinned, ours)
	}
	r := result{From: pinned, To: ours, Pinned: pinned != ours && !o.DryRun}
	if pinned != ours && !older {
		r.Changes = changes(changelog, pinned)
	}
	if r.Pinned {
		if err := os.WriteFile(file, []byte(ours+"\n"), 0o644); err != nil { //nolint:gosec // a file of the repository
			return fmt.Errorf("pin the version: %w", err)
		}
	}
	if o.JSON {
		return io.JSON(r)
	}
	report(io, file, r, known)
	return nil
}

// read returns the version that is pinned in file.
func read(file string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // of the repository
	if errors.Is(err, fs.ErrNotExist) {
		return "", exit.Usage("%s is missing: run ephemr upgrade in a repository that ephemr init has made, or create the file with a version in it", file)
	}
	if err != nil {
		return "", fmt.Errorf("read the pinned version: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// report prints r for people; ordered is whether it is known which version is newer.
func report(io *terminal.IO, file string, r result, ordered bool) {
	if r.From != r.To && !ordered {
		io.Notef("which of %s and %s is newer is not known: only versions with a tag can be compared\n", r.From, r.To)
	}
	if r.Changes != "" {
		io.Printf("%s\n", r.Changes)
	}
	switch {
	case r.Pinned:
		io.Notef("%s: ephemr %s instead of %s; commit it: the pull request shows what a deployment changes\n", file, r.To, r.From)
	case r.From == r.To:
		io.Notef("%s pins ephemr %s already\n", file, r.To)
	default:
		io.Notef("%s would pin ephemr %s instead of %s\n", file, r.To, r.From)
	}
}
