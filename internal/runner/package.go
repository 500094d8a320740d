package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/runner/archive"
	"ephemr/internal/script"
)

const maxZip = 1 << 30 // bytes

var unpackLimits = archive.Limits{Files: 100_000, Bytes: 4 << 30}

// fetch downloads the package of s, verifies it and unpacks it into w.
func (r *Runner) fetch(ctx context.Context, s job.Spec, w workspace) error {
	from, err := parseObject(s.Package)
	if err != nil {
		return invalid("package: %w", err)
	}
	zip := filepath.Join(w.dir, "package.zip")
	var digest string
	err = r.retry(ctx, 4, func(ctx context.Context) (err error) {
		digest, err = r.download(ctx, from, zip, maxZip)
		return err
	})
	if err != nil {
		return err
	}
	if !strings.EqualFold(digest, s.PackageSHA256) {
		return invalid("package %s has the digest %s instead of %s", from, digest, s.PackageSHA256)
	}
	if err := archive.Unpack(zip, w.files, r.within(unpackLimits, w.dir, "package "+from.String())); err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Join(w.files, s.Entry)); err != nil || !info.Mode().IsRegular() {
		return invalid("entry %s is not in package %s", s.Entry, from)
	}
	if err := checkScripts(s, w); err != nil {
		return err
	}
	return os.Remove(zip)
}

// checkScripts is what packaging checks too: a package may come from elsewhere.
func checkScripts(s job.Spec, w workspace) error {
	return filepath.WalkDir(w.files, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !isFile(file) {
			return err
		}
		name, err := filepath.Rel(w.files, file)
		if err != nil {
			return err
		}
		info, err := os.Stat(file)
		entry := name == filepath.Clean(s.Entry)
		if err != nil || !entry && !script.Concerns(name, info.Mode()&0o100 != 0) {
			return err
		}
		text, err := os.Open(file) //nolint:gosec // of the package
		if err != nil {
			return err
		}
		defer text.Close() //nolint:errcheck // only read
		if err := script.Check(s.Type, name, entry, text); err != nil {
			return invalid("check the package: %w", err)
		}
		return nil
	})
}

// download copies an object to a file, up to a maximum size, and returns its
// SHA-256.
func (r *Runner) download(ctx context.Context, from object, name string, most int64) (_ string, err error) {
	out, err := r.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &from.bucket, Key: &from.key})
	if err != nil {
		return "", explain("read package "+from.String(), err)
	}
	defer out.Body.Close() //nolint:errcheck // only read
	if err := r.fits(filepath.Dir(name), "package "+from.String(), aws.ToInt64(out.ContentLength)); err != nil {
		return "", err
	}
	f, err := os.Create(name) //nolint:gosec // in our own work directory
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(out.Body, most+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read package %s: %w", from, err)
	case n > most:
		return "", invalid("package %s is larger than %d bytes", from, most)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
