package stacks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
	contract "ephemr/internal/stage"
)

// networkVariants are networks beside that of full, which has a NAT gateway in each of three zones.
var networkVariants = map[string]config.Network{
	"isolated": {CIDR: "10.30.0.0/20", NAT: config.NoNAT},
	"default":  {CIDR: "10.40.0.0/24", Endpoints: config.Endpoints{}},
	"existing": {VPC: "vpc-0123456789abcdef0", Subnets: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}},
	"endpoints in existing": {
		VPC: "vpc-0123456789abcdef0", Subnets: []string{"subnet-0123456789abcdef0"}, Endpoints: config.Endpoints{"auto"}, FlowLogs: config.FlowLogs{Days: 1},
	},
}

// network is what a network's stack consists of.
type network struct {
	Private, Public, Gateways []string // CIDRs of subnets, zones of gateways
	Endpoints                 []string
	FlowLogDays               any
}

func (s *stage) network() network {
	n := network{}
	for _, subnet := range s.all("AWS::EC2::Subnet") {
		cidr := text(subnet.Properties["CidrBlock"])
		if slices.ContainsFunc(list(subnet.Properties["Tags"]), isEmrTag) {
			n.Private = append(n.Private, cidr)
		} else {
			n.Public = append(n.Public, cidr)
		}
		if subnet.Properties["MapPublicIpOnLaunch"] != false {
			n.Public = append(n.Public, cidr+" gives instances public addresses")
		}
	}
	for _, gateway := range s.all("AWS::EC2::NatGateway") {
		n.Gateways = append(n.Gateways, s.templates["network"].Resources[id(gateway.Properties["SubnetId"])].Type)
	}
	for _, endpoint := range s.all("AWS::EC2::VPCEndpoint") {
		n.Endpoints = append(n.Endpoints, strings.TrimPrefix(text(endpoint.Properties["ServiceName"]), "com.amazonaws.${AWS::Region}."))
	}
	if s.all("AWS::EC2::FlowLog") != nil {
		n.FlowLogDays = s.all("AWS::Logs::LogGroup")[slices.IndexFunc(s.all("AWS::Logs::LogGroup"), func(r resource) bool { return strings.HasSuffix(r.name(), "/flows") })].Properties["RetentionInDays"]
	}
	slices.Sort(n.Private)
	slices.Sort(n.Public)
	slices.Sort(n.Endpoints)
	return n
}

