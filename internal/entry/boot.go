package entry

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"ephemr/internal/awsapi"
	"ephemr/internal/stage"
)

// Boot loads what every function is built from: the AWS configuration and the
// stage's settings. It exits the process on errors.
func Boot(ctx context.Context, getenv func(string) string) (aws.Config, stage.Settings) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		die(fmt.Errorf("load AWS config: %w", err))
	}
	if dir := getenv(awsapi.RecordVariable); dir != "" {
		if cfg, err = awsapi.Recorded(cfg, dir, getenv("AWS_LAMBDA_FUNCTION_NAME")); err != nil {
			die(err)
		}
	}
	settings, err := stage.Parse(getenv(stage.Variable))
	if err != nil {
		die(err)
	}
	return cfg, settings
}

func die(err error) {
	slog.Error("start function", "error", err.Error())
	os.Exit(1)
}

// Caller returns the request id of the invocation in ctx; a retry has another id.
func Caller(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return "unknown"
}
