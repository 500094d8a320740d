package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
)

const (
	maxJSON  = 4 << 20 // bytes
	putTries = 6

	putWithin   = 30 * time.Second // one try, with the SDK's own
	afterCancel = 2 * time.Minute  // StopSteps kills earlier, if it is its doing
)

// spec reads the Spec at address, verifies and validates it. Even if it returns an
// error, the Spec identifies the attempt and the address of its Result.
func (r *Runner) spec(ctx context.Context, at object) (job.Spec, error) {
	guess := fromKey(at)
	var body []byte
	err := r.retry(ctx, 3, func(ctx context.Context) error {
		out, err := r.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.bucket, Key: &at.key})
		if err != nil {
			return explain("read "+at.String(), err)
		}
		defer out.Body.Close() //nolint:errcheck // only read
		body, err = io.ReadAll(io.LimitReader(out.Body, maxJSON))
		return err
	})
	if err != nil {
		return guess, err
	}
	if want := job.DigestOf(at.key); want != "" { // older steps name none
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != want {
			return guess, invalid("%s was changed after the step had been submitted: its digest is %x; retry the run, and find out who can write to the bucket", at, sum)
		}
	}
	var s job.Spec
	if err := json.Unmarshal(body, &s); err != nil {
		return guess, invalid("decode %s: %w", at, err)
	}
	if _, err := parseObject(s.Result); err != nil {
		s.Result = guess.Result
	}
	if err := validate(s); err != nil {
		return s, invalid("%s: %w", at, err)
	}
	return s, nil
}

// fromKey is what the address of a Spec says of it, for one that cannot be read.
func fromKey(at object) job.Spec {
	s := job.OfKey(at.key)
	s.Result = at.beside(job.ResultName).String()
	return s
}

func validate(s job.Spec) error {
	var errs []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	kind, known := job.Kinds[s.Type]
	must(known, "type %q is unknown", s.Type)
	must(s.RunID != "" && s.Job != "" && s.Attempt > 0, "runId, job or attempt is missing")
	must(s.TimeoutSeconds >= 0 && s.GraceSeconds >= 0, "timeout or grace is negative")
	must(s.Background.Valid(), "background %q is unknown", s.Background)
	for k, v := range s.Env {
		must(k != "" && !strings.ContainsAny(k, "=\x00") && !strings.Contains(v, "\x00"), "env %q is not a variable", k)
	}
	errs = append(errs, validateSecrets(s.Secrets)...)
	switch {
	case known && kind.Command == nil:
		must(len(s.Checks) > 0, "there are no checks")
	case known:
		must(s.Package != "", "there is no package")
		must(s.PackageSHA256 != "", "the package has no digest")
		must(filepath.IsLocal(s.Entry), "entry %q is not a file of the package", s.Entry)
	}
	return errors.Join(errs...)
}

func validateSecrets(all map[string]job.Secret) (errs []error) {
	for name, secret := range all {
		if name == "" || strings.ContainsAny(name, "=\x00/") {
			errs = append(errs, fmt.Errorf("secret %q is not a variable", name))
		}
		if _, err := job.ParseSecret(secret.Secret); err != nil {
			errs = append(errs, fmt.Errorf("secret %s: %w", name, err))
		}
	}
	return errs
}

// write stores the Result. Without one the attempt counts as lost, so this is
// retried as long as the step may run: until it is cancelled, as it is at the
// run's deadline, and a while longer.
func (r *Runner) write(ctx context.Context, address string, res job.Result) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(afterCancel):
			end()
		case <-life.Done():
		}
	})()
	to, err := parseObject(address)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(res, "", "  ")
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	refused := 0
	tries := 0
	return r.retry(life, math.MaxInt, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, putWithin)
		defer cancel()
		_, err := r.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &to.bucket, Key: &to.key,
			Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
		})
		err = explain("write result "+to.String(), err)
		if err == nil {
			return nil
		}
		if tries++; tries == putTries {
			r.say("%v; trying again until the step is cancelled", err)
		}
		if final(err) {
			if refused++; refused < putTries { // roles and buckets may be out of order for a moment
				return errors.New(err.Error())
			}
		}
		return err
	})
}
