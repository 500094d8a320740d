package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cw "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

// AlarmOnRepairs fires when sweep repaired something: each repair indicates a bug,
// or an outside intervention.
func (a *Alarms) AlarmOnRepairs(scope constructs.Construct, s Stage) {
	metric := cw.NewMetric(&cw.MetricProps{
		Namespace: new(stage.MetricNamespace), MetricName: new(stage.RepairsMetric), DimensionsMap: &map[string]*string{"Stage": &s.Stage},
		Statistic: new("Sum"), Period: awscdk.Duration_Minutes(new(5.0)),
	})
	a.atLeast(scope, "Repairs", "repairs", "Sweep repaired inconsistent state: see its log group or the Repaired events.", 1, metric)
}

// GrantMetrics allows publishing metrics in ephemr's namespace.
func GrantMetrics(s Stage, to Rights) {
	only := conditions{"StringEquals": {"cloudwatch:namespace": stage.MetricNamespace}}
	if s.CoarseRights { // the emulator does not evaluate this condition key
		only = nil
	}
	// PutMetricData does not support resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
	to.allow(statement(of("cloudwatch", "PutMetricData"), anything, only))
}
