package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cw "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
)

// Alarms creates alarms that notify one topic. Every construct that can fail
// without a caller's notice uses it.
type Alarms struct {
	topic  awssns.ITopic
	prefix string
}

// NewAlarms adds the topic that alarms notify.
func NewAlarms(scope constructs.Construct, stage Stage) *Alarms {
	topic := NewTopic(scope, "AlarmTopic", TopicProps{Stage: stage, Name: "alarms"})
	topic.allowAlarms()
	return &Alarms{topic: topic.resource, prefix: stage.Name("")}
}

// AlarmsElsewhere creates alarms of another stack, which notify the same topic.
func AlarmsElsewhere(scope constructs.Construct, stage Stage) *Alarms {
	return &Alarms{topic: awssns.Topic_FromTopicArn(scope, new("AlarmTopic"), arn(scope, "sns", stage.Name("alarms"))), prefix: stage.Name("")}
}

// atLeast adds an alarm that fires when metric reaches threshold in one period.
// Missing data is not an error.
//
// Each alarm has one metric: the emulator does not support metric math.
func (a *Alarms) atLeast(scope constructs.Construct, id, name, description string, threshold float64, metric cw.Metric) {
	alarm := cw.NewAlarm(scope, &id, &cw.AlarmProps{
		AlarmName:          new(a.prefix + name),
		AlarmDescription:   &description,
		Metric:             metric,
		Threshold:          &threshold,
		ComparisonOperator: cw.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		EvaluationPeriods:  new(1.0),
		TreatMissingData:   cw.TreatMissingData_NOT_BREACHING,
	})
	alarm.AddAlarmAction(awscloudwatchactions.NewSnsAction(a.topic))
}

func sum(minutes float64) *cw.MetricOptions {
	return &cw.MetricOptions{Statistic: new("Sum"), Period: awscdk.Duration_Minutes(&minutes)}
}

func maximum(minutes float64) *cw.MetricOptions {
	return &cw.MetricOptions{Statistic: new("Maximum"), Period: awscdk.Duration_Minutes(&minutes)}
}
