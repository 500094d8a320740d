package config

import "net/netip"

// Network configures the network of the stage's clusters: a VPC that the stage creates, or an
// existing one. Without it EMR uses the default VPC, or the subnets that profiles name.
type Network struct {
	CIDR  string `yaml:"cidr"`  // of a VPC that the stage creates, /16 to /24
	Zones int    `yaml:"zones"` // Availability Zones, 2 or 3; 0 = 2
	NAT   NAT    `yaml:"nat"`   // "" = one

	VPC     string   `yaml:"vpc"`     // an existing one, instead of cidr
	Subnets []string `yaml:"subnets"` // of the existing VPC, private

	Endpoints Endpoints `yaml:"endpoints"` // for interfaces of AWS's services
	Buckets   []string  `yaml:"buckets"`   // beside the stage's, that clusters may reach through the endpoint of S3
	FlowLogs  FlowLogs  `yaml:"flowLogs"`

	Peerings []Peering `yaml:"peerings"` // with other VPCs, such as those of databases

	VPN *VPN `yaml:"vpn"` // nil = none
}

// NAT is how private subnets reach the internet.
type NAT string

// The kinds of NAT: none, one gateway for all zones, or one for each.
const (
	NoNAT   NAT = "none"
	OneNAT  NAT = "one"
	ZoneNAT NAT = "zone"
)

// FlowLogs configures the records of the VPC's traffic.
type FlowLogs struct {
	Days int `yaml:"days"` // one of LogDays; 0 = DefaultFlowLogDays for a VPC that the stage creates, else none
}

// Defaults of a network.
const (
	DefaultZones       = 2
	MaxZones           = 3
	DefaultFlowLogDays = 30
)

// Endpoints are names of services, and AutoEndpoints for all that the stage uses. In the file it may stand without a list.
type Endpoints []string

// AutoEndpoints stands for the endpoints of all services that clusters of the stage use.
const AutoEndpoints = "auto"

// KnownEndpoints are the services that can have an interface endpoint, by their names in com.amazonaws.<region>.<name>.
var KnownEndpoints = []string{
	"athena", "datazone", "elasticmapreduce", "glue", "kms", "lakeformation", "logs", "monitoring", "secretsmanager", "sns", "sqs", "ssm", "states", "sts",
}

// UnmarshalYAML reads a list or a single name.
func (e *Endpoints) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*e = Endpoints{one}
		return nil
	}
	list := []string{}
	err := unmarshal(&list)
	*e = list
	return err
}

// Creates reports whether the stage creates its VPC.
func (n Network) Creates() bool { return n.VPC == "" }

// ZoneCount is the number of Availability Zones of a VPC that the stage creates.
func (n Network) ZoneCount() int {
	if n.Zones == 0 {
		return DefaultZones
	}
	return n.Zones
}

// Gateways is the number of NAT gateways.
func (n Network) Gateways() int {
	switch n.NAT {
	case NoNAT:
		return 0
	case ZoneNAT:
		return n.ZoneCount()
	case OneNAT:
	}
	return 1
}

// FlowLogDays is the retention of flow logs; 0 = none.
func (n Network) FlowLogDays() int {
	if n.FlowLogs.Days == 0 && n.Creates() {
		return DefaultFlowLogDays
	}
	return n.FlowLogs.Days
}

// Sizes of subnets. A VPC is divided into four: up to three zones, and the public subnets
// in the last part. AWS's smallest subnet is /28, and it reserves five addresses of each.
const (
	largestVPC  = 16
	smallestVPC = 24
	PublicBits  = 28
	reserved    = 5
)

// ClusterBits is the size of each private subnet, as bits of its prefix.
func (n Network) ClusterBits() int {
	prefix, err := netip.ParsePrefix(n.CIDR)
	if err != nil {
		return 0 // refused by validation
	}
	return prefix.Bits() + 2
}

// Addresses is how many instances and interfaces of endpoints a private subnet holds.
func (n Network) Addresses() int { return 1<<(32-n.ClusterBits()) - reserved }
