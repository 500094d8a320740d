package step

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/internal/job"
)

// GetAPI reads results.
type GetAPI interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// maxResult bounds a result.json: the runner writes a few KiB.
const maxResult = 1 << 20

func (s *Submitter) store(ctx context.Context, spec job.Spec) (string, error) {
	data, err := json.Marshal(spec)
	if err != nil {
		return "", fmt.Errorf("encode job %s: %w", spec.Job, err)
	}
	key := job.Dir(spec.RunID, spec.Job, spec.Attempt) + "/job.json"
	if _, err := s.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.Settings.LogsBucket, Key: &key, Body: bytes.NewReader(data), ContentType: aws.String("application/json"),
	}); err != nil {
		return "", fmt.Errorf("write s3://%s/%s: %w", s.Settings.LogsBucket, key, err)
	}
	return "s3://" + s.Settings.LogsBucket + "/" + key, nil
}

// result reads what the runner found out about an attempt; nil if it left
// nothing that can be read.
func result(ctx context.Context, api GetAPI, bucket, key string) (*job.Result, error) {
	out, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return nil, nil //nolint:nilnil // no result is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	defer out.Body.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(out.Body, maxResult))
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return ParseResult(data), nil
}

// ParseResult reads a result.json. It comes from a machine that a job had in
// its hands, so anything that is not one counts as none.
func ParseResult(data []byte) *job.Result {
	var r job.Result
	if json.Unmarshal(data, &r) != nil || r.Job == "" || r.Attempt < 1 {
		return nil
	}
	for i, line := range r.Tail {
		r.Tail[i] = strings.ToValidUTF8(line, "\uFFFD")
	}
	return &r
}
