package stacks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// firehose is the Firehose of a stream of full.
func firehose(t *testing.T, name string) resource {
	t.Helper()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	all := full.all("AWS::KinesisFirehose::DeliveryStream")
	i := slices.IndexFunc(all, func(r resource) bool { return r.Properties["DeliveryStreamName"] == full.config.Name(name) })
	if i < 0 {
		t.Fatalf("no Firehose %s", name)
	}
	return all[i]
}

// A Firehose reads its own stream and writes Parquet with the schema of its table, by time of arrival.
func TestStreams(t *testing.T) {
	t.Parallel()
	d := firehose(t, "clicks").Properties
	to := at(d, "ExtendedS3DestinationConfiguration")
	got := map[string]any{
		"source": strings.Contains(id(at(d, "KinesisStreamSourceConfiguration", "KinesisStreamARN")), "Streamclicks"), "prefix": at(to, "Prefix"), "errors": at(to, "ErrorOutputPrefix"),
		"buffer": at(to, "BufferingHints"), "compression": at(to, "CompressionFormat"), "logs": at(to, "CloudWatchLoggingOptions", "Enabled"),
		"version": at(to, "DataFormatConversionConfiguration", "SchemaConfiguration", "VersionId"), "database": at(to, "DataFormatConversionConfiguration", "SchemaConfiguration", "DatabaseName"),
		"dynamic": at(to, "DynamicPartitioningConfiguration"), "processing": at(to, "ProcessingConfiguration"),
	}
	if diff := cmp.Diff(map[string]any{
		"source": true, "prefix": "clicks/dt=!{timestamp:yyyy-MM-dd}/", "errors": "quarantine/clicks/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
		"buffer": map[string]any{"IntervalInSeconds": 300.0, "SizeInMBs": 128.0}, "compression": "UNCOMPRESSED", "logs": true,
		"version": "LATEST", "database": "ephemr_full", "dynamic": nil, "processing": nil,
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	to = at(firehose(t, "payments-by-key").Properties, "ExtendedS3DestinationConfiguration")
	if at(to, "DynamicPartitioningConfiguration", "Enabled") != true {
		t.Error("keys without dynamic partitioning")
	}
	query, _ := json.Marshal(at(to, "ProcessingConfiguration", "Processors"))
	if want := `{country:.address.country,kind:.kind}`; !strings.Contains(string(query), want) || !strings.Contains(string(query), "JQ-1.6") {
		t.Errorf("extraction %s, want %s", query, want)
	}
	modes := map[string]any{}
	for _, s := range full.all("AWS::Kinesis::Stream") {
		modes[s.name()] = []any{at(s.Properties, "StreamModeDetails", "StreamMode"), s.Properties["ShardCount"], s.Properties["RetentionPeriodHours"], at(s.Properties, "StreamEncryption", "KeyId")}
	}
	key := full.config.Ingestion.Key
	if diff := cmp.Diff(map[string]any{"ephemr-full-clicks": []any{"ON_DEMAND", nil, 48.0, key}, "ephemr-full-payments": []any{"PROVISIONED", 2.0, 24.0, key}}, modes); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
}

// The folders of a stream's objects are the partitions of its table, for Athena too.
func TestStreamTables(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	for _, table := range full.all("AWS::Glue::Table") {
		input := table.Properties["TableInput"]
		name := text(at(input, "Name"))
		var partitions []string
		for _, p := range list(at(input, "PartitionKeys")) {
			partitions = append(partitions, text(at(p, "Name")))
		}
		template := text(at(input, "StorageDescriptor", "Location"))
		for _, p := range partitions {
			template += p + "=${" + p + "}/"
			if at(input, "Parameters", "projection."+p+".type") == nil {
				t.Errorf("%s: Athena cannot compute partition %s", name, p)
			}
		}
		if got := text(at(input, "Parameters", "storage.location.template")); got != template {
			t.Errorf("%s has its partitions at %s, want %s", name, got, template)
		}
		want := map[string]string{"clicks": "dt", "payments": "dt hour country kind"}[name]
		if got := strings.Join(partitions, " "); got != want {
			t.Errorf("%s has partitions %q, want %q", name, got, want)
		}
	}
}

// Firehose may do what AWS documents for its streams, and nothing beside; producers may only put.
func TestStreamRights(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	own := func(st statement) bool {
		return strings.HasPrefix(st.owner, "Streamclicks") || strings.Contains(st.owner, "put-data")
	}
	got := map[string][]string{}
	for _, st := range full.allowed() {
		if !own(st) {
			continue
		}
		for _, action := range st.actions {
			got[strings.TrimRight(st.owner, "0123456789ABCDEF")+" "+action] = st.resources
		}
		if slices.Contains(st.resources, "*") {
			t.Errorf("%s is allowed %v on everything", st.owner, st.actions)
		}
	}
	var actions []string
	for action := range got {
		actions = append(actions, strings.TrimPrefix(action, "StreamclicksRole "))
	}
	slices.Sort(actions)
	put := "ephemr-full-put-data-${AWS::Region} "
	if diff := cmp.Diff([]string{
		put + "kinesis:DescribeStreamSummary", put + "kinesis:ListShards", put + "kinesis:PutRecord", put + "kinesis:PutRecords", put + "kms:GenerateDataKey",
		"glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions",
		"kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
		"kms:Decrypt", "kms:GenerateDataKey", "logs:PutLogEvents",
		"s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject",
	}, actions, cmp.Transformer("sorted", func(s []string) []string { return slices.Sorted(slices.Values(s)) })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Alarms of streams notify the topic of the platform.
func TestStreamAlarms(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	var names []string
	for _, r := range full.templates["ingestion"].Resources {
		if r.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		names = append(names, strings.TrimPrefix(r.name(), "ephemr-full-stream-"))
		if action := text(list(r.Properties["AlarmActions"])[0]); !strings.HasSuffix(action, ":ephemr-full-alarms") {
			t.Errorf("%s notifies %s", r.name(), action)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{
		"clicks-late", "clicks-not-converted", "clicks-read-throttled", "clicks-write-throttled",
		"payments-late", "payments-not-converted", "payments-partitions", "payments-read-throttled", "payments-write-throttled",
	}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	each(t, func(t *testing.T, s *stage) {
		if len(s.templates["ingestion"].Resources) > 0 {
			t.Error("a stage without ingestion has its stack")
		}
	})
}
