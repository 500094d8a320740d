package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskinesis"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskinesisfirehose"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// StreamProps configures a Stream.
type StreamProps struct {
	Stage  Stage
	Alarms *Alarms
	Name   string // of the stage's file
	Zone   *Bucket
	Logs   awslogs.LogGroup // of errors
}

// Stream is a Kinesis data stream that Firehose writes to a zone, as Parquet with the schema of a Glue table.
type Stream struct {
	props    StreamProps
	config   config.Stream
	stream   awskinesis.CfnStream
	table    *string
	role     awsiam.Role
	delivery *string // name
}

// NewStream adds a stream, its table, the Firehose between them, and alarms.
func NewStream(scope constructs.Construct, id string, props StreamProps) *Stream {
	scope = constructs.NewConstruct(scope, &id)
	s := &Stream{props: props, config: props.Stage.Ingestion.Streams[props.Name], delivery: new(props.Stage.DeliveryName(props.Name))}
	s.addStream(scope)
	table := s.addTable(scope)
	s.table = table.Ref()
	s.addRole(scope)
	s.addDelivery(scope)
	s.addAlarms(scope)
	return s
}

func (s *Stream) addStream(scope constructs.Construct) {
	key := s.props.Stage.Ingestion.Key
	if key == "" {
		key = "alias/aws/kinesis" // AWS managed: its policy allows everything of the account that may use the stream
	}
	props := &awskinesis.CfnStreamProps{
		Name: new(s.props.Stage.Name(s.props.Name)), RetentionPeriodHours: new(float64(s.config.Hours())),
		StreamModeDetails: &awskinesis.CfnStream_StreamModeDetailsProperty{StreamMode: new("ON_DEMAND")},
		StreamEncryption:  &awskinesis.CfnStream_StreamEncryptionProperty{EncryptionType: new("KMS"), KeyId: &key},
	}
	if s.config.Shards > 0 {
		props.StreamModeDetails = &awskinesis.CfnStream_StreamModeDetailsProperty{StreamMode: new("PROVISIONED")}
		props.ShardCount = new(float64(s.config.Shards))
	}
	s.stream = awskinesis.NewCfnStream(scope, new("Stream"), props)
	s.stream.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil) // it costs money by the hour, and its records are in S3
}

