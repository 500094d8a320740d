package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/local/laptop"
	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// clusterReady is how long a cluster may take to start: short, because some never
// do.
const clusterReady = time.Minute

// configure changes the settings of the deployed functions: a higher limit of
// runs, a shorter timeout of clusters, and a bootstrap action that installs the
// runner without Python.
func (r *region) configure(ctx context.Context, parallel int) error {
	parameters := ssm.NewFromConfig(r.Config())
	name := stage.ParameterName(laptop.Stage)
	out, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	if r.settings, err = stage.Parse(*out.Parameter.Value); err != nil {
		return err
	}
	if err := r.uploadBootstrap(ctx); err != nil {
		return err
	}
	r.settings.Limits.MaxActive, r.settings.Limits.PipelineMaxActive = parallel, parallel
	r.settings.Limits.ClusterReady, r.settings.Limits.ClusterProvision = pipeline.Duration(clusterReady), pipeline.Duration(clusterReady/3)
	data, err := json.Marshal(r.settings)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	text := string(data)
	if _, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{
		Name: &name, Value: &text, Overwrite: new(true), Type: ssmtypes.ParameterTypeString,
	}); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return r.configureFunctions(ctx, text)
}

func (r *region) configureFunctions(ctx context.Context, settings string) error {
	functions := lambda.NewFromConfig(r.Config())
	for p := lambda.NewListFunctionsPaginator(functions, &lambda.ListFunctionsInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list functions: %w", err)
		}
		for _, f := range page.Functions {
			if f.Environment == nil || f.Environment.Variables[stage.Variable] == "" {
				continue
			}
			f.Environment.Variables[stage.Variable] = settings
			if _, err := functions.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
				FunctionName: f.FunctionName, Environment: &types.Environment{Variables: f.Environment.Variables},
			}); err != nil {
				return fmt.Errorf("configure %s: %w", *f.FunctionName, err)
			}
		}
	}
	return nil
}

func (r *region) uploadBootstrap(ctx context.Context) error {
	const key = "chaos/bootstrap.sh"
	runner := filepath.Join(r.Root, "dist", "runner", runtime.GOOS+"-"+runtime.GOARCH, "runner")
	script := "#!/bin/sh\nmkdir -p \"$EPHEMR_HOME\" && ln -sf '" + runner + "' \"$EPHEMR_HOME/runner\"\n"
	files := s3.NewFromConfig(r.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := files.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &r.settings.ArtifactsBucket, Key: new(key), Body: strings.NewReader(script),
	}); err != nil {
		return fmt.Errorf("upload bootstrap action: %w", err)
	}
	r.settings.Bootstrap = "s3://" + r.settings.ArtifactsBucket + "/" + key
	return nil
}
