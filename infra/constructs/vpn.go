package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
)

// newVPN adds a Client VPN that admits certificates of the stage's authority to the VPC. It is in one subnet: each
// costs money by the hour, and the VPC's own routes lead to the others.
// Source: AWS Client VPN Administrator Guide.
func newVPN(scope constructs.Construct, id string, s Stage, n *Network) {
	scope = constructs.NewConstruct(scope, &id)
	v := s.Network.VPN
	group := newGroup(scope, "Group", n.vpc, "Clients of the VPN", []any{
		&awsec2.CfnSecurityGroup_EgressProperty{IpProtocol: new("-1"), CidrIp: &s.Network.CIDR, Description: new("Addresses of the VPC")},
	})
	for _, port := range v.AdmittedPorts() {
		n.groups.admit(fmt.Sprintf("VpnToPrimary%d", port), group, n.groups.primary, "tcp", float64(port), "Clients of the VPN")
	}
	logs := awslogs.NewLogGroup(scope, new("Logs"), &awslogs.LogGroupProps{
		LogGroupName: new(s.VPNLogs()), Retention: retentions[s.Logs.Days], RemovalPolicy: awscdk.RemovalPolicy_DESTROY, // else the next network could not have its name
	})
	stream := awslogs.NewCfnLogStream(scope, new("Connections"), &awslogs.CfnLogStreamProps{LogGroupName: logs.LogGroupName(), LogStreamName: new("connections")})
	tags := &[]*awscdk.CfnTag{{Key: new("ephemr:stage"), Value: &s.Stage}}
	endpoint := awsec2.NewCfnClientVpnEndpoint(scope, new("Endpoint"), &awsec2.CfnClientVpnEndpointProps{
		Description: new("Clusters of stage " + s.Stage), ClientCidrBlock: &v.CIDR, ServerCertificateArn: &v.Certificate,
		AuthenticationOptions: &[]any{&awsec2.CfnClientVpnEndpoint_ClientAuthenticationRequestProperty{
			Type: new("certificate-authentication"),
			MutualAuthentication: &awsec2.CfnClientVpnEndpoint_CertificateAuthenticationRequestProperty{
				ClientRootCertificateChainArn: &v.Certificate, // of the same authority
			},
		}},
		ConnectionLogOptions: &awsec2.CfnClientVpnEndpoint_ConnectionLogOptionsProperty{
			Enabled: new(true), CloudwatchLogGroup: logs.LogGroupName(), CloudwatchLogStream: stream.Ref(),
		},
		SplitTunnel: new(true), DnsServers: &[]*string{new(s.Network.Resolver())}, VpcId: n.vpc, SecurityGroupIds: &[]*string{group},
		TransportProtocol: new("udp"), VpnPort: new(443.0), SessionTimeoutHours: new(12.0),
		TagSpecifications: &[]any{&awsec2.CfnClientVpnEndpoint_TagSpecificationProperty{ResourceType: new("client-vpn-endpoint"), Tags: tags}},
	})
	association := awsec2.NewCfnClientVpnTargetNetworkAssociation(scope, new("Subnet"), &awsec2.CfnClientVpnTargetNetworkAssociationProps{
		ClientVpnEndpointId: endpoint.Ref(), SubnetId: n.subnets[0],
	})
	rule := awsec2.NewCfnClientVpnAuthorizationRule(scope, new("Rule"), &awsec2.CfnClientVpnAuthorizationRuleProps{
		ClientVpnEndpointId: endpoint.Ref(), TargetNetworkCidr: &s.Network.CIDR, AuthorizeAllGroups: new(true), Description: new("The VPC"),
	})
	rule.Node().AddDependency(association)
}
