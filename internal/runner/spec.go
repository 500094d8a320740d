package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
)

const (
	maxJSON  = 4 << 20 // bytes
	putTries = 6
)

// spec reads and validates the Spec at address. Even if it returns an error, the
// Spec identifies the attempt and the address of its Result.
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

// fromKey reads job.Dir's layout backwards, for a Spec that cannot be read.
func fromKey(at object) job.Spec {
	s := job.Spec{Result: at.beside("result.json").String()}
	parts := strings.Split(at.key, "/")
	if n := len(parts); n >= 4 {
		s.RunID, s.Job = parts[n-4], parts[n-3]
		s.Attempt, _ = strconv.Atoi(parts[n-2])
	}
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

// write stores the Result. It is retried for a long time, also after a
// cancellation: without a Result the attempt counts as lost.
func (r *Runner) write(ctx context.Context, address string, res job.Result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	to, err := parseObject(address)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(res, "", "  ")
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	return r.retry(ctx, putTries, func(ctx context.Context) error {
		_, err := r.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &to.bucket, Key: &to.key,
			Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
		})
		return explain("write result "+to.String(), err)
	})
}
