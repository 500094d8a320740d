package demo

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/query"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/local/laptop"
	"ephemr/internal/stage"
)

// Declare makes the tables of the demo known to Athena and to publishing, as Hive on AWS does.
func Declare(ctx context.Context, r *laptop.Region) error {
	cfg := r.Config()
	settings, err := session.Load(ctx, ssm.NewFromConfig(cfg), laptop.Stage)
	if err != nil {
		return fmt.Errorf("%w (make deploy deploys it)", err)
	}
	return query.Run(
		ctx, query.Options{Saved: "create-tables", Project: r.Root, Team: stage.NoTeam, Timeout: time.Minute},
		&terminal.IO{Out: io.Discard, Err: io.Discard}, nil, settings,
		query.Clients{Parameters: ssm.NewFromConfig(cfg), Athena: athena.NewFromConfig(cfg)},
	)
}
