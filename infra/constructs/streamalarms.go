package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cw "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
)

// minFresh is the least age of records, in seconds, that is an alarm.
const minFresh = 900

// addAlarms adds alarms on what delays or loses records.
// Sources: Amazon Data Firehose Developer Guide, "Monitor Amazon Data Firehose Using CloudWatch Metrics"; Amazon Kinesis
// Data Streams Developer Guide, "Monitor the Amazon Kinesis Data Streams service with Amazon CloudWatch".
func (s *Stream) addAlarms(scope constructs.Construct) {
	name, alarms := s.props.Name, s.props.Alarms
	firehose := func(metric, statistic string) cw.Metric {
		return ingestMetric("AWS/Firehose", metric, "DeliveryStreamName", *s.delivery, statistic)
	}
	fresh := max(minFresh, 3*s.config.BufferSeconds())
	alarms.atLeast(scope, "Late", "stream-"+name+"-late", fmt.Sprintf("Records of stream %s are not in S3 after %d s: see log group %s.", name, fresh, s.props.Stage.LogGroup("firehose")),
		float64(fresh), firehose("DeliveryToS3.DataFreshness", "Maximum"))
	alarms.atLeast(scope, "Failed", "stream-"+name+"-not-converted", "Records of stream "+name+" do not match its table: see quarantine/"+name+"/ in its zone.",
		1, firehose("FailedConversion.Records", "Sum"))
	alarms.atLeast(scope, "Throttled", "stream-"+name+"-read-throttled", "Firehose is throttled by stream "+name+": other consumers read it too, or it has too few shards.",
		1, firehose("ThrottledGetRecords", "Sum"))
	alarms.atLeast(scope, "Full", "stream-"+name+"-write-throttled", "Stream "+name+" refuses records: it has too few shards, or their partition keys are not evenly distributed.",
		1, ingestMetric("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", *s.stream.Ref(), "Sum"))
	if len(s.config.Keys) > 0 {
		alarms.atLeast(scope, "Partitions", "stream-"+name+"-partitions", "Records of stream "+name+" have more active partitions than Firehose allows: see quarantine/"+name+"/ in its zone.",
			1, firehose("PartitionCountExceeded", "Maximum"))
	}
}

func ingestMetric(namespace, name, dimension, value, statistic string) cw.Metric {
	return cw.NewMetric(&cw.MetricProps{
		Namespace: &namespace, MetricName: &name, DimensionsMap: &map[string]*string{dimension: &value},
		Statistic: &statistic, Period: awscdk.Duration_Minutes(new(5.0)),
	})
}
