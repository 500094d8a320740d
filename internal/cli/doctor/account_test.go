package doctor_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli/doctor"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// account is an AWS account with stage dev, as doctor uses it.
type account struct {
	environ              map[string]string
	openErr              error
	identity             doctor.IdentityAPI // instead of its own
	identityErr          error
	expires              time.Time
	settings             stage.Settings
	profiles             map[string]string
	tables               map[string]bool
	tablesErr            error
	hang                 bool              // tables do not answer
	queues               map[string]string // URL -> messages
	workflow             sfntypes.StateMachineStatus
	functions            map[string]lambdatypes.State
	quotas               map[string]float64 // by code; "clusters" is EMR's
	quotasErr            error
	public               bool
	health               int // of the laptop's processes
	region               region
	optional             optional
	items                []awsfake.Item // of the table of runs
	registered, clusters []awsfake.Item // of the tables pipelines and clusters
}

func newAccount() *account {
	s := simulation.Settings("arn:aws:states:eu-west-1:123456789012:stateMachine:ephemr-dev-run")
	s.Stage, s.Account, s.Region, s.Version = "dev", "123456789012", "eu-west-1", "v1"
	s.RunsTable, s.PipelinesTable, s.ClustersTable, s.LedgerTable = "runs", "pipelines", "clusters", "ledger"
	s.RequestsQueue, s.RequestsDLQ = "https://sqs/requests", "https://sqs/requests-dlq"
	s.EventsQueue, s.EventsDLQ = "https://sqs/events", "https://sqs/events-dlq"
	s.AdmitFunction, s.ControlFunction, s.RegisterFunction = "ephemr-dev-admit", "ephemr-dev-control", "ephemr-dev-register"
	s.Limits.MaxActive = 4
	functions := map[string]lambdatypes.State{"ephemr-dev-intake": "Active", "ephemr-dev-sweep": "Active", "ephemr-dev-watch": "Active", "ephemr-dev-preparerun": "Active"}
	for _, name := range s.Names() {
		functions[name] = "Active"
	}
	return &account{
		environ: map[string]string{}, settings: s, workflow: sfntypes.StateMachineStatusActive,
		profiles: map[string]string{"small": `{"release": "emr-7.14.0", "applications": ["Spark"], "idleTimeout": "10m",
			"primary": {"types": ["m5.xlarge"], "onDemand": 1}, "core": {"types": ["m5.large", "m5.xlarge"], "spot": 2}, "fallbacks": [{"onDemand": true}]}`},
		tables:    map[string]bool{"runs": true, "pipelines": true, "clusters": true, "ledger": true},
		queues:    map[string]string{s.RequestsQueue: "2", s.RequestsDLQ: "0", s.EventsQueue: "0", s.EventsDLQ: "0"},
		functions: functions,
		quotas:    map[string]float64{"L-1216C47A": 64, "L-34B43A08": 32, "clusters": 500},
		region:    newRegion(),
	}
}

// laptop makes a a local region whose processes return this status.
func (a *account) laptop(health int) {
	a.health = health
	a.environ["AWS_ENDPOINT_URL"], a.environ["AWS_ENDPOINT_URL_EMR"] = "http://127.0.0.1:1", "http://127.0.0.1:2"
}

func (a *account) open(ctx context.Context) (aws.Config, doctor.Clients, error) {
	if a.openErr != nil {
		return aws.Config{}, doctor.Clients{}, a.openErr
	}
	settings, err := json.Marshal(a.settings)
	if err != nil {
		return aws.Config{}, doctor.Clients{}, err
	}
	params := map[string]string{stage.ParameterName("dev"): string(settings)}
	for name, p := range a.profiles {
		params[stage.ProfileParameter("dev", name)] = p
	}
	if a.optional.query != "-" {
		params[stage.QueryParameter("dev")] = cmp.Or(a.optional.query, `{"database": "ephemr_dev", "workgroups": {"default": {"name": "ephemr-dev-query-default"}}}`)
	}
	if a.region.network != "" {
		params[stage.NetworkParameter("dev")] = a.region.network
	}
	if a.identity == nil {
		a.identity = a
	}
	cfg := aws.Config{Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{CanExpire: !a.expires.IsZero(), Expires: a.expires}, nil
	})}
	return cfg, doctor.Clients{
		Identity: a.identity, Parameters: awsfake.NewSSM(params), Tables: a, Records: a.records(ctx), Queues: a, Functions: a, Workflow: a, Quotas: a, EMR: a, HTTP: a,
		Network: a, Roles: a, Catalog: a, Lake: a, Buckets: a, Keys: a, Streams: a, Workgroups: a,
	}, nil
}

