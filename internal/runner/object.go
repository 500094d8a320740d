package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type objectWriter interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// object is the address of an S3 object.
type object struct {
	bucket, key string
	hidden      string // part of the key that messages do not show
}

func parseObject(address string) (object, error) {
	rest, ok := strings.CutPrefix(address, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" || key == "" {
		return object{}, fmt.Errorf("parse %q: want s3://bucket/key", address)
	}
	return object{bucket: bucket, key: key}, nil
}

func (o object) String() string { return o.hide("s3://" + o.bucket + "/" + o.key) }

// hide removes from a message what is hidden: S3's own messages contain keys.
func (o object) hide(message string) string {
	if o.hidden == "" {
		return message
	}
	return strings.ReplaceAll(message, o.hidden, "…")
}

// beside is an object of that name in the same folder.
func (o object) beside(name string) object {
	return object{bucket: o.bucket, key: path.Join(path.Dir(o.key), name)}
}

// maxDoublings bounds the wait between two tries: 16 s for half a second.
const maxDoublings = 5

// retry calls do until it succeeds, with full jitter in between. Errors
// that a retry cannot fix end it.
func (r *Runner) retry(ctx context.Context, tries int, do func(context.Context) error) error {
	for try := 0; ; try++ {
		err := do(ctx)
		if err == nil || try+1 >= tries || ctx.Err() != nil || final(err) {
			return err
		}
		wait := time.NewTimer(rand.N(r.Wait<<min(try, maxDoublings) + 1)) //nolint:gosec // jitter is no secret
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return errors.Join(err, ctx.Err())
		}
	}
}
