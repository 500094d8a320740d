package result

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// GetAPI reads results.
type GetAPI interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// maxResult bounds a result.json: the runner writes a few KiB, and with many findings not
// more than half of it.
const maxResult = 2 << 20

// Reader reads what runners leave in S3 and CloudWatch Logs.
type Reader struct {
	S3         GetAPI
	LogsBucket string
	Logs       LogsAPI
	LogGroup   string // that runners stream to
}

// Read returns the runner's result of j's newest attempt: nil if it left none
// that can be read, or one of another attempt.
func (r *Reader) Read(ctx context.Context, of run.Run, j run.Job) (*job.Result, error) {
	key := of.ObjectPrefix(j) + "/" + job.ResultName
	res, err := r.read(ctx, key)
	if res != nil && !ofAttempt(*res, of, j) {
		slog.WarnContext(ctx, "result rejected: it is of another attempt", "runId", of.ID, "job", j.Name, "attempt", j.Attempt, "key", key)
		res = nil
	}
	return res, err
}

// ofAttempt reports whether res is of j's newest attempt. A runner of an older version
// repeats no nonce: that it knew where to leave the result shows which spec it was given.
func ofAttempt(res job.Result, of run.Run, j run.Job) bool {
	return res.RunID == of.ID && res.Job == j.Name && res.Attempt == j.Attempt && (res.Nonce == j.Nonce || res.Nonce == "")
}

func (r *Reader) read(ctx context.Context, key string) (*job.Result, error) {
	out, err := r.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.LogsBucket, Key: &key})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return nil, nil //nolint:nilnil // no result is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", r.LogsBucket, key, err)
	}
	defer out.Body.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(io.LimitReader(out.Body, maxResult))
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", r.LogsBucket, key, err)
	}
	return Parse(data), nil
}

// Parse reads a result.json. It comes from a machine that a job had in
// its hands, so anything that is not one counts as none, and what is too long
// for a record is cut: DynamoDB takes 400 KiB, and a result that cannot be
// written would keep its run waiting for ever.
func Parse(data []byte) *job.Result {
	var r job.Result
	if json.Unmarshal(data, &r) != nil || r.Job == "" || r.Attempt < 1 || !sound(r.Outputs) {
		return nil
	}
	if r.Class != "" && !slices.Contains(job.Classes, r.Class) {
		r.Class, r.Reason = job.ClassJob, fmt.Sprintf("class %.40q: %s", r.Class, r.Reason)
	}
	r.NothingToDo = r.NothingToDo && r.Succeeded()
	r.Reason, r.Signal, r.Cause = job.Clip(r.Reason, maxReason), job.Clip(r.Signal, 40), job.Clip(r.Cause, maxReason)
	r.Tail = r.Tail[max(0, len(r.Tail)-maxTail):]
	for i, line := range r.Tail {
		r.Tail[i] = job.Clip(line, maxLine)
	}
	r.Background = r.Background[:min(len(r.Background), maxBackground)]
	for i, name := range r.Background {
		r.Background[i] = job.Clip(name, maxProcess)
	}
	r.Checks, r.Tables = job.FitFindings(r.Checks), job.FitTables(r.Tables)
	return &r
}

// Limits of what a record keeps of a result; the runner's own are not higher.
const (
	maxReason = 1000 // bytes, like the others
	maxTail   = 20   // lines
	maxLine   = 500

	maxBackground = 20
	maxProcess    = 100
	maxOutputs    = 64 << 10 // all together
)

// sound says whether outputs can be kept; half of them would mislead.
func sound(outputs map[string]string) bool {
	size := 0
	for k, v := range outputs {
		size += len(k) + len(v)
		if k == "" {
			return false // DynamoDB has no empty names
		}
	}
	return size <= maxOutputs
}
