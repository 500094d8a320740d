package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cw "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

// AlarmOnSweeps adds the alarms on what sweep counts. Each repair indicates a bug, or
// an outside intervention. A refused termination and an unreadable record are counted
// by every sweep until they are gone: the periods are those of three sweeps, and a
// single refusal may be a fault of EMR that passes.
func (a *Alarms) AlarmOnSweeps(scope constructs.Construct, s Stage) {
	counted := func(name string, minutes float64) cw.Metric {
		return cw.NewMetric(&cw.MetricProps{
			Namespace: new(stage.MetricNamespace), MetricName: &name, DimensionsMap: &map[string]*string{"Stage": &s.Stage},
			Statistic: new("Sum"), Period: awscdk.Duration_Minutes(&minutes),
		})
	}
	sweeps := 3 * s.Sweep.Every.Std().Minutes()
	a.atLeast(scope, "Repairs", "repairs", "Sweep repaired inconsistent state: see its log group or the Repaired events.", 1, counted(stage.RepairsMetric, 5))
	a.atLeast(scope, "Unended", "clusters-not-terminated", "Clusters whose runs are over cannot be terminated and cost money: see the log group of sweep.",
		2, counted(stage.UnendedMetric, sweeps))
	a.atLeast(scope, "Unreadable", "unreadable-records", "Records cannot be decoded and are skipped: see the log group of sweep, or ephemr doctor.",
		1, counted(stage.UnreadableMetric, sweeps))
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
