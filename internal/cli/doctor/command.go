package doctor

import (
	"context"
	"net/http"
	"time"

	"ephemr/internal/cli/session"
	"ephemr/internal/cli/version"
	"ephemr/internal/emr/account"
	"ephemr/internal/run/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"
)

// Clients are the AWS clients that doctor uses.
type Clients struct {
	Identity   IdentityAPI
	Parameters ParametersAPI
	Tables     TablesAPI
	Records    store.DB
	Queues     QueuesAPI
	Functions  FunctionsAPI
	Workflow   WorkflowAPI
	Quotas     QuotasAPI
	EMR        account.API
	Network    NetworkAPI
	Roles      RolesAPI
	Catalog    CatalogAPI
	Lake       LakeAPI
	Buckets    BucketsAPI
	Keys       KeysAPI
	Streams    StreamsAPI
	Workgroups WorkgroupsAPI
	HTTP       HTTPAPI
}

// Command returns ephemr doctor; given is the version that the linker has set.
func Command(app *session.App, given string) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "check credentials, stage, versions and quotas",
		Long: `Check what the other commands depend on: configuration and credentials, the clock, the stage and its version,
tables and records, queues, functions and workflow, cluster profiles. In an AWS account also the quotas of EC2, EMR
and Lambda, EMR's releases and the instance types in the zones of the subnets, the tags that EMR's service role
requires on the network, service-linked roles, Glue's default database, Lake Formation, customer keys, public access,
workgroups, and what the stage has of streams, VPN and budgets.

Each line shows the result (ok, warning, failed or unknown), the details, and how to fix a problem. A check
that needs a missing permission, or that an emulator does not support, is unknown. The exit code is 1 if a check
failed. The command changes nothing.`,
		Example: `  ephemr doctor --stage dev
  ephemr doctor -o json | jq -r '.[] | select(.verdict == "failed") | .do'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := Options{Stage: app.StageName(), Version: version.Of(given).Version, Getenv: app.Getenv, Timeout: timeout, JSON: app.JSON()}
			return Run(cmd.Context(), o, app.IO, open)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", DefaultTimeout, "time limit of each check")
	return cmd
}

func open(ctx context.Context) (aws.Config, Clients, error) {
	cfg, err := session.Config(ctx)
	if err != nil {
		return cfg, Clients{}, err
	}
	return cfg, Clients{
		Identity: sts.NewFromConfig(cfg), Parameters: ssm.NewFromConfig(cfg), Tables: dynamodb.NewFromConfig(cfg), Records: dynamodb.NewFromConfig(cfg),
		Queues: sqs.NewFromConfig(cfg), Functions: lambda.NewFromConfig(cfg), Workflow: sfn.NewFromConfig(cfg),
		Quotas: servicequotas.NewFromConfig(cfg), EMR: account.NewClient(cfg), Network: ec2.NewFromConfig(cfg), Roles: iam.NewFromConfig(cfg),
		Catalog: glue.NewFromConfig(cfg), Lake: lakeformation.NewFromConfig(cfg), Buckets: s3.NewFromConfig(cfg), Keys: kms.NewFromConfig(cfg),
		Streams: firehose.NewFromConfig(cfg), Workgroups: athena.NewFromConfig(cfg), HTTP: http.DefaultClient,
	}, nil
}
