package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/local/laptop"
	"ephemr/internal/local/localemr"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// The provisioning time of the measured clusters, without their bootstrap action.
const (
	provision = 300 * time.Millisecond
	jitter    = 700 * time.Millisecond
)

// region is a region of the bench's own, with clients to inspect it.
type region struct {
	*laptop.Region
	dir      string
	text     string // of the settings
	settings stage.Settings
	runs     *store.Runs
	s3       *s3.Client
	sfn      *sfn.Client
	emr      *emr.Client
	logs     *cloudwatchlogs.Client
}

// open starts a region and deploys to it.
func open(ctx context.Context, log io.Writer) (*region, error) {
	dir, err := os.MkdirTemp("", "ephemr-bench-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	r := &region{dir: dir}
	if r.Region, err = laptop.Up(ctx, laptop.Options{Dir: dir, Log: log, Provision: provision}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := r.deploy(ctx); err != nil {
		return nil, errors.Join(err, r.close(ctx))
	}
	return r, nil
}

func (r *region) deploy(ctx context.Context) error {
	if err := r.Deploy(ctx); err != nil {
		return err
	}
	cfg := r.Config()
	out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: new(stage.ParameterName(laptop.Stage))})
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	r.text = *out.Parameter.Value
	if r.settings, err = stage.Parse(r.text); err != nil {
		return err
	}
	r.runs = &store.Runs{DB: dynamodb.NewFromConfig(cfg), Table: r.settings.RunsTable}
	r.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	r.sfn, r.logs = sfn.NewFromConfig(cfg), cloudwatchlogs.NewFromConfig(cfg)
	r.emr = emr.NewFromConfig(cfg, func(o *emr.Options) { o.BaseEndpoint = &r.EMR })
	return nil
}

// close ends the region, also after ctx is done.
func (r *region) close(ctx context.Context) error {
	return errors.Join(r.Down(context.WithoutCancel(ctx)), os.RemoveAll(r.dir))
}

// vary makes the start time of clusters random.
func (r *region) vary(ctx context.Context, seed uint64) error {
	settings := localemr.DefaultSettings()
	settings.Provision, settings.Jitter, settings.Seed = localemr.Duration(provision), localemr.Duration(jitter), seed
	return r.Admin(ctx, http.MethodPut, "settings", settings, nil)
}

// apply registers the bench's pipeline.
func (r *region) apply(ctx context.Context) error {
	return r.applyFile(ctx, "project", pipelineFile, "jobs/work/run.sh", script)
}

// applyFile registers a pipeline of one script with the CLI, as a user would.
func (r *region) applyFile(ctx context.Context, folder, pipeline, path, script string) error {
	project := filepath.Join(r.dir, folder)
	for name, text := range map[string]string{"pipeline.yaml": pipeline, path: script} {
		path := filepath.Join(project, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("write pipeline: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write pipeline: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(r.Root, "dist", "bin", "ephemr"), "apply", "pipeline.yaml") //nolint:gosec // our own binary
	cmd.Dir, cmd.Env = project, laptop.Overlay(os.Environ(), r.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ephemr apply: %w\n%s", err, out)
	}
	return nil
}
