package stacks_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The VPN admits certificates to the VPC alone, logs connections, and leaves the clients' other traffic alone.
func TestVPN(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	endpoint := full.all("AWS::EC2::ClientVpnEndpoint")[0].Properties
	certificate := full.config.Network.VPN.Certificate
	if diff := cmp.Diff(map[string]any{"Type": "certificate-authentication", "MutualAuthentication": map[string]any{"ClientRootCertificateChainArn": certificate}},
		list(endpoint["AuthenticationOptions"])[0]); diff != "" {
		t.Errorf("authentication (-want +got):\n%s", diff)
	}
	got := []any{endpoint["ServerCertificateArn"], endpoint["SplitTunnel"], endpoint["DnsServers"], at(endpoint, "ConnectionLogOptions", "Enabled")}
	if diff := cmp.Diff([]any{certificate, true, []any{"10.20.0.2"}, true}, got); diff != "" {
		t.Errorf("endpoint (-want +got):\n%s", diff)
	}
	if rules := full.all("AWS::EC2::ClientVpnAuthorizationRule"); len(rules) != 1 || rules[0].Properties["TargetNetworkCidr"] != "10.20.0.0/16" {
		t.Errorf("rules %v", rules)
	}
	if subnets := full.all("AWS::EC2::ClientVpnTargetNetworkAssociation"); len(subnets) != 1 {
		t.Errorf("%d subnets, each of which costs money", len(subnets))
	}
}
