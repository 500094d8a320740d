package control

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"ephemr/internal/admission"
	"ephemr/internal/athena"
	"ephemr/internal/awsapi"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/emrapi"
	"ephemr/internal/engine"
	"ephemr/internal/iceberg"
	"ephemr/internal/intake"
	"ephemr/internal/outbox"
	"ephemr/internal/outcome"
	"ephemr/internal/publish"
	"ephemr/internal/result"
	"ephemr/internal/run/store"
	"ephemr/internal/secretcheck"
	"ephemr/internal/sweep"
)

// clients are the services that functions call.
type clients interface {
	db() store.DB
	emr() emrapi.API
	ec2() cluster.SpotAPI
	s3() S3API
	sfn() SFNAPI
	ssm() SSMAPI
	sqs() intake.QueueAPI
	lambda() admission.InvokeAPI
	bus() outcome.BusAPI
	topic() outbox.TopicAPI
	metrics() sweep.MetricAPI
	logs() result.LogsAPI
	cloudMap() discovery.API
	glue() publish.GlueAPI
	glueReader() publish.ReadAPI
	glueTables() iceberg.TablesAPI
	secrets() secretcheck.SecretsAPI
	secretValues() outbox.SecretsAPI
	parameters() secretcheck.ParametersAPI
	dataZone() outbox.DataZoneAPI
	athena(role, session string) athena.API // with the rights of the role
	engine() engine.Engine                  // nil = EMR on EC2
}

// given are clients that the caller has made.
type given struct{ d Deps }

func (g given) db() store.DB                          { return g.d.DB }
func (g given) emr() emrapi.API                       { return g.d.EMR }
func (g given) ec2() cluster.SpotAPI                  { return g.d.EC2 }
func (g given) s3() S3API                             { return g.d.S3 }
func (g given) sfn() SFNAPI                           { return g.d.SFN }
func (g given) ssm() SSMAPI                           { return g.d.SSM }
func (g given) sqs() intake.QueueAPI                  { return g.d.SQS }
func (g given) lambda() admission.InvokeAPI           { return g.d.Lambda }
func (g given) bus() outcome.BusAPI                   { return g.d.Bus }
func (g given) topic() outbox.TopicAPI                { return g.d.Topic }
func (g given) metrics() sweep.MetricAPI              { return g.d.Metrics }
func (g given) logs() result.LogsAPI                  { return g.d.Logs }
func (g given) cloudMap() discovery.API               { return g.d.CloudMap }
func (g given) glue() publish.GlueAPI                 { return g.d.Glue }
func (g given) glueReader() publish.ReadAPI           { return g.d.Glue }
func (g given) glueTables() iceberg.TablesAPI         { return g.d.Glue }
func (g given) secrets() secretcheck.SecretsAPI       { return g.d.Secrets }
func (g given) secretValues() outbox.SecretsAPI       { return g.d.SecretValues }
func (g given) parameters() secretcheck.ParametersAPI { return g.d.Parameters }
func (g given) dataZone() outbox.DataZoneAPI          { return g.d.DataZone }
func (g given) athena(_, _ string) athena.API         { return g.d.Athena }
func (g given) engine() engine.Engine                 { return g.d.Engine }

// dialed are AWS's clients, each made when it is first asked for. A function is
// wired by one goroutine.
type dialed struct {
	cfg aws.Config

	dynamoDB      *awsapi.DynamoDB
	emrOperations *emrapi.Operations
	instances     *awsapi.EC2
	objects       *awsapi.S3
	executions    *awsapi.SFN
	settings      *awsapi.SSM
	cloudWatchLog *awsapi.Logs
	directory     *discovery.CloudMap
	eventBridge   *awsapi.EventBridge
}

func (d *dialed) db() store.DB            { return once(d.cfg, &d.dynamoDB, awsapi.NewDynamoDB) }
func (d *dialed) emr() emrapi.API         { return once(d.cfg, &d.emrOperations, emrapi.NewOperations) }
func (d *dialed) ec2() cluster.SpotAPI    { return once(d.cfg, &d.instances, awsapi.NewEC2) }
func (d *dialed) s3() S3API               { return once(d.cfg, &d.objects, awsapi.NewS3) }
func (d *dialed) sfn() SFNAPI             { return once(d.cfg, &d.executions, awsapi.NewSFN) }
func (d *dialed) ssm() SSMAPI             { return once(d.cfg, &d.settings, awsapi.NewSSM) }
func (d *dialed) logs() result.LogsAPI    { return once(d.cfg, &d.cloudWatchLog, awsapi.NewLogs) }
func (d *dialed) cloudMap() discovery.API { return once(d.cfg, &d.directory, discovery.NewCloudMap) }
func (d *dialed) bus() outcome.BusAPI     { return once(d.cfg, &d.eventBridge, awsapi.NewEventBridge) }

func (*dialed) engine() engine.Engine { return nil }

// These are asked for once per function.
func (d *dialed) sqs() intake.QueueAPI                  { return awsapi.NewSQS(d.cfg) }
func (d *dialed) lambda() admission.InvokeAPI           { return awsapi.NewLambda(d.cfg) }
func (d *dialed) topic() outbox.TopicAPI                { return awsapi.NewSNS(d.cfg) }
func (d *dialed) metrics() sweep.MetricAPI              { return awsapi.NewCloudWatch(d.cfg) }
func (d *dialed) glue() publish.GlueAPI                 { return awsapi.NewGlue(d.cfg) }
func (d *dialed) glueReader() publish.ReadAPI           { return awsapi.NewGlueReader(d.cfg) }
func (d *dialed) glueTables() iceberg.TablesAPI         { return awsapi.NewGlueTables(d.cfg) }
func (d *dialed) secrets() secretcheck.SecretsAPI       { return awsapi.NewSecrets(d.cfg) }
func (d *dialed) secretValues() outbox.SecretsAPI       { return awsapi.NewSecretValues(d.cfg) }
func (d *dialed) parameters() secretcheck.ParametersAPI { return awsapi.NewParameters(d.cfg) }

func (d *dialed) dataZone() outbox.DataZoneAPI { return awsapi.NewDataZone(d.cfg) }
func (d *dialed) athena(role, session string) athena.API {
	return awsapi.NewAthena(awsapi.Assume(d.cfg, role, session))
}

// once makes a client unless there is one.
func once[T any](cfg aws.Config, client **T, dial func(aws.Config) *T) *T {
	if *client == nil {
		*client = dial(cfg)
	}
	return *client
}
