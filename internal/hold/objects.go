package hold

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// ListAPI lists objects.
type ListAPI interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Objects finds out whether the objects exist that runs wait for.
type Objects struct {
	Runs *store.Runs
	S3   ListAPI

	mu     sync.Mutex
	minute time.Time
	calls  int
}

// Found is the answer to the AwaitObjects state.
type Found struct {
	Objects []string `json:"objects"`
}

// Limits of calls. What is left out is looked at by the next tick: the runs come in
// another order every time. A run whose time is over is always looked at.
const (
	addressesPerMinute = 300
	pagesPerLook       = 3
)

// Look answers when every object exists.
func (o *Objects) Look(ctx context.Context, rec *run.Record, _ engine.View) (*wait.Answer, error) {
	late := time.Now().After(rec.Waiter.Deadline)
	for _, uri := range rec.Waiter.Objects {
		if !o.mayCall() && !late { // what is not looked for is not missing
			return nil, nil //nolint:nilnil // not yet, and that is no error
		}
		found, err := o.exists(ctx, uri)
		if err != nil {
			return unreadable(err, late)
		}
		if !found && late {
			return &wait.Answer{Err: fault.New(fault.Timeout, "waitFor: %s did not exist within %s", uri, rec.Spec.WaitFor.Timeout)}, nil
		}
		if !found {
			return nil, nil //nolint:nilnil // not yet, and that is no error
		}
	}
	if err := resumed(ctx, o.Runs, rec); err != nil {
		return nil, err
	}
	return &wait.Answer{Output: Found{Objects: rec.Waiter.Objects}}, nil
}

// unreadable answers for an address that could not be read: at once where repeating cannot
// help, at the deadline otherwise; until then the error is the tick's.
func unreadable(err error, late bool) (*wait.Answer, error) {
	switch name := fault.NameOf(err); {
	case name == fault.Permission || name == fault.InvalidInput:
		return &wait.Answer{Err: err}, nil
	case late:
		return &wait.Answer{Err: fault.New(fault.Timeout, "waitFor: %w", err)}, nil
	}
	return nil, err
}

// exists looks for an object, or for any below an address that ends in a slash. Hidden
// names and empty markers of folders do not count.
func (o *Objects) exists(ctx context.Context, uri string) (bool, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key}
	below := key == "" || strings.HasSuffix(key, "/")
	if !below {
		in.MaxKeys = aws.Int32(1) // the object itself is the first of those that begin like it
	}
	for range pagesPerLook {
		page, err := o.S3.ListObjectsV2(ctx, in)
		if err != nil {
			return false, fmt.Errorf("look for %s: %w", uri, err)
		}
		if contains(page.Contents, key, below) {
			return true, nil
		}
		if !below || page.NextContinuationToken == nil {
			return false, nil
		}
		in.ContinuationToken = page.NextContinuationToken
	}
	return false, nil
}

// contains reports whether a page has the object key, or any data below key.
func contains(page []types.Object, key string, below bool) bool {
	for _, x := range page {
		if k := aws.ToString(x.Key); k == key && !below || below && !pipeline.IsHidden(strings.TrimPrefix(k, key), aws.ToInt64(x.Size)) {
			return true
		}
	}
	return false
}

// mayCall counts the addresses of a minute, of all runs together.
func (o *Objects) mayCall() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now().Truncate(time.Minute); !now.Equal(o.minute) {
		o.minute, o.calls = now, 0
	}
	o.calls++
	return o.calls <= addressesPerMinute
}
