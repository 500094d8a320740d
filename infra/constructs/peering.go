package constructs

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/customresources"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// peerings connects the VPC with others: a connection each, a route from every private subnet, and one back in the
// route tables of the other VPC. Ids come from what is connected and not from its place in the list: CloudFormation
// creates before it deletes, and a second connection or route of the same kind is refused.
func (n *Network) peerings(scope constructs.Construct, s Stage, routeTables []*string) {
	for _, p := range s.Network.Peerings {
		in := constructs.NewConstruct(scope, new("Peering "+p.VPC))
		connection := awsec2.NewCfnVPCPeeringConnection(in, new("Connection"), &awsec2.CfnVPCPeeringConnectionProps{
			VpcId: n.vpc, PeerVpcId: &p.VPC, PeerOwnerId: given(p.Account), PeerRegion: given(p.Region), PeerRoleArn: given(p.AcceptRole),
		})
		for j, table := range routeTables {
			awsec2.NewCfnRoute(in, new("To"+strconv.Itoa(j)), &awsec2.CfnRouteProps{
				RouteTableId: table, DestinationCidrBlock: &p.CIDR, VpcPeeringConnectionId: connection.AttrId(),
			})
		}
		for _, table := range p.RouteTables {
			id := "Back " + table + " " + s.Network.CIDR
			if p.Elsewhere() {
				routeElsewhere(in, id, s, p, table, connection.AttrId())
				continue
			}
			awsec2.NewCfnRoute(in, &id, &awsec2.CfnRouteProps{
				RouteTableId: &table, DestinationCidrBlock: &s.Network.CIDR, VpcPeeringConnectionId: connection.AttrId(),
			})
		}
	}
}

// routeElsewhere adds a route in another account or Region, where this stack cannot have resources, by the CDK's function
// that makes calls of the SDK: with the role that accepts the connection, or its own in the same account.
func routeElsewhere(scope constructs.Construct, id string, s Stage, p config.Peering, table string, connection *string) {
	call := func(action string, parameters map[string]any) *customresources.AwsSdkCall {
		parameters["RouteTableId"], parameters["DestinationCidrBlock"] = table, s.Network.CIDR
		return &customresources.AwsSdkCall{
			Service: new("ec2"), Action: &action, Parameters: parameters, Region: given(p.Region), AssumedRoleArn: given(p.AcceptRole),
			PhysicalResourceId: customresources.PhysicalResourceId_Of(new(table + " " + s.Network.CIDR)),
		}
	}
	may := statement(of("sts", "AssumeRole"), []*string{&p.AcceptRole}, nil)
	if p.AcceptRole == "" {
		may = statement(of("ec2", "CreateRoute", "ReplaceRoute", "DeleteRoute"),
			[]*string{new("arn:" + *awscdk.Stack_Of(scope).Partition() + ":ec2:" + p.Region + ":" + *account(scope) + ":route-table/" + table)}, nil)
	}
	remove := call("deleteRoute", map[string]any{})
	remove.PhysicalResourceId = nil
	remove.IgnoreErrorCodesMatching = new("InvalidRoute.NotFound|InvalidRouteTableID.NotFound") // the other side has removed it
	customresources.NewAwsCustomResource(scope, &id, &customresources.AwsCustomResourceProps{
		OnCreate: call("createRoute", map[string]any{"VpcPeeringConnectionId": connection}),
		OnUpdate: call("replaceRoute", map[string]any{"VpcPeeringConnectionId": connection}),
		OnDelete: remove, InstallLatestAwsSdk: new(false),
		LogGroup: callLogs(scope, s), Policy: customresources.AwsCustomResourcePolicy_FromStatements(&[]awsiam.PolicyStatement{may}),
	})
}

// callLogs is the log group of the function that makes calls; a stack has one.
func callLogs(scope constructs.Construct, s Stage) awslogs.ILogGroup {
	stack := awscdk.Stack_Of(scope)
	if group, ok := stack.Node().TryFindChild(new("Calls")).(awslogs.LogGroup); ok {
		return group
	}
	group := NewLogs(stack, "Calls", s, s.LogGroup("functions/network-calls"))
	group.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY) // a retained group would refuse the next network its name
	return group
}

// given is s, or nil when it is empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
