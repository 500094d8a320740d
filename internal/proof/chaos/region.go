package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/internal/admission"
	"ephemr/internal/local/laptop"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// How long clusters take to start, besides their bootstrap action.
const (
	provision = 200 * time.Millisecond
	jitter    = 400 * time.Millisecond
)

// region is a region of chaos's own, with clients to inspect it.
type region struct {
	*laptop.Region
	keep     string
	settings stage.Settings
	runs     *store.Runs
	slots    *admission.Slots
	s3       *s3.Client
	sqs      *sqs.Client
	sfn      *sfn.Client
	emr      *emr.Client
	lambda   *lambda.Client
	logs     *cloudwatchlogs.Client

	mu      sync.Mutex // of what follows: localemr is not restarted while it is held
	options laptop.Options
	counts  counts
}

// open starts a region, deploys to it and configures it for o.Parallel runs.
func open(ctx context.Context, o Options) (*region, error) {
	if _, err := os.Stat(o.Keep); o.Keep != "" && err == nil {
		return nil, fmt.Errorf("keep logs: %s already exists", o.Keep)
	}
	dir, err := os.MkdirTemp("", "ephemr-chaos-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	r := &region{keep: o.Keep, counts: newCounts()}
	r.options = laptop.Options{Dir: dir, Log: o.Log, Provision: provision, Grace: forEnding / 2}
	r.options.LocalEMRArgs = []string{"--jitter", jitter.String(), "--seed", fmt.Sprint(o.Seed), "--terminate-grace", "500ms"}
	if r.Region, err = laptop.Up(ctx, r.options); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	err = r.Deploy(ctx)
	if err == nil {
		err = r.configure(ctx, o.Parallel)
	}
	if err != nil {
		return nil, errors.Join(err, r.close(ctx))
	}
	r.connect()
	return r, nil
}

func (r *region) connect() {
	cfg := r.Config()
	db := dynamodb.NewFromConfig(cfg)
	r.runs = &store.Runs{DB: db, Table: r.settings.RunsTable}
	r.slots = &admission.Slots{DB: db, Table: r.settings.ClustersTable}
	r.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	r.sqs, r.sfn, r.logs = sqs.NewFromConfig(cfg), sfn.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	r.emr = emr.NewFromConfig(cfg, func(o *emr.Options) { o.BaseEndpoint = &r.EMR })
	// The SDK must not call a killed function again: calls are counted.
	r.lambda = lambda.NewFromConfig(cfg, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
}

// close ends the region, also after ctx is done.
func (r *region) close(ctx context.Context) error {
	err := r.Down(context.WithoutCancel(ctx))
	if r.keep != "" {
		err = errors.Join(err, os.MkdirAll(filepath.Dir(r.keep), 0o750), os.Rename(filepath.Join(r.Dir, "log"), r.keep))
	}
	return errors.Join(err, os.RemoveAll(r.Dir))
}
