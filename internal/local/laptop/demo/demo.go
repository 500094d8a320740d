// Package demo shows a complete run in the local region: it registers a pipeline,
// uploads a month of real flights, follows the run that the upload starts and
// prints the result.
//
// Tested by make demo, which compares the result with its own computation.
package demo

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/runlog"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/local/flights"
	"ephemr/internal/local/laptop"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/view/follow"
)

const (
	pipelineName = "flights-daily"
	pipelineFile = "pipelines/flights-daily.yaml"
)

// Demo is one walk.
type Demo struct {
	Region *laptop.Region
	IO     *terminal.IO
	Month  int // of 2013

	settings stage.Settings
	s3       *s3.Client
	begun    time.Time
}

// Run walks from the pipeline file to the result. The error says why the run
// did not succeed.
func (d *Demo) Run(ctx context.Context) error {
	cfg := d.Region.Config()
	d.begun, d.s3 = time.Now(), s3.NewFromConfig(cfg)
	var err error
	if d.settings, err = session.Load(ctx, ssm.NewFromConfig(cfg), laptop.Stage); err != nil {
		return fmt.Errorf("%w (make deploy deploys it)", err)
	}
	d.head("1. Register the pipeline")
	err = apply.Run(
		ctx, apply.Options{Files: []string{filepath.Join(d.Region.Root, pipelineFile)}, Project: d.Region.Root}, d.IO, d.settings,
		apply.Clients{Profiles: ssm.NewFromConfig(cfg), S3: d.s3, Lambda: lambda.NewFromConfig(cfg)},
	)
	if err != nil {
		return err
	}
	data, err := d.upload(ctx)
	if err != nil {
		return err
	}
	rec, err := d.follow(ctx)
	if err != nil {
		return err
	}
	if rec.Run.State != run.Succeeded {
		return fmt.Errorf("run %s: %s (%s): %s", rec.Run.ID, rec.Run.State, rec.Run.Class, rec.Run.Reason)
	}
	return d.show(ctx, rec, data)
}

func (d *Demo) upload(ctx context.Context) ([]byte, error) {
	bucket, key := d.settings.Lake["raw"], flights.Key(d.Month)
	data, err := flights.Month(filepath.Join(d.Region.Root, flights.Archive), d.Month)
	if err != nil {
		return nil, err
	}
	d.head("2. Upload a month of flights: the object is what starts the run")
	if _, err := d.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		return nil, fmt.Errorf("upload s3://%s/%s: %w", bucket, key, err)
	}
	d.IO.Printf("s3://%s/%s  %s\n", bucket, key, terminal.Bytes(int64(len(data))))
	return data, nil
}

// follow shows the run that the upload has caused, until it ends.
func (d *Demo) follow(ctx context.Context) (*run.Record, error) {
	d.head("3. Follow the run: a cluster is made for it, and gone afterwards")
	cfg := d.Region.Config()
	f := follow.New(cfg, d.settings)
	f.Runs = &store.Runs{DB: dynamodb.NewFromConfig(cfg), Table: d.settings.RunsTable}
	view := runlog.Combined(d.IO, false)
	found, err := f.WaitFor(ctx, pipelineName, func(r run.Run) bool {
		return r.Trigger.Key == flights.Key(d.Month) && !r.RequestedAt.Before(d.begun.Truncate(time.Second))
	}, view.Emit)
	if err != nil {
		return nil, err
	}
	return runlog.Follow(ctx, f, found.ID, view)
}

func (d *Demo) head(text string) { d.IO.Printf("\n%s\n", d.IO.OutStyle().Bold(text)) }
