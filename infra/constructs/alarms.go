package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cw "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/constructs-go/constructs/v10"
)

// Alarms makes alarms that tell one topic. It stands behind every construct
// that can fail unseen.
type Alarms struct {
	topic  *Topic
	prefix string
}

// NewAlarms adds the topic that alarms tell.
func NewAlarms(scope constructs.Construct, stage Stage) *Alarms {
	topic := NewTopic(scope, "AlarmTopic", TopicProps{Stage: stage, Name: "alarms"})
	topic.allowAlarms()
	return &Alarms{topic: topic, prefix: stage.Name("")}
}

// atLeast adds an alarm named after what is wrong, that rings when metric
// reaches threshold once within its period. A silent metric is a good one.
//
// One metric each: the emulator knows no metric mathematics.
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
	alarm.AddAlarmAction(awscloudwatchactions.NewSnsAction(a.topic.resource))
}

func sum(minutes float64) *cw.MetricOptions {
	return &cw.MetricOptions{Statistic: new("Sum"), Period: awscdk.Duration_Minutes(&minutes)}
}

func maximum(minutes float64) *cw.MetricOptions {
	return &cw.MetricOptions{Statistic: new("Maximum"), Period: awscdk.Duration_Minutes(&minutes)}
}
