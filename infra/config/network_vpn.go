package config

import (
	"errors"
	"net/netip"
	"regexp"
)

// VPN lets people reach clusters from their own machines, by certificates.
type VPN struct {
	CIDR        string `yaml:"cidr"`        // addresses of clients, /12 to /22
	Certificate string `yaml:"certificate"` // ARN in ACM of the server's, which ephemr vpn cert imports
	Ports       []int  `yaml:"ports"`       // of primary instances; none = DefaultVPNPorts
}

// DefaultVPNPorts are those of YARN's and Spark's web interfaces.
var DefaultVPNPorts = []int{8088, 18080}

// Sizes of the clients' addresses.
// Source: AWS Client VPN Administrator Guide, "Rules and best practices for using AWS Client VPN".
const (
	largestVPN  = 12
	smallestVPN = 22
)

var certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[a-z0-9-]+$`)

// AdmittedPorts are the ports of primary instances that clients reach.
func (v VPN) AdmittedPorts() []int {
	if len(v.Ports) == 0 {
		return DefaultVPNPorts
	}
	return v.Ports
}

// Resolver is the address of the VPC's DNS server.
// Source: Amazon VPC User Guide, "Amazon DNS server".
func (n Network) Resolver() string {
	prefix, err := netip.ParsePrefix(n.CIDR)
	if err != nil {
		return "" // refused by validation
	}
	return prefix.Addr().Next().Next().String()
}

// validateVPN returns all errors of the VPN.
func (c Config) validateVPN() (errs []error) {
	n := c.Network
	if n.VPN == nil {
		return nil
	}
	if !n.Creates() {
		return []error{errors.New("network.vpn: the stage adds one only to a VPC that it creates; set cidr instead of vpc and subnets, or remove vpn")}
	}
	errs = n.validateClients()
	need := collect(&errs)
	m := certificateARN.FindStringSubmatch(n.VPN.Certificate)
	need(m != nil, "vpn.certificate %q must be the ARN of a certificate in ACM; make it with: ephemr --stage %s vpn cert NAME", n.VPN.Certificate, c.Stage)
	need(m == nil || c.Region == "" || m[1] == c.Region, "vpn.certificate %s is not in the stage's Region %s", n.VPN.Certificate, c.Region)
	for i, port := range n.VPN.Ports {
		need(port > 0 && port < 65536, "vpn.ports[%d]: %d must be 1 to 65535", i, port)
	}
	return errs
}

// validateClients checks the addresses of clients, which must differ from those that they reach.
func (n Network) validateClients() (errs []error) {
	need := collect(&errs)
	cidr, err := netip.ParsePrefix(n.VPN.CIDR)
	if err != nil || !cidr.Addr().Is4() || cidr != cidr.Masked() || cidr.Bits() < largestVPN || cidr.Bits() > smallestVPN {
		need(false, "vpn.cidr %q must be a range of IPv4 addresses, /12 to /22 (example: 10.99.0.0/22)", n.VPN.CIDR)
		return errs
	}
	own, err := netip.ParsePrefix(n.CIDR)
	need(err != nil || !own.Overlaps(cidr), "vpn.cidr %s overlaps network.cidr %s: addresses of clients must differ", n.VPN.CIDR, n.CIDR)
	for i, p := range n.Peerings {
		other, known := p.addresses()
		need(!known || !other.Overlaps(cidr), "vpn.cidr %s overlaps network.peerings[%d].cidr %s: addresses of clients must differ", n.VPN.CIDR, i, p.CIDR)
	}
	return errs
}

// VPNLogs is the name of the log group of connections.
func (c Config) VPNLogs() string { return c.LogGroup("vpn") }
