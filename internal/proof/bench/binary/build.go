// Package binary measures the size and start time of the functions' binaries,
// compared with a function that does nothing.
package binary

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Functions of the bench.
const (
	Hello  = "hello"  // does nothing
	Writer = "writer" // does a conditional write for each message
)

const (
	ours    = "./functions/..."
	own     = "./internal/proof/bench/"
	nothing = own + Hello
)

// build compiles packages for a platform, with the flags that scripts/build
// gives to functions, and returns their paths by name.
func build(ctx context.Context, root, dir, platform string, packages ...string) (map[string]string, error) {
	goos, goarch, _ := strings.Cut(platform, "/")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("build functions: %w", err)
	}
	args := append([]string{
		"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", dir + string(filepath.Separator),
	}, packages...)
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own packages
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build functions for %s: %w\n%s", platform, err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("build functions: %w", err)
	}
	paths := map[string]string{}
	for _, e := range entries {
		paths[e.Name()] = filepath.Join(dir, e.Name())
	}
	return paths, nil
}

// Zip is the package of a function of the bench, for this machine.
func Zip(ctx context.Context, root, dir, name string) ([]byte, error) {
	paths, err := build(ctx, root, dir, Platform(), own+name)
	if err != nil {
		return nil, err
	}
	return zipped(paths[name])
}

// zipped is a Lambda package that holds the file only.
func zipped(path string) ([]byte, error) {
	data, err := os.ReadFile(path) //nolint:gosec // just built
	if err != nil {
		return nil, fmt.Errorf("zip binary: %w", err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err == nil {
		_, err = w.Write(data)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("zip %s: %w", path, err)
	}
	return out.Bytes(), nil
}
