package session

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"ephemr/internal/admission"
	"ephemr/internal/backfill"
	"ephemr/internal/cli/exit"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/hold"
	"ephemr/internal/ledger"
	"ephemr/internal/publish"
	"ephemr/internal/register"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/why"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// Session is a stage in AWS.
type Session struct {
	Config   aws.Config
	Settings stage.Settings
}

var stageName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// Open finds the stage with the credentials of the AWS SDK: profile, SSO,
// environment.
func Open(ctx context.Context, name string) (*Session, error) {
	if !stageName.MatchString(name) {
		return nil, exit.Usage("invalid stage name %q (example: dev)", name)
	}
	cfg, err := Config(ctx)
	if err != nil {
		return nil, err
	}
	settings, err := Load(ctx, ssm.NewFromConfig(cfg), name)
	if errors.Is(err, errNotDeployed) {
		return nil, fmt.Errorf("stage %s is not deployed in %s; deploy it with make deploy STAGE=%s, or set AWS_PROFILE and AWS_REGION to its account and Region",
			name, where(ctx, cfg), name)
	}
	if err != nil {
		return nil, err
	}
	return &Session{Config: cfg, Settings: settings}, nil
}

// Config loads the AWS configuration.
func Config(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{})) // errors are reported once, by the command
	if err != nil {
		return cfg, fmt.Errorf("load AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("no AWS Region; set AWS_REGION, or AWS_PROFILE to a profile with a Region")
	}
	return cfg, nil
}

// ParameterAPI reads the parameters of the deployment.
type ParameterAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

var errNotDeployed = errors.New("not deployed")

// NotDeployed reports whether err means that the stage does not exist.
func NotDeployed(err error) bool { return errors.Is(err, errNotDeployed) }

// Load reads the settings of a stage.
func Load(ctx context.Context, api ParameterAPI, name string) (stage.Settings, error) {
	out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.ParameterName(name))})
	if fault.Code(err) == "ParameterNotFound" {
		return stage.Settings{}, fmt.Errorf("stage %s: %w", name, errNotDeployed)
	}
	if err != nil {
		return stage.Settings{}, fmt.Errorf("look up stage %s: %w", name, err)
	}
	s, err := stage.Parse(aws.ToString(out.Parameter.Value))
	if err != nil {
		return s, fmt.Errorf("stage %s is not compatible with this version of ephemr; use the version that deployed it, or redeploy: %w", name, err)
	}
	return s, nil
}

// where names the account, if it can be determined, and the Region.
func where(ctx context.Context, cfg aws.Config) string {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "region " + cfg.Region
	}
	return "account " + aws.ToString(out.Account) + ", region " + cfg.Region
}

// Sender returns the user id of the caller's AWS identity, which SQS reports as the
// sender of messages.
func (s *Session) Sender(ctx context.Context) (string, error) {
	who, err := sts.NewFromConfig(s.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("get caller identity: %w", err)
	}
	return aws.ToString(who.UserId), nil
}

// Pools returns the stage's clusters that can be leased.
func (s *Session) Pools() *pool.Store {
	return &pool.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.ClustersTable}
}

// Runs returns the records of the stage's runs.
func (s *Session) Runs() *store.Runs {
	return &store.Runs{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.RunsTable}
}

// Publications returns what the stage's runs have published.
func (s *Session) Publications() *publish.Store {
	return &publish.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.RunsTable}
}

// Why returns what says why the stage's runs do not run.
func (s *Session) Why() *why.Reader {
	db, l := dynamodb.NewFromConfig(s.Config), s.Settings.Limits
	return &why.Reader{
		Limits: l, Runs: s.Runs(), Pools: s.Pools(),
		Slots:     &admission.Slots{DB: db, Table: s.Settings.ClustersTable},
		Backfills: &backfill.Store{DB: db, Table: s.Settings.RunsTable, Slots: s.Settings.ClustersTable},
		Budget:    emrapi.Buckets{DB: db, Table: s.Settings.ClustersTable, Limits: l.EMR},
		Missing: func(ctx context.Context, uris []string) ([]string, error) {
			return hold.Missing(ctx, s.S3(), uris)
		},
	}
}

// Ledger returns which objects pipelines have taken.
func (s *Session) Ledger() *ledger.Store {
	return &ledger.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.LedgerTable}
}

// Pipelines returns the stage's pipelines.
func (s *Session) Pipelines() *register.Store {
	return &register.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.PipelinesTable}
}

// S3 returns a client.
func (s *Session) S3() *s3.Client { return client(s.Config) }
