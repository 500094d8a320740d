package register

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/calendar"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// GetAPI reads objects.
type GetAPI interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// RolledBack is the answer to Rollback.
type RolledBack struct {
	Output

	From int `json:"from"` // the version that was the current one
	To   int `json:"to"`   // the version whose content it has now
}

// Rollback makes the content of an older version a new one; to = 0 is the version
// before the current one. It is checked as a new version would be.
func (r *Register) Rollback(ctx context.Context, name string, to int, packages GetAPI) (RolledBack, error) {
	before, err := r.Store.registered(ctx, name)
	if err != nil {
		return RolledBack{}, err
	}
	if err := before.mustExist(name); err != nil {
		return RolledBack{}, err
	}
	from := before.current.Number
	if to == 0 {
		to = from - 1
	}
	old, err := r.older(ctx, name, to, from)
	if err != nil {
		return RolledBack{}, err
	}
	spec, err := r.check(ctx, []byte(old.Spec))
	if err != nil {
		return RolledBack{}, fmt.Errorf("version %d cannot be registered any more: %w", to, err)
	}
	if err := available(ctx, packages, r.Settings.ArtifactsBucket, spec); err != nil {
		return RolledBack{}, err
	}
	now := time.Now()
	v, changed, err := r.Store.add(ctx, spec, old.Digest, from, now)
	if err != nil {
		return RolledBack{}, err
	}
	slog.InfoContext(ctx, "pipeline rolled back", "pipeline", name, "version", v.Number, "from", from, "to", to, "changed", changed)
	return RolledBack{Output: output(spec, v, changed, now), From: from, To: to}, nil
}

// older is a version before the current one.
func (r *Register) older(ctx context.Context, name string, to, current int) (*row, error) {
	if to < 1 || to > current {
		return nil, fault.New(fault.InvalidInput, "pipeline %s has no version %d; the current one is %d", name, to, current)
	}
	out, err := r.Store.DB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &r.Store.Table, ConsistentRead: aws.Bool(true), Key: records.VersionKey(name, to).Attributes(),
	})
	if err != nil {
		return nil, fmt.Errorf("look up version %d of pipeline %s: %w", to, name, err)
	}
	if out.Item == nil {
		return nil, fault.New(fault.InvalidInput, "version %d of pipeline %s was deleted; the current one is %d", to, name, current)
	}
	var old row
	if err := attributevalue.UnmarshalMap(out.Item, &old); err != nil {
		return nil, fmt.Errorf("read version %d of pipeline %s: %w", to, name, err)
	}
	return &old, nil
}

// available returns an error for each package of spec that is gone.
func available(ctx context.Context, api GetAPI, bucket string, spec pipeline.Spec) error {
	var errs []error
	seen := map[string]bool{}
	for _, j := range spec.Jobs {
		if seen[j.Package.Key] {
			continue
		}
		seen[j.Package.Key] = true
		out, err := api.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &j.Package.Key, Range: aws.String("bytes=0-0")})
		switch code := fault.Code(err); {
		case err == nil:
			_ = out.Body.Close()
		case code == "NoSuchKey" || code == "NotFound":
			errs = append(errs, fmt.Errorf("the package of job %s, s3://%s/%s, was deleted; apply the file of that version again", j.Name, bucket, j.Package.Key))
		default:
			return fmt.Errorf("look for s3://%s/%s: %w", bucket, j.Package.Key, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fault.New(fault.InvalidInput, "%w", errors.Join(errs...))
}

// output describes a registered version.
func output(spec pipeline.Spec, v *Version, changed bool, now time.Time) Output {
	out := Output{Pipeline: spec.Name, Version: v.Number, Changed: changed, Schedules: []string{}}
	for _, s := range calendar.Schedules(&spec, v.Number, now) {
		out.Schedules = append(out.Schedules, s.String())
	}
	return out
}
