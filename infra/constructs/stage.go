// Package constructs contains the building blocks of the stacks. It defines the
// logs, alarms, encryption, retention and permissions of every function, queue,
// table and bucket in one place.
package constructs

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// Stage is the stage's configuration with helpers for constructs.
type Stage struct{ config.Config }

// removal is the policy for data when its stack is deleted. When the first creation
// of a stack is rolled back its data, which is empty, is deleted in any case:
// otherwise the next attempt fails, because resources of these names exist.
func (s Stage) removal() awscdk.RemovalPolicy {
	if s.Retain {
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return awscdk.RemovalPolicy_DESTROY
}

// RuleARN is the ARN of a rule on the default bus, or on another as bus/rule.
func (s Stage) RuleARN(scope constructs.Construct, rule string) *string {
	return arn(scope, "events", "rule/"+rule)
}

func account(scope constructs.Construct) *string { return awscdk.Stack_Of(scope).Account() }

// globalName is the name of a resource of IAM, which an account has once for all Regions.
func (s Stage) globalName(scope constructs.Construct, what string) *string {
	return new(s.GlobalName(what, *awscdk.Stack_Of(scope).Region()))
}

// arn formats an ARN in scope's account and Region.
func arn(scope constructs.Construct, service, resource string) *string {
	return awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: &service, Resource: &resource, ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}

// NewLogs adds a log group with the stage's retention.
func NewLogs(scope constructs.Construct, id string, stage Stage, name string) awslogs.LogGroup {
	return awslogs.NewLogGroup(scope, &id, &awslogs.LogGroupProps{
		LogGroupName:  &name,
		Retention:     retentions[stage.Logs.Days],
		RemovalPolicy: stage.removal(),
	})
}

// GrantReadLogs allows reading the streams of a log group.
func GrantReadLogs(s Stage, logs awslogs.LogGroup, to Rights) {
	to.allow(statement(of("logs", "GetLogEvents"), logStreams(s, logs), nil))
}

// logStreams are all streams of a log group.
func logStreams(s Stage, logs awslogs.LogGroup) []*string {
	resources := []*string{logs.LogGroupArn()} // ends in :*
	if s.CoarseRights {                        // the emulator evaluates the ARN of the group
		resources = append(resources, awscdk.Stack_Of(logs).FormatArn(&awscdk.ArnComponents{
			Service: new("logs"), Resource: new("log-group"), ResourceName: logs.LogGroupName(), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}))
	}
	return resources
}

// retentions are CDK's constants for config.LogDays.
var retentions = map[int]awslogs.RetentionDays{
	1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
	7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
	60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 120: awslogs.RetentionDays_FOUR_MONTHS,
	150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS, 365: awslogs.RetentionDays_ONE_YEAR,
	400: awslogs.RetentionDays_THIRTEEN_MONTHS, 545: awslogs.RetentionDays_EIGHTEEN_MONTHS, 731: awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS, 3653: awslogs.RetentionDays_TEN_YEARS,
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
