package runner

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// marker is started.json: who executes an attempt.
type marker struct {
	Runner    string    `json:"runner"` // unique
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	StartedAt time.Time `json:"startedAt"`
}

// conflictError is returned if another runner has claimed the attempt.
type conflictError struct {
	at object
	by marker
}

func (e *conflictError) Error() string {
	return fmt.Sprintf("conflict: %s says that this attempt was started at %s on %s (pid %d), not running it again",
		e.at, e.by.StartedAt.Format(time.RFC3339), e.by.Host, e.by.PID)
}

func asConflict(err error) (*conflictError, bool) { return errors.AsType[*conflictError](err) }

// claim writes the marker, which fails if there is one. The program must not run
// without it, because it might be running elsewhere.
func (r *Runner) claim(ctx context.Context, at object) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	host, _ := os.Hostname()
	mine := marker{Runner: rand.Text(), Host: host, PID: os.Getpid(), StartedAt: r.Now().UTC()}
	body, err := json.Marshal(mine)
	if err != nil {
		return err
	}
	return r.retry(ctx, putTries, func(ctx context.Context) error {
		_, err := r.S3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &at.bucket, Key: &at.key, IfNoneMatch: aws.String("*"),
			Body: strings.NewReader(string(body)), ContentType: aws.String("application/json"),
		})
		if errCode(err) == "PreconditionFailed" {
			return r.owner(ctx, at, mine)
		}
		return explain("write "+at.String(), err)
	})
}

// owner checks whose the marker is: the response to the first try may have been
// lost, and then the second one is rejected.
func (r *Runner) owner(ctx context.Context, at object, mine marker) error {
	out, err := r.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.bucket, Key: &at.key})
	if err != nil {
		return explain("read "+at.String(), err)
	}
	defer out.Body.Close() //nolint:errcheck // only read
	var theirs marker
	if err := json.NewDecoder(io.LimitReader(out.Body, maxJSON)).Decode(&theirs); err != nil {
		return &conflictError{at: at}
	}
	if theirs.Runner == mine.Runner {
		return nil
	}
	return &conflictError{at: at, by: theirs}
}
