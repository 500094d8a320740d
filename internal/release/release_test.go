package release_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/release"
)

func TestFindUnpacksOnce(t *testing.T) {
	t.Parallel()
	s := search(t)
	unpacked := 0
	s.Unpacking = func(string) { unpacked++ }
	archive(t, filepath.Join(filepath.Dir(s.Program), release.ArchiveName("v1")), map[string]string{
		"./cdk.json": "{}", "./scripts/setup": "#!/bin/sh\n", "./dist/version": "v1\n",
	})
	for range 2 {
		r, err := s.Find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Version != "v1" || filepath.Dir(r.Root) != s.Cache {
			t.Errorf("got %+v", r)
		}
		if st, err := os.Stat(filepath.Join(r.Root, "scripts", "setup")); err != nil || st.Mode().Perm() != 0o755 {
			t.Errorf("setup: %v, %v", st, err)
		}
	}
	if left, err := os.ReadDir(s.Cache); unpacked != 1 || len(left) != 1 || err != nil {
		t.Errorf("unpacked %d times; cache has %v, %v", unpacked, left, err)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	root := map[string]string{"cdk.json": "{}", "scripts/setup": "", "dist/version": "v2\n"}
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"another version":    {root, "has version v2, and this is ephemr v1; use files of the same release"},
		"another archive":    {map[string]string{"README.md": ""}, "is not an unpacked stack archive"},
		"a file outside":     {map[string]string{"../cdk.json": ""}, "path escapes from parent"},
		"an absolute path":   {map[string]string{"/tmp/ephemr-test/cdk.json": ""}, "path escapes from parent"},
		"no version at all":  {map[string]string{"cdk.json": "{}", "scripts/setup": ""}, "read version of release"},
		"no archive there":   {nil, "no such file"},
		"the same file name": {map[string]string{"a/../x": "", "x": ""}, "file exists"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := search(t)
			s.Given = filepath.Join(t.TempDir(), "stack.tar.gz")
			if tt.files != nil {
				archive(t, s.Given, tt.files)
			}
			_, err := s.Find(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			for _, left := range glob(t, filepath.Join(s.Cache, ".unpack-*")) {
				t.Errorf("%s is left", left)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	s := search(t)
	_, err := s.Find(t.Context())
	if !errors.Is(err, release.ErrNotFound) || !strings.Contains(err.Error(), release.ArchiveName("v1")+" of the release beside ephemr") {
		t.Errorf("got %v", err)
	}
}

func TestFindCheckout(t *testing.T) {
	t.Parallel()
	s := search(t)
	root := t.TempDir()
	for _, file := range []string{"cdk.json", "go.mod", "scripts/setup", "dist/bin/ephemr", "dist/version"} {
		put(t, filepath.Join(root, file), "v0")
	}
	s.Program = filepath.Join(root, "dist", "bin", "ephemr")
	if r, err := s.Find(t.Context()); err != nil || r.Version != "v0" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestUnpackingIsInterrupted(t *testing.T) {
	t.Parallel()
	s := search(t)
	s.Given = filepath.Join(t.TempDir(), "stack.tar.gz")
	archive(t, s.Given, map[string]string{"cdk.json": "{}"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Find(ctx); !errors.Is(err, context.Canceled) || len(glob(t, filepath.Join(s.Cache, ".unpack-*"))) > 0 {
		t.Errorf("got %v", err)
	}
}

func search(t *testing.T) release.Search {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "bin", "ephemr"), "")
	return release.Search{Program: filepath.Join(dir, "bin", "ephemr"), Version: "v1", Cache: filepath.Join(dir, "cache")}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func archive(t *testing.T, path string, files map[string]string) {
	t.Helper()
	f, err := os.Create(path) //nolint:gosec // in a temporary directory
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	w := tar.NewWriter(zipped)
	for name, text := range files {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}))
		_, wrote := w.Write([]byte(text))
		err = errors.Join(err, wrote)
	}
	if err := errors.Join(err, w.Close(), zipped.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}