// addRole adds what Firehose may do: read this stream and this table, and write the objects of both prefixes.
// Source: Amazon Data Firehose Developer Guide, "Grant Firehose access to an Amazon S3 destination".
func (s *Stream) addRole(scope constructs.Construct) {
	p := s.props
	s.role = awsiam.NewRole(scope, new("Role"), &awsiam.RoleProps{
		RoleName:    p.Stage.globalName(scope, "stream-"+p.Name),
		Description: new("Firehose: write records of stream " + p.Name),
		AssumedBy:   servicePrincipal(scope, "firehose.amazonaws.com", arn(scope, "firehose", "deliverystream/"+*s.delivery)),
	})
	to := roleRights{s.role}
	to.allow(statement(of("kinesis", "DescribeStream", "GetRecords", "GetShardIterator", "ListShards"), []*string{s.stream.AttrArn()}, nil))
	s.useStreamKey(to, "Decrypt")
	for _, prefix := range []string{p.Name + "/", config.QuarantinePrefix + p.Name + "/"} {
		p.Zone.Grant(to, prefix+"*", "AbortMultipartUpload", "GetObject", "PutObject")
	}
	p.Zone.onBucket(to, nil, "GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
	database := p.Stage.Database()
	to.allow(statement(of("glue", "GetTable", "GetTableVersion", "GetTableVersions"),
		glueARNs(scope, "catalog", "database/"+database, "table/"+database+"/"+p.Name), nil))
	to.allow(statement(of("logs", "PutLogEvents"), []*string{arn(scope, "logs", "log-group:"+p.Stage.LogGroup("firehose")+":log-stream:"+p.Name)}, nil))
}

// useStreamKey allows Kinesis to use the stage's key of streams, if it has one, on behalf of a principal.
// Source: Amazon Kinesis Data Streams Developer Guide, "Permissions to use user-generated KMS keys".
func (s *Stream) useStreamKey(to Rights, action string) {
	if key := s.props.Stage.Ingestion.Key; key != "" {
		through := conditions{"StringLike": {"kms:ViaService": "kinesis.*.amazonaws.com"}}
		to.allow(statement(of("kms", action), []*string{&key}, through))
	}
}

// GrantPut allows putting records.
func (s *Stream) GrantPut(to Rights) {
	to.allow(statement(of("kinesis", "DescribeStreamSummary", "ListShards", "PutRecord", "PutRecords"), []*string{s.stream.AttrArn()}, nil))
	s.useStreamKey(to, "GenerateDataKey")
}

func (s *Stream) addDelivery(scope constructs.Construct) {
	p := s.props
	log := awslogs.NewCfnLogStream(scope, new("Log"), &awslogs.CfnLogStreamProps{LogGroupName: p.Logs.LogGroupName(), LogStreamName: &p.Name})
	id := "Delivery"
	if len(s.config.Keys) > 0 {
		id = "DeliveryByKey" // another resource: dynamic partitioning cannot be changed later
	}
	delivery := awskinesisfirehose.NewCfnDeliveryStream(scope, &id, &awskinesisfirehose.CfnDeliveryStreamProps{
		DeliveryStreamName: s.delivery, DeliveryStreamType: new("KinesisStreamAsSource"),
		KinesisStreamSourceConfiguration: &awskinesisfirehose.CfnDeliveryStream_KinesisStreamSourceConfigurationProperty{
			KinesisStreamArn: s.stream.AttrArn(), RoleArn: s.role.RoleArn(),
		},
		ExtendedS3DestinationConfiguration: s.destination(scope),
	})
	delivery.Node().AddDependency(s.role, log)
}

func (s *Stream) destination(scope constructs.Construct) *awskinesisfirehose.CfnDeliveryStream_ExtendedS3DestinationConfigurationProperty {
	p := s.props
	d := &awskinesisfirehose.CfnDeliveryStream_ExtendedS3DestinationConfigurationProperty{
		BucketArn: p.Zone.arn, RoleArn: s.role.RoleArn(),
		Prefix: new(s.config.Prefix(p.Name)), ErrorOutputPrefix: new(config.ErrorPrefix(p.Name)), FileExtension: new(".parquet"),
		CompressionFormat: new("UNCOMPRESSED"), // Parquet compresses its own pages
		BufferingHints: &awskinesisfirehose.CfnDeliveryStream_BufferingHintsProperty{
			IntervalInSeconds: new(float64(s.config.BufferSeconds())), SizeInMBs: new(float64(s.config.BufferSize())),
		},
		CloudWatchLoggingOptions: &awskinesisfirehose.CfnDeliveryStream_CloudWatchLoggingOptionsProperty{
			Enabled: new(true), LogGroupName: p.Logs.LogGroupName(), LogStreamName: &p.Name,
		},
		DataFormatConversionConfiguration: &awskinesisfirehose.CfnDeliveryStream_DataFormatConversionConfigurationProperty{
			Enabled: new(true),
			InputFormatConfiguration: &awskinesisfirehose.CfnDeliveryStream_InputFormatConfigurationProperty{
				Deserializer: &awskinesisfirehose.CfnDeliveryStream_DeserializerProperty{OpenXJsonSerDe: &awskinesisfirehose.CfnDeliveryStream_OpenXJsonSerDeProperty{CaseInsensitive: new(true)}},
			},
			OutputFormatConfiguration: &awskinesisfirehose.CfnDeliveryStream_OutputFormatConfigurationProperty{
				Serializer: &awskinesisfirehose.CfnDeliveryStream_SerializerProperty{ParquetSerDe: &awskinesisfirehose.CfnDeliveryStream_ParquetSerDeProperty{Compression: new("SNAPPY")}},
			},
			SchemaConfiguration: &awskinesisfirehose.CfnDeliveryStream_SchemaConfigurationProperty{
				CatalogId: account(scope), Region: awscdk.Stack_Of(scope).Region(), DatabaseName: new(p.Stage.Database()), TableName: s.table,
				VersionId: new("LATEST"), RoleArn: s.role.RoleArn(),
			},
		},
	}
	if len(s.config.Keys) > 0 {
		d.DynamicPartitioningConfiguration = &awskinesisfirehose.CfnDeliveryStream_DynamicPartitioningConfigurationProperty{
			Enabled: new(true), RetryOptions: &awskinesisfirehose.CfnDeliveryStream_RetryOptionsProperty{DurationInSeconds: new(300.0)},
		}
		d.ProcessingConfiguration = &awskinesisfirehose.CfnDeliveryStream_ProcessingConfigurationProperty{Enabled: new(true), Processors: &[]any{s.extraction()}}
	}
	return d
}

// extraction is what computes the partitions of a record.
func (s *Stream) extraction() *awskinesisfirehose.CfnDeliveryStream_ProcessorProperty {
	query := "{"
	for i, k := range s.config.Keys {
		if i > 0 {
			query += ","
		}
		query += k.Name + ":" + k.Query
	}
	parameter := func(name, value string) any {
		return &awskinesisfirehose.CfnDeliveryStream_ProcessorParameterProperty{ParameterName: &name, ParameterValue: &value}
	}
	return &awskinesisfirehose.CfnDeliveryStream_ProcessorProperty{
		Type: new("MetadataExtraction"), Parameters: &[]any{parameter("JsonParsingEngine", "JQ-1.6"), parameter("MetadataExtractionQuery", query+"}")},
	}
}