func isEmrTag(tag any) bool {
	return at(tag, "Key") == "for-use-with-amazon-emr-managed-policies" && at(tag, "Value") == "true"
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	const subnet = "AWS::EC2::Subnet"
	for name, want := range map[string]network{
		"full": {
			[]string{"10.20.0.0/18", "10.20.128.0/18", "10.20.64.0/18"},
			[]string{"10.20.192.0/28", "10.20.192.16/28", "10.20.192.32/28"},
			[]string{subnet, subnet, subnet},
			[]string{"dynamodb", "glue", "kms", "logs", "monitoring", "s3", "secretsmanager", "sqs", "ssm", "states", "sts"},
			90.0,
		},
		"isolated": {
			[]string{"10.30.0.0/22", "10.30.4.0/22"},
			nil, nil,
			[]string{"dynamodb", "glue", "kms", "logs", "monitoring", "s3", "secretsmanager", "ssm", "sts"},
			30.0,
		},
		"default": {
			[]string{"10.40.0.0/26", "10.40.0.64/26"}, []string{"10.40.0.192/28", "10.40.0.208/28"}, []string{subnet}, []string{"dynamodb", "s3"}, 30.0,
		},
		"existing":              {},
		"endpoints in existing": {Endpoints: []string{"glue", "kms", "logs", "monitoring", "secretsmanager", "ssm", "sts"}, FlowLogDays: 1.0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(networks) == 0 {
				t.Skip("no templates in short mode")
			}
			if diff := cmp.Diff(want, networks[name].network()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for name := range networks {
		if name != "full" && networkVariants[name].CIDR == "" && networkVariants[name].VPC == "" {
			t.Errorf("%s is not tested", name)
		}
	}
}

// rules are the rules of a network's security groups as "from -> to protocol ports".
func (s *stage) rules() []string {
	names := map[string]string{}
	for id, r := range s.templates["network"].Resources {
		if r.Type == "AWS::EC2::SecurityGroup" {
			names[id], _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(id, "Groups"), "Endpoints"), r.hash(id))
		}
	}
	group := func(v any) string { return names[id(v)] }
	var rules []string
	for id, r := range s.templates["network"].Resources {
		p := r.Properties
		ports := fmt.Sprintf("%v %v-%v", p["IpProtocol"], p["FromPort"], p["ToPort"])
		switch r.Type {
		case "AWS::EC2::SecurityGroupIngress":
			rules = append(rules, "in "+group(p["SourceSecurityGroupId"])+" -> "+group(p["GroupId"])+" "+ports)
		case "AWS::EC2::SecurityGroupEgress":
			rules = append(rules, "out "+group(p["GroupId"])+" -> "+group(p["DestinationSecurityGroupId"])+" "+ports)
		case "AWS::EC2::SecurityGroup":
			if p["SecurityGroupIngress"] != nil {
				rules = append(rules, "in anything -> "+names[id])
			}
			for _, egress := range list(p["SecurityGroupEgress"]) {
				if at(egress, "CidrIp") == "0.0.0.0/0" {
					rules = append(rules, "out "+names[id]+" -> anything")
				}
			}
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// hash is the end of a logical id, which CDK derives from the path.
func (r resource) hash(id string) string { return id[len(id)-8:] }

// The rules are those that EMR would add, and admit nothing but clusters and EMR.
// Source: Amazon EMR Management Guide, "Working with Amazon EMR-managed security groups".
func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	var want []string
	for _, to := range []string{"Core", "Primary"} {
		for _, from := range []string{"Core", "Primary"} {
			for _, ports := range []string{"tcp 0-65535", "udp 0-65535", "icmp -1--1"} {
				want = append(want, "in "+from+" -> "+to+" "+ports)
			}
		}
		want = append(want, "in ServiceAccess -> "+to+" tcp 8443-8443", "out ServiceAccess -> "+to+" tcp 8443-8443",
			"in "+to+" -> ServiceAccess tcp 443-443", "out "+to+" -> anything")
	}
	want = append(want, "in Primary -> ServiceAccess tcp 9443-9443")
	endpoints := []string{"in Primary -> Group tcp 443-443", "in Core -> Group tcp 443-443"}
	for name, s := range networks {
		rules := slices.Clone(want)
		if len(s.config.EndpointNames()) > 0 {
			rules = append(rules, endpoints...)
		}
		if s.config.Network.VPN != nil {
			rules = append(rules, "in VpnGroup -> Primary tcp 18080-18080")
		}
		slices.Sort(rules)
		if diff := cmp.Diff(rules, s.rules()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// AmazonEMRServicePolicy_v2 allows only what has its tag.
func TestNetworkIsTagged(t *testing.T) {
	t.Parallel()
	for name, s := range networks {
		for _, kind := range []string{"AWS::EC2::VPC", "AWS::EC2::SecurityGroup"} {
			for _, r := range s.all(kind) {
				if !slices.ContainsFunc(list(r.Properties["Tags"]), isEmrTag) {
					t.Errorf("%s: a %s has no tag", name, kind)
				}
			}
		}
		if got := len(s.network().Private); s.config.Network.Creates() && got != s.config.Network.ZoneCount() {
			t.Errorf("%s: %d subnets with the tag, want %d", name, got, s.config.Network.ZoneCount())
		}
	}
}

// What clusters need of S3 passes its endpoint, and other accounts' principals and buckets do not.
func TestEndpointPolicies(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	for _, endpoint := range full.all("AWS::EC2::VPCEndpoint") {
		service := text(endpoint.Properties["ServiceName"])
		for _, st := range list(at(endpoint.Properties, "PolicyDocument", "Statement")) {
			open := at(st, "Condition", "StringEquals", "aws:PrincipalAccount") == nil
			resources := texts(at(st, "Resource"))
			if open && (!strings.HasSuffix(service, ".s3") || slices.Contains(resources, "*")) {
				t.Errorf("%s allows every principal %v", service, resources)
			}
		}
	}
	i := slices.IndexFunc(full.all("AWS::EC2::VPCEndpoint"), func(r resource) bool { return strings.HasSuffix(text(r.Properties["ServiceName"]), ".s3") })
	allowed := map[string][]string{}
	for _, st := range list(at(full.all("AWS::EC2::VPCEndpoint")[i].Properties, "PolicyDocument", "Statement")) {
		allowed[strings.Join(slices.Sorted(slices.Values(texts(at(st, "Action")))), " ")] = texts(at(st, "Resource"))
	}
	const region, suffix = "${AWS::Region}", "-${AWS::AccountId}-${AWS::Region}"
	for bucket, action := range map[string]string{
		"al2023-repos-" + region + "-de612dc2": "s3:GetObject", "repo." + region + ".emr.amazonaws.com": "s3:GetObject", region + ".elasticmapreduce": "s3:GetObject",
		"aws157-logs-prod-" + region: "s3:Put*", "prod." + region + ".appinfo.src": "s3:Abort* s3:Create* s3:Get* s3:List* s3:Put*",
		"ephemr-full-*" + suffix: "s3:*", "cdk-*-assets" + suffix: "s3:*", "partner-drop": "s3:*", "reference-data": "s3:*",
	} {
		if want := "arn:${AWS::Partition}:s3:::" + bucket + "/*"; !slices.Contains(allowed[action], want) {
			t.Errorf("%s of %s cannot pass; allowed are %v", action, want, allowed[action])
		}
	}
}

// Clusters learn of the network by its parameter, and functions only that there is one.
func TestNetworkParameter(t *testing.T) {
	t.Parallel()
	for name, s := range networks {
		i := slices.IndexFunc(s.all("AWS::SSM::Parameter"), func(r resource) bool { return r.name() == contract.NetworkParameter("full") })
		n, err := contract.ParseNetwork(text(s.all("AWS::SSM::Parameter")[i].Properties["Value"]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := max(len(s.config.Network.Subnets), len(s.network().Private)); len(n.Subnets) != want {
			t.Errorf("%s: subnets %v, want %d", name, n.Subnets, want)
		}
		if len(n.Primary) < 5 || n.Primary == n.Core || n.Core == n.ServiceAccess {
			t.Errorf("%s: groups %s, %s, %s", name, n.Primary, n.Core, n.ServiceAccess)
		}
	}
	each(t, func(t *testing.T, s *stage) {
		if len(s.templates["network"].Resources) > 0 {
			t.Error("a stage without a network has its stack")
		}
	})
}

// Every private subnet has a route to peered networks, and those have one back: by a resource in the stage's account and
// Region, elsewhere by a call with the role that accepts the connection.
func TestPeerings(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	var connections []string
	for _, c := range full.all("AWS::EC2::VPCPeeringConnection") {
		connections = append(connections, fmt.Sprint(c.Properties["PeerVpcId"], " ", c.Properties["PeerOwnerId"], " ", c.Properties["PeerRegion"], " ", c.Properties["PeerRoleArn"]))
	}
	slices.Sort(connections)
	if diff := cmp.Diff([]string{
		"vpc-0123456789abcdef0 <nil> <nil> <nil>", "vpc-0123456789abcdef1 222233334444 eu-central-1 arn:aws:iam::222233334444:role/accept-peering",
	}, connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	routes := map[string]int{}
	for _, r := range full.all("AWS::EC2::Route") {
		if r.Properties["VpcPeeringConnectionId"] != nil {
			table := text(r.Properties["RouteTableId"])
			if strings.HasPrefix(table, "${") {
				table = "private"
			}
			routes[table+" to "+text(r.Properties["DestinationCidrBlock"])]++
		}
	}
	if diff := cmp.Diff(map[string]int{"private to 10.30.0.0/16": 3, "private to 10.31.0.0/16": 3, "rtb-0123456789abcdef0 to 10.20.0.0/16": 1}, routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	checkRouteCalls(t)
	checkPeeringIDs(t)
}

// checkPeeringIDs checks that ids do not depend on the order of the list, which CloudFormation would take for other connections.
func checkPeeringIDs(t *testing.T) {
	t.Helper()
	for id, r := range full.templates["network"].Resources {
		of := ""
		if r.Type == "AWS::EC2::VPCPeeringConnection" {
			of = text(r.Properties["PeerVpcId"])
		} else if r.Properties["VpcPeeringConnectionId"] != nil {
			of = map[string]string{"10.30.0.0/16": "vpc-0123456789abcdef0", "10.31.0.0/16": "vpc-0123456789abcdef1"}[text(r.Properties["DestinationCidrBlock"])]
		}
		if want := strings.ReplaceAll(of, "-", ""); !strings.Contains(id, want) {
			t.Errorf("%s does not contain %s", id, want)
		}
	}
}

// checkRouteCalls checks the route that is made in another account.
func checkRouteCalls(t *testing.T) {
	t.Helper()
	calls := full.all("Custom::AWS")
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	for event, action := range map[string]string{"Create": "createRoute", "Update": "replaceRoute", "Delete": "deleteRoute"} {
		for _, want := range []string{
			action, "rtb-0123456789abcdef1", `"region":"eu-central-1"`, `"assumedRoleArn":"arn:aws:iam::222233334444:role/accept-peering"`, `"DestinationCidrBlock":"10.20.0.0/16"`,
		} {
			if got := text(calls[0].Properties[event]); !strings.Contains(got, want) {
				t.Errorf("%s does not contain %s: %s", event, want, got)
			}
		}
	}
}
