package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
)

// newFlowLogs adds a log group of the VPC's traffic, and the role that may write it.
// Source: Amazon VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs".
func newFlowLogs(scope constructs.Construct, id string, s Stage, vpc *string) {
	scope = constructs.NewConstruct(scope, &id)
	group := awslogs.NewLogGroup(scope, new("Group"), &awslogs.LogGroupProps{
		LogGroupName: new(s.LogGroup("flows")), Retention: retentions[s.Network.FlowLogDays()], RemovalPolicy: awscdk.RemovalPolicy_DESTROY, // else the next network could not have its name
	})
	role := awsiam.NewRole(scope, new("Role"), &awsiam.RoleProps{
		RoleName:    s.globalName(scope, "flow-logs"),
		Description: new("VPC flow logs: write the log group of the network"),
		AssumedBy:   servicePrincipal(scope, "vpc-flow-logs.amazonaws.com", arn(scope, "ec2", "vpc-flow-log/*")),
	})
	roleRights{role}.allow(statement(of("logs", "CreateLogStream", "PutLogEvents", "DescribeLogStreams"), logStreams(s, group), nil))
	awsec2.NewCfnFlowLog(scope, new("Log"), &awsec2.CfnFlowLogProps{
		ResourceId: vpc, ResourceType: new("VPC"), TrafficType: new("ALL"), MaxAggregationInterval: new(600.0),
		LogDestinationType: new("cloud-watch-logs"), LogGroupName: group.LogGroupName(), DeliverLogsPermissionArn: role.RoleArn(),
	})
}
