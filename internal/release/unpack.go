package release

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// unpack returns the folder of the cache with the content of archive.
func (s Search) unpack(ctx context.Context, archive string) (string, error) {
	sum, err := digest(archive)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(s.Cache, s.Version+"-"+sum[:12])
	if isRoot(dir) {
		return dir, nil
	}
	if s.Unpacking != nil {
		s.Unpacking(archive)
	}
	if err := os.MkdirAll(s.Cache, 0o750); err != nil {
		return "", fmt.Errorf("unpack %s: %w", archive, err)
	}
	temp, err := os.MkdirTemp(s.Cache, ".unpack-")
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", archive, err)
	}
	err = extract(ctx, archive, temp)
	if err == nil {
		if err = os.Rename(temp, dir); err != nil && isRoot(dir) { // another process was faster
			err = os.RemoveAll(temp)
		}
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("unpack %s: %w", archive, err), os.RemoveAll(temp))
	}
	return dir, nil
}

// extract writes the files of archive into dir.
func extract(ctx context.Context, archive, dir string) error {
	f, err := os.Open(archive) //nolint:gosec // given by the user
	if err != nil {
		return err //nolint:wrapcheck // by the caller
	}
	defer f.Close() //nolint:errcheck // read only
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err //nolint:wrapcheck // by the caller
	}
	root, err := os.OpenRoot(dir) // no file gets outside
	if err != nil {
		return err //nolint:wrapcheck // by the caller
	}
	defer root.Close() //nolint:errcheck // a directory
	for files := tar.NewReader(unzipped); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = write(root, h, files)
		}
		if err != nil {
			return err
		}
	}
}

func write(root *os.Root, h *tar.Header, content io.Reader) error {
	name := filepath.Clean(filepath.FromSlash(h.Name))
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755) //nolint:wrapcheck // by the caller
	case tar.TypeReg:
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err //nolint:wrapcheck // by the caller
		}
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, h.FileInfo().Mode().Perm())
		if err != nil {
			return err //nolint:wrapcheck // by the caller
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	}
	return fmt.Errorf("%s is neither a file nor a folder", h.Name)
}

func digest(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // given by the user
	if err != nil {
		return "", fmt.Errorf("read stack archive: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read stack archive: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
