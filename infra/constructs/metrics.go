package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cw "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

// AlarmOnRepairs rings when sweep had to mend something: each repair is a bug
// somewhere, ours or the environment's.
func (a *Alarms) AlarmOnRepairs(scope constructs.Construct, s Stage) {
	metric := cw.NewMetric(&cw.MetricProps{
		Namespace: new(stage.MetricNamespace), MetricName: new(stage.RepairsMetric), DimensionsMap: &map[string]*string{"Stage": &s.Stage},
		Statistic: new("Sum"), Period: awscdk.Duration_Minutes(new(5.0)),
	})
	a.atLeast(scope, "Repairs", "repairs", "Sweep had to mend something: read its log group, or the Repaired events.", 1, metric)
}

// GrantMetrics lets to publish metrics under ephemr's namespace.
func GrantMetrics(s Stage, to Rights) {
	only := conditions{"StringEquals": {"cloudwatch:namespace": stage.MetricNamespace}}
	if s.CoarseRights { // the emulator does not know which namespace a call is about
		only = nil
	}
	// PutMetricData knows no resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
	to.allow(statement(of("cloudwatch", "PutMetricData"), anything, only))
}
