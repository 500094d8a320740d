package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	cliversion "ephemr/internal/cli/version"
	"ephemr/internal/release"
)

// find finds the stack archive of this ephemr, or the checkout that it was built in.
func find(ctx context.Context) (release.Release, error) {
	program, err := os.Executable()
	if err != nil {
		return release.Release{}, fmt.Errorf("find this program: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return release.Release{}, fmt.Errorf("find a folder for the unpacked stack archive: %w", err)
	}
	dir := filepath.Join(cache, "ephemr")
	return release.Search{
		Given: os.Getenv(release.Variable), Program: program, Version: cliversion.Of(version).Version, Cache: dir,
		Unpacking: func(archive string) { _, _ = fmt.Fprintf(os.Stderr, "unpacking %s into %s\n", archive, dir) },
	}.Find(ctx)
}
