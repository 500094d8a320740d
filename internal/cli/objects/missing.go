package objects

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/intake"
	"ephemr/internal/ledger"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// ListAPI lists the objects of a bucket. In one without versions it reports the version
// "null".
type ListAPI interface {
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
}

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// Clients are the clients that Missing uses.
type Clients struct {
	Pipelines Pipelines
	Ledger    *ledger.Store
	S3        ListAPI
	Lambda    lambdacall.InvokeAPI
}

// Found is the answer of Missing as JSON.
type Found struct {
	Pipeline string          `json:"pipeline"`
	Listed   int             `json:"listed"` // objects that match
	Missing  []events.Object `json:"missing"`
	Fed      bool            `json:"fed"`
}

// sinceDays is how far Missing looks back by default.
const sinceDays = 7

// Missing prints the objects that match a trigger of a pipeline and that it has not taken,
// and gives them to it if that is wanted.
func Missing(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	since := time.Now().AddDate(0, 0, -sinceDays)
	if o.Since != "" {
		var err error
		if since, err = run.ParseLogicalTime(o.Since); err != nil {
			return exit.Usage("--since: %w", err)
		}
	}
	v, err := c.Pipelines.Current(ctx, o.Pipeline)
	if err != nil {
		return err
	}
	if v == nil {
		return exit.Usage("pipeline %s not found; list pipelines with ephemr pipelines", o.Pipeline)
	}
	listed, err := list(ctx, v.Spec, since, time.Now().Add(-o.Older), s, c.S3)
	if err != nil {
		return err
	}
	missing, err := untaken(ctx, listed, o.Pipeline, c.Ledger)
	if err != nil {
		return err
	}
	found := Found{Pipeline: o.Pipeline, Listed: len(listed), Missing: missing}
	if o.Feed {
		if err := feed(ctx, o.Pipeline, missing, s, c.Lambda); err != nil {
			return err
		}
		found.Fed = true
	}
	return found.print(o, io)
}

func (f Found) print(o Options, io *terminal.IO) error {
	if o.JSON {
		if err := io.JSON(f); err != nil {
			return err
		}
	} else {
		var rows [][]string
		for _, x := range f.Missing {
			rows = append(rows, []string{x.URI, fmt.Sprint(x.Size), x.Time})
		}
		if len(rows) > 0 {
			io.Table([]string{"OBJECT", "BYTES", "CREATED"}, rows)
		}
		io.Notef("%d of %d objects are missing\n", len(f.Missing), f.Listed)
		if f.Fed && len(f.Missing) > 0 {
			io.Notef("gave them to pipeline %s\n", f.Pipeline)
		}
	}
	if len(f.Missing) > 0 && !f.Fed {
		return exit.Silent(exit.CodeFailed)
	}
	return nil
}

// list returns the newest versions of the objects that match a trigger of spec.
func list(ctx context.Context, spec pipeline.Spec, since, before time.Time, s stage.Settings, api ListAPI) (all []ledger.Object, _ error) {
	seen := map[string]bool{}
	triggers := 0
	for _, t := range spec.Triggers {
		if t.S3 == nil {
			continue
		}
		triggers++
		matching, err := listTrigger(ctx, spec.Name, *t.S3, since, before, s.BucketOf(t.S3.Bucket), api)
		if err != nil {
			return nil, err
		}
		for _, o := range matching {
			if !seen[o.URI()] {
				all, seen[o.URI()] = append(all, o), true
			}
		}
	}
	if triggers == 0 {
		return nil, exit.Usage("pipeline %s has no S3 trigger", spec.Name)
	}
	return all, nil
}

// listTrigger returns the newest versions of the objects in a bucket that match a trigger of
// a pipeline, without those whose key says that a run of it wrote them or that they belong to a test.
func listTrigger(ctx context.Context, pipelineName string, t pipeline.S3Trigger, since, before time.Time, bucket string, api ListAPI) (all []ledger.Object, _ error) {
	in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &t.Prefix}
	for p := s3.NewListObjectVersionsPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list s3://%s/%s: %w", bucket, t.Prefix, err)
		}
		for _, x := range page.Versions {
			o := object(bucket, x)
			inTime := aws.ToBool(x.IsLatest) && !o.Time.Before(since) && o.Time.Before(before)
			starts := !run.Names(o.Key, pipelineName) && !run.OfTest(o.Key)
			if inTime && starts && t.Match(o.Key, o.Size) == pipeline.IsData {
				all = append(all, o)
			}
		}
	}
	return all, nil
}

func object(bucket string, x types.ObjectVersion) ledger.Object {
	o := ledger.Object{
		Bucket: bucket, Key: aws.ToString(x.Key), ETag: strings.Trim(aws.ToString(x.ETag), `"`), Size: aws.ToInt64(x.Size), Time: aws.ToTime(x.LastModified).UTC(),
	}
	if v := aws.ToString(x.VersionId); v != "null" {
		o.Version = v
	}
	return o
}

// atOnce is how many objects are looked up concurrently.
const atOnce = 16

// untaken returns those of the objects that the pipeline has not taken, in their order.
func untaken(ctx context.Context, all []ledger.Object, pipelineName string, l *ledger.Store) ([]events.Object, error) {
	has, errs := make([]bool, len(all)), make([]error, len(all))
	var working sync.WaitGroup
	next := make(chan int)
	for range atOnce {
		working.Go(func() {
			for i := range next {
				entries, err := l.Entries(ctx, all[i].Bucket, all[i].Key, pipelineName)
				has[i], errs[i] = ledger.Has(entries, pipelineName, all[i]), err
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	working.Wait()
	missing := []events.Object{}
	for i, o := range all {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if !has[i] {
			missing = append(missing, events.Object{URI: o.URI(), Version: o.Version, ETag: o.ETag, Size: o.Size, Time: o.Time.Format(time.RFC3339)})
		}
	}
	return missing, nil
}

func feed(ctx context.Context, pipelineName string, missing []events.Object, s stage.Settings, api lambdacall.InvokeAPI) error {
	for some := range slices.Chunk(missing, intake.MaxFeed) {
		var none struct{}
		if err := lambdacall.Control(ctx, api, s, operation.Feed, intake.FeedRequest{Pipeline: pipelineName, Objects: some}, &none); err != nil {
			return err
		}
	}
	return nil
}
