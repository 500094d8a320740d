package demo

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/query"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/stage"
)

// declare makes the tables known to Athena, as Hive on AWS does.
func (d *Demo) declare(ctx context.Context) error {
	cfg := d.Region.Config()
	return query.Run(
		ctx, query.Options{Saved: "create-tables", Project: d.Region.Root, Team: stage.NoTeam, Timeout: time.Minute},
		&terminal.IO{Out: io.Discard, Err: io.Discard}, nil, d.settings,
		query.Clients{Parameters: ssm.NewFromConfig(cfg), Athena: athena.NewFromConfig(cfg)},
	)
}
