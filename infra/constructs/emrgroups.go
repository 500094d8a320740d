package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"
)

// EmrGroups are the security groups of clusters in private subnets, with the rules that EMR would add.
// Source: Amazon EMR Management Guide, "Working with Amazon EMR-managed security groups".
type EmrGroups struct {
	scope                  constructs.Construct
	primary, core, service *string
}

// NewEmrGroups adds the groups to a VPC. No rule admits anything from outside of the groups.
func NewEmrGroups(scope constructs.Construct, id string, vpc *string) *EmrGroups {
	g := &EmrGroups{scope: constructs.NewConstruct(scope, &id)}
	// What applications of clusters call cannot be known; the subnets' routes limit it.
	everything := []any{&awsec2.CfnSecurityGroup_EgressProperty{IpProtocol: new("-1"), CidrIp: new("0.0.0.0/0"), Description: new("Applications of clusters")}}
	g.primary = newGroup(g.scope, "Primary", vpc, "Primary instances of EMR clusters", everything)
	g.core = newGroup(g.scope, "Core", vpc, "Core and task instances of EMR clusters", everything)
	g.service = newGroup(g.scope, "ServiceAccess", vpc, "Interface of Amazon EMR to clusters in private subnets", nil)

	instances := map[string]*string{"Primary": g.primary, "Core": g.core}
	for _, to := range sortedKeys(instances) {
		for _, from := range sortedKeys(instances) {
			for _, protocol := range []string{"tcp", "udp", "icmp"} {
				g.admit(from+"To"+to+protocol, instances[from], instances[to], protocol, 0, "Instances of clusters")
			}
		}
		g.admit("ServiceTo"+to, g.service, instances[to], "tcp", 8443, "Amazon EMR")
		g.release("ServiceTo"+to, instances[to], 8443)
		g.admit(to+"ToEndpoint", instances[to], g.service, "tcp", 443, "Instances to Amazon EMR, releases from 8.0")
	}
	g.admit("PrimaryToService", g.primary, g.service, "tcp", 9443, "Primary instances to Amazon EMR")
	return g
}

// newGroup adds a security group that EMR may use; without egress nothing may leave, but by rules of its own.
func newGroup(scope constructs.Construct, id string, vpc *string, description string, egress []any) *string {
	if egress == nil { // CloudFormation allows everything if there is no rule at all
		egress = []any{&awsec2.CfnSecurityGroup_EgressProperty{
			IpProtocol: new("icmp"), FromPort: new(252.0), ToPort: new(86.0), CidrIp: new("255.255.255.255/32"), Description: new("Nothing"),
		}}
	}
	group := awsec2.NewCfnSecurityGroup(scope, &id, &awsec2.CfnSecurityGroupProps{GroupDescription: &description, VpcId: vpc, SecurityGroupEgress: &egress})
	awscdk.Tags_Of(group).Add(new(emrTag), new("true"), nil)
	return group.AttrGroupId()
}

// admit adds a rule for what may enter a group; port 0 is all of the protocol.
func (g *EmrGroups) admit(id string, from, to *string, protocol string, port float64, description string) {
	props := &awsec2.CfnSecurityGroupIngressProps{
		GroupId: to, SourceSecurityGroupId: from, IpProtocol: &protocol, FromPort: &port, ToPort: &port, Description: &description,
	}
	switch {
	case protocol == "icmp":
		props.FromPort, props.ToPort = new(-1.0), new(-1.0)
	case port == 0:
		props.ToPort = new(65535.0)
	}
	awsec2.NewCfnSecurityGroupIngress(g.scope, new("In"+id), props)
}

// release adds a rule for what EMR's interface may send to a group.
func (g *EmrGroups) release(id string, to *string, port float64) {
	awsec2.NewCfnSecurityGroupEgress(g.scope, new("Out"+id), &awsec2.CfnSecurityGroupEgressProps{
		GroupId: g.service, DestinationSecurityGroupId: to, IpProtocol: new("tcp"), FromPort: &port, ToPort: &port, Description: new("Amazon EMR"),
	})
}
