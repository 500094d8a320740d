// Package release finds what ephemr deploys: the stack archive of its release, which it unpacks, or the checkout that
// it was built in. Both have the same layout.
package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Variable is the environment variable for the stack archive, or a folder with its content.
const Variable = "EPHEMR_STACK"

// Search is where to look.
type Search struct {
	Given   string // archive or folder; "" = beside Program
	Program string // path of ephemr
	Version string // of ephemr
	Cache   string // folder in which archives are unpacked

	Unpacking func(archive string) // called before an archive is unpacked, which takes seconds; may be nil
}

// Release is an unpacked release, or a checkout.
type Release struct {
	Root    string // folder with cdk.json, dist and scripts
	Version string
}

// ErrNotFound is returned if there is neither an archive nor a checkout.
var ErrNotFound = errors.New("stack archive not found")

// ArchiveName is the file name of the stack archive for this machine.
func ArchiveName(version string) string {
	return fmt.Sprintf("ephemr-stack_%s_%s_%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)
}

// Find returns the release. Its version is that of ephemr, unless it is a checkout.
func (s Search) Find(ctx context.Context) (Release, error) {
	path, err := s.path()
	if err != nil {
		return Release{}, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return Release{}, fmt.Errorf("find stack archive: %w", err)
	}
	if st.Mode().IsRegular() {
		if path, err = s.unpack(ctx, path); err != nil {
			return Release{}, err
		}
	}
	r := Release{Root: path}
	if !isRoot(path) {
		return r, fmt.Errorf("%s is not an unpacked stack archive: it has no cdk.json and scripts/setup", path)
	}
	text, err := os.ReadFile(filepath.Join(path, "dist", "version")) //nolint:gosec // of the release
	if err != nil {
		return r, fmt.Errorf("read version of release (in a checkout, run make build first): %w", err)
	}
	r.Version = strings.TrimSpace(string(text))
	if r.Version != s.Version && !isCheckout(path) {
		return r, fmt.Errorf("%s has version %s, and this is ephemr %s; use files of the same release", path, r.Version, s.Version)
	}
	return r, nil
}

// path is that of the archive or folder.
func (s Search) path() (string, error) {
	if s.Given != "" {
		return filepath.Abs(s.Given) //nolint:wrapcheck // only fails without a working directory
	}
	program, err := filepath.EvalSymlinks(s.Program)
	if err != nil {
		return "", fmt.Errorf("find stack archive: %w", err)
	}
	beside := filepath.Join(filepath.Dir(program), ArchiveName(s.Version))
	if _, err := os.Stat(beside); err == nil {
		return beside, nil
	}
	if checkout := filepath.Dir(filepath.Dir(filepath.Dir(program))); isCheckout(checkout) { // of dist/bin/ephemr
		return checkout, nil
	}
	return "", fmt.Errorf("%w: put %s of the release beside ephemr, in %s, or set %s to the file",
		ErrNotFound, filepath.Base(beside), filepath.Dir(program), Variable)
}

func isRoot(dir string) bool { return has(dir, "cdk.json") && has(dir, "scripts/setup") }

func isCheckout(dir string) bool { return isRoot(dir) && has(dir, "go.mod") }

func has(dir, file string) bool {
	_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(file)))
	return err == nil
}
