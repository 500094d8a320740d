package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/runner/archive"
)

// maxPut is what one PutObject takes.
const maxPut = 5 << 30

// requirements provides the libraries of requirements.txt in beside: from an
// archive that an earlier attempt stored, or with pip.
func (r *Runner) requirements(ctx context.Context, s job.Spec, w workspace, beside string, h helper) (python, error) {
	in, err := r.installation(ctx, s, w, beside, h.Env)
	if err != nil {
		return python{}, err
	}
	at, err := parseObject(s.Venvs + "/" + in.digest + ".tar.gz")
	if err != nil {
		return python{}, invalid("venvs: %w", err)
	}
	if prefix := path.Base(s.Venvs); prefix != "venvs" {
		at.hidden = prefix // other jobs can read the logs, and must not store libraries there
	}
	dir, file := filepath.Join(w.dir, "python"), filepath.Join(w.dir, "python.tar.gz")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return python{}, err
	}
	found, err := r.stored(ctx, at, dir, file, h)
	if found || err != nil {
		return ofTarget(dir, file), err
	}
	h.stderr.notice("ephemr: installing " + requirementsFile + " with pip, for this and later attempts")
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return python{}, err
	}
	h.Env = in.env
	if err := (pip{helper: h, installation: in, into: dir, spec: s}).all(ctx); err != nil {
		return python{}, r.ofSpace(err, dir)
	}
	if err := packTo(file, dir); err != nil {
		return python{}, err
	}
	if err := r.keep(ctx, at, file); err != nil {
		h.stderr.notice("ephemr: " + at.hide(err.Error()) + "; later attempts have to install " + requirementsFile + " again")
	}
	return ofTarget(dir, file), nil
}

// stored uses the archive of an earlier attempt, if there is one. Without space for
// it there is none for pip either.
func (r *Runner) stored(ctx context.Context, at object, dir, file string, h helper) (found bool, err error) {
	err = r.made(ctx, at, dir, file)
	switch {
	case err == nil:
		h.stderr.notice("ephemr: libraries of " + requirementsFile + " come from " + at.String())
		return true, nil
	case isFull(err):
		return false, err
	case !missing(err):
		h.stderr.notice("ephemr: " + at.hide(err.Error()))
	}
	return false, nil
}

// made downloads a stored archive and unpacks it for the driver.
func (r *Runner) made(ctx context.Context, at object, dir, file string) error {
	err := r.retry(ctx, 4, func(ctx context.Context) error {
		_, err := r.download(ctx, at, file, maxPut)
		return err
	})
	if err != nil {
		return err
	}
	in, err := os.Open(file) //nolint:gosec // in our own work directory
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	if err := archive.Untar(in, dir, r.within(environmentLimits, dir, "the environment")); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

// pip installs into a directory.
type pip struct {
	helper
	installation
	into string
	spec job.Spec
}

func (p pip) all(ctx context.Context) error {
	if err := p.install(ctx, "--requirement", p.file); err != nil {
		return err
	}
	return p.replaceEditable(ctx)
}

// install runs pip in the directory of the file, so that paths in it are relative
// to it, or in an empty one.
func (p pip) install(ctx context.Context, what ...string) error {
	argv := append([]string{p.interpreter, "-m", "pip", "install", "--no-input", "--no-compile", "--target", p.into}, what...)
	exit, last, err := p.run(ctx, p.dir, argv, "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_ROOT_USER_ACTION=ignore", "PIP_USER=0", "PIP_NO_COLOR=1", "PIP_PROGRESS_BAR=off")
	if err != nil {
		return err
	}
	name := "pip install -r " + requirementsFile
	switch res := judge(p.spec, name, exit); {
	case exit.Err != nil:
		return &failure{res.Class, res.ExitCode, errors.New(res.Reason)}
	case exit.Code != 0:
		return &failure{job.ClassJob, exitRequirements, fmt.Errorf(
			"%s exited %d: %s; where no index can be reached, bring wheels in the package and add the lines --no-index and --find-links wheels",
			name, exit.Code, complaint(last))}
	}
	return nil
}

// complaint returns the last error lines of pip.
func complaint(last []string) string {
	errs := slices.DeleteFunc(slices.Clone(last), func(line string) bool { return !strings.HasPrefix(line, "ERROR: ") })
	if len(errs) == 0 {
		errs = last
	}
	return strings.Join(errs[max(0, len(errs)-2):], "; ")
}

func packTo(file, dir string) (err error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // in our own work directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := archive.Tar(f, dir); err != nil {
		return fmt.Errorf("pack the libraries of %s: %w", requirementsFile, err)
	}
	return nil
}

// keep stores the archive for later attempts. If two attempts store it at the
// same time, the first one's is kept.
func (r *Runner) keep(ctx context.Context, at object, file string) error {
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxPut {
		err = fmt.Errorf("%d bytes exceed the limit of one PutObject call", info.Size())
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", at, err)
	}
	return r.retry(ctx, 4, func(ctx context.Context) error {
		f, err := os.Open(file) //nolint:gosec // in our own work directory
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		_, err = r.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &at.bucket, Key: &at.key, IfNoneMatch: aws.String("*"), Body: f, ContentLength: aws.Int64(info.Size()),
			ContentType: aws.String("application/gzip"),
		})
		if code := errCode(err); code == "PreconditionFailed" || code == "ConditionalRequestConflict" {
			return nil
		}
		return explain("keep "+at.String(), err)
	})
}