func missing(op, code, what string) error {
	return &smithy.OperationError{ServiceID: "X", OperationName: op, Err: &smithy.GenericAPIError{Code: code, Message: "no " + what}}
}

func (a *account) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	if a.identityErr != nil {
		return nil, a.identityErr
	}
	return &sts.GetCallerIdentityOutput{
		Account: aws.String("123456789012"), UserId: aws.String("AROAX:me"), Arn: aws.String("arn:aws:sts::123456789012:assumed-role/data/me"),
	}, nil
}

func (a *account) DescribeTable(ctx context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	switch {
	case a.hang:
		<-ctx.Done()
		return nil, &smithy.OperationError{ServiceID: "X", OperationName: "DescribeTable", Err: ctx.Err()}
	case a.tablesErr != nil:
		return nil, a.tablesErr
	case !a.tables[*in.TableName]:
		return nil, missing("DescribeTable", "ResourceNotFoundException", *in.TableName)
	}
	return &dynamodb.DescribeTableOutput{Table: &dynamodbtypes.TableDescription{TableStatus: dynamodbtypes.TableStatusActive}}, nil
}

func (a *account) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	n, ok := a.queues[*in.QueueUrl]
	if !ok {
		return nil, missing("GetQueueAttributes", "AWS.SimpleQueueService.NonExistentQueue", *in.QueueUrl)
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessages": n}}, nil
}

func (a *account) GetFunctionConfiguration(
	_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options),
) (*lambda.GetFunctionConfigurationOutput, error) {
	state, ok := a.functions[*in.FunctionName]
	if !ok {
		return nil, missing("GetFunctionConfiguration", "ResourceNotFoundException", *in.FunctionName)
	}
	return &lambda.GetFunctionConfigurationOutput{
		State: state, StateReason: aws.String("because"), LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful,
	}, nil
}

func (a *account) DescribeStateMachine(context.Context, *sfn.DescribeStateMachineInput, ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error) {
	return &sfn.DescribeStateMachineOutput{
		Status:     a.workflow,
		Definition: aws.String(`{"States": {"PrepareRun": {"Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:ephemr-dev-preparerun"}}}}`),
	}, nil
}

func (a *account) GetServiceQuota(
	_ context.Context, in *servicequotas.GetServiceQuotaInput, _ ...func(*servicequotas.Options),
) (*servicequotas.GetServiceQuotaOutput, error) {
	return &servicequotas.GetServiceQuotaOutput{Quota: &quotatypes.ServiceQuota{Value: aws.Float64(a.quotas[*in.QuotaCode])}}, a.quotasErr
}

func (a *account) ListServiceQuotas(
	context.Context, *servicequotas.ListServiceQuotasInput, ...func(*servicequotas.Options),
) (*servicequotas.ListServiceQuotasOutput, error) {
	out := &servicequotas.ListServiceQuotasOutput{Quotas: []quotatypes.ServiceQuota{{QuotaName: aws.String("RunJobFlow bucket"), Value: aws.Float64(10)}}}
	if n, ok := a.quotas["clusters"]; ok {
		out.Quotas = append(out.Quotas, quotatypes.ServiceQuota{
			QuotaName: aws.String("The maximum number of active clusters that can be run at the same time"), Value: &n,
		})
	}
	return out, a.quotasErr
}

func (a *account) GetBlockPublicAccessConfiguration(
	context.Context, *emr.GetBlockPublicAccessConfigurationInput, ...func(*emr.Options),
) (*emr.GetBlockPublicAccessConfigurationOutput, error) {
	return &emr.GetBlockPublicAccessConfigurationOutput{
		BlockPublicAccessConfiguration: &emrtypes.BlockPublicAccessConfiguration{BlockPublicSecurityGroupRules: aws.Bool(!a.public)},
	}, nil
}

func (a *account) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.health, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// records is the table of runs, with the items that the case has put there.
func (a *account) records(ctx context.Context) *awsfake.DynamoDB {
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}}, awsfake.Table{Name: "pipelines", PK: "pk", SK: "sk"}, awsfake.Table{Name: "clusters", PK: "pk"})
	for table, items := range map[string][]awsfake.Item{"runs": a.items, "pipelines": a.registered, "clusters": a.clusters} {
		for _, it := range items {
			if _, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: it}); err != nil {
				panic(err)
			}
		}
	}
	return db
}
