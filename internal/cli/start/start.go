// Package start is ephemr start: it requests a run of a registered pipeline.
package start

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/runlog"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/view/follow"
)

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// Clients are the clients that start uses.
type Clients struct {
	Pipelines Pipelines
	SQS       request.QueueAPI
	Follower  *follow.Follower
	Sender    string // ours, as SQS reports it
	S3        HeadAPI
	Runs      Lister
}

// HeadAPI describes objects.
type HeadAPI interface {
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
}

// Options of the command.
type Options struct {
	Pipeline  string
	Date      string
	Params    []string // key=value
	Object    string   // address of an object for the run
	Priority  int      // -1 = the pipeline's
	RequestID string
	Follow    bool
	DryRun    bool
	JSON      bool
}

// Run sends the request and optionally follows the run. With JSON it prints
// a request.Sent, or the run.Record at the end of a followed run.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	q, logical, matrix, err := ask(ctx, o, s.Vars, c.Pipelines)
	if err != nil {
		return err
	}
	if o.Object != "" {
		if q.Object, err = Object(ctx, o.Object, s, c.S3); err != nil {
			return fmt.Errorf("--object: %w", err)
		}
	}
	if o.Follow && len(matrix) > 1 {
		return exit.Usage("pipeline %s has a matrix and starts %d runs, and --follow shows one; choose it, like --param %s, or leave out --follow",
			o.Pipeline, len(matrix), strings.ReplaceAll(pipeline.Values(matrix[0]), " ", " --param "))
	}
	if o.DryRun {
		return plan(ctx, o, io, c, logical, max(len(matrix), 1))
	}
	sent, err := request.Send(ctx, c.SQS, s.RequestsQueue, c.Sender, q, logical, matrix...)
	if err != nil {
		return err
	}
	switch {
	case o.Follow:
		return watch(ctx, o, io, sent, c.Follower)
	case o.JSON:
		return io.JSON(sent)
	}
	if len(sent.RunIDs) > 1 {
		io.Printf("%s\n", strings.Join(sent.RunIDs, "\n"))
		io.Notef("%s", io.ErrStyle().Dim(fmt.Sprintf("requested %d runs of %s; list them with: ephemr runs %[2]s\n", len(sent.RunIDs), sent.Pipeline)))
		return nil
	}
	io.Printf("%s\n", sent.RunID)
	io.Notef("%s", io.ErrStyle().Dim(fmt.Sprintf("requested a run of %s; follow it with: ephemr logs -f %s\n", sent.Pipeline, sent.RunID)))
	return nil
}

// Object describes the newest version of an object, as an event of S3 would.
func Object(ctx context.Context, uri string, s stage.Settings, api HeadAPI) (*events.Object, error) {
	bucket, key, err := ledger.Parse(uri)
	if err != nil {
		return nil, exit.Usage("%w", err)
	}
	bucket = s.BucketOf(bucket)
	out, err := api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if fault.Code(err) == "NotFound" {
		return nil, exit.Usage("there is no object s3://%s/%s", bucket, key)
	}
	if err != nil {
		return nil, fmt.Errorf("look up s3://%s/%s: %w", bucket, key, err)
	}
	return &events.Object{
		URI: "s3://" + bucket + "/" + key, Version: aws.ToString(out.VersionId), ETag: strings.Trim(aws.ToString(out.ETag), `"`),
		Size: aws.ToInt64(out.ContentLength), Time: aws.ToTime(out.LastModified).UTC().Format(time.RFC3339),
	}, nil
}

// ask validates the request as intake does, so that errors are reported at once.
func ask(ctx context.Context, o Options, vars map[string]string, known Pipelines) (events.Request, time.Time, []map[string]string, error) {
	q := events.Request{RequestID: o.RequestID, Pipeline: o.Pipeline, LogicalTime: o.Date}
	logical, err := request.LogicalTime(o.Date, time.Now())
	if err != nil {
		return q, logical, nil, err
	}
	switch {
	case o.RequestID != "" && o.Date == "":
		return q, logical, nil, exit.Usage("--request-id requires --date: id and date identify the request")
	case len(o.RequestID) > 128:
		return q, logical, nil, exit.Usage("--request-id has %d characters; the maximum is 128", len(o.RequestID))
	case o.Priority < -1 || o.Priority > pipeline.MaxPriority:
		return q, logical, nil, exit.Usage("invalid --priority %d: must be between 0 and %d", o.Priority, pipeline.MaxPriority)
	case o.RequestID == "":
		q.RequestID = request.NewID()
	}
	if o.Priority >= 0 {
		q.Priority = &o.Priority
	}
	if q.Params, err = request.Pairs("param", o.Params); err != nil {
		return q, logical, nil, err
	}
	v, err := known.Current(ctx, o.Pipeline)
	if err != nil {
		return q, logical, nil, err
	}
	matrix, err := combinations(o, v, q.Params, vars, logical)
	return q, logical, matrix, err
}

// combinations are those of the matrix that params name, if the request is valid.
func combinations(o Options, v *register.Version, params, vars map[string]string, logical time.Time) ([]map[string]string, error) {
	switch {
	case v == nil:
		return nil, exit.Usage("pipeline %s not found; list pipelines with ephemr pipelines, register one with ephemr apply", o.Pipeline)
	case v.Paused:
		return nil, exit.Usage("pipeline %s is paused; resume it first", o.Pipeline)
	}
	all, err := v.Spec.Matrix.Combinations(params)
	if err != nil {
		return nil, exit.Usage("pipeline %s: %w", o.Pipeline, err)
	}
	values := v.Spec.OccasionOf(logical, run.IsDate(o.Date)).Context(logical)
	values.Vars = vars
	for _, c := range all {
		if _, err := v.Spec.ResolveParams(run.With(params, c), values); err != nil {
			return nil, exit.Usage("%w", err)
		}
	}
	return all, nil
}

func watch(ctx context.Context, o Options, io *terminal.IO, sent request.Sent, f *follow.Follower) error {
	rec, err := runlog.FollowRequest(ctx, f, sent, io, runlog.Combined(io, o.JSON))
	if err != nil {
		return err
	}
	if o.JSON {
		if err := show.JSON(io, rec); err != nil {
			return err
		}
	}
	return exit.Silent(runlog.ExitCode(rec.Run.State))
}
