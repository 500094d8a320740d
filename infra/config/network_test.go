package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// All errors of a network are reported at once, with their lines.
func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"of a new VPC": {
			text: `network:
  cidr: 10.20.0.0/15
  zones: 4
  nat: two
  endpoints: [auto, s3, logs]
  buckets: [Reference_Data]
  flowLogs: {days: 31}
netwerk: {}
`,
			want: `x.yaml:2:3: network.cidr 10.20.0.0/15 is larger than the maximum of a VPC
x.yaml:3:3: network.zones 4 must be 2 or 3
x.yaml:4:3: network.nat "two" must be none, one or zone
x.yaml:5:21: network.endpoints[1]: unknown service "s3"; use auto, or names of athena, 
x.yaml:6:13: network.buckets[0]: "Reference_Data" is not the name of a bucket
x.yaml:7:14: network.flowLogs.days 31 must be one of [1 3 5
x.yaml:8:1: unknown field "netwerk"`,
		},
		"of an existing VPC": {
			text: `network:
  cidr: 10.20.0.0/16
  zones: 2
  nat: one
  vpc: vpc-1
  subnets: [subnet-0123456789abcdef0, subnet-a, subnet-0123456789abcdef0]
profiles:
  small:
    release: emr-7.14.0
    applications: [Spark]
    primary: {types: [m5.xlarge], onDemand: 1}
    idleTimeout: 15m
    subnets: [subnet-0123456789abcdef9]
    fallbacks: [{subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef8]}]
`,
			want: `x.yaml:2:3: network.cidr: the VPC exists and keeps its own; remove cidr, or vpc and subnets
x.yaml:3:3: network.zones: the VPC exists and keeps its own; remove zones,
x.yaml:4:3: network.nat: the VPC exists and keeps its own; remove nat,
x.yaml:5:3: network.vpc "vpc-1" is not the id of a VPC
x.yaml:6:39: network.subnets[1]: "subnet-a" is not the id of a subnet
x.yaml:6:49: network.subnets[2]: duplicate subnet-0123456789abcdef0; remove one
x.yaml:13:15: profiles.small.subnets[0]: subnet-0123456789abcdef9 is not one of network.subnets; remove it
x.yaml:14:54: profiles.small.fallbacks[0].subnets[1]: subnet-0123456789abcdef8 is not one of network.subnets`,
		},
		"what needs the internet": {
			text: `region: eu-west-1
network: {cidr: 10.20.0.0/16, nat: none, endpoints: [logs]}
lineage: {sparkUrl: https://marquez.example.com}
secrets: [stores/a, "ssm:/b", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:near-AbCdEf", "arn:aws:secretsmanager:us-east-1:111122223333:secret:far-AbCdEf"]
profiles:
  small:
    release: emr-7.14.0
    applications: [Spark]
    primary: {types: [m5.xlarge], onDemand: 1}
    idleTimeout: 15m
    securityConfiguration: ours
    configurations:
      - classification: spark-defaults
        properties:
          spark.jars.packages: org.postgresql:postgresql:42.7.4
          spark.jars.repositories: https://10.1.2.3/maven
          spark.driver.extraJavaOptions: -Dx=AWSGlueDataCatalog
    bootstrap: [{name: a, path: "s3://setup/a.sh", args: [https://example.com/a.tgz]}]
`,
			want: `x.yaml:2:42: network.endpoints: glue is missing: profiles use the catalog of Glue, and network.nat is none; add it, or auto
x.yaml:2:42: network.endpoints: kms is missing: a security configuration may encrypt disks,
x.yaml:2:42: network.endpoints: secretsmanager is missing: jobs read stores/a,
x.yaml:2:42: network.endpoints: ssm is missing: jobs read ssm:/b,
x.yaml:3:11: lineage.sparkUrl: https://marquez.example.com is on the internet, and network.nat is none
x.yaml:4:1: secrets: arn:aws:secretsmanager:us-east-1:111122223333:secret:far-AbCdEf is in another Region, which needs the internet
x.yaml:12:5: profiles.small.configurations: spark-defaults spark.jars.packages org.postgresql:postgresql:42.7.4 needs the internet
x.yaml:18:17: profiles.small.bootstrap[0]: https://example.com/a.tgz is on the internet`,
		},
		"peerings": {
			text: `account: "111122223333"
network:
  cidr: 10.20.0.0/16
  peerings:
    - {vpc: vpc-0123456789abcdef0, cidr: 10.20.128.0/20, routeTables: [rtb-0123456789abcdef0]}
    - {vpc: vpc-0123456789abcdef0, cidr: 10.30.0.0/16}
    - {vpc: vpc-1, cidr: 10.30.1.0/24, account: "111122223333", region: Ireland, routeTables: [rtb-1]}
    - {vpc: vpc-0123456789abcdef2, cidr: 10.31.0.1/16, account: "222233334444", acceptRole: "arn:aws:iam::333344445555:role/a", routeTables: [rtb-0123456789abcdef0]}
`,
			want: `x.yaml:5:36: network.peerings[0].cidr 10.20.128.0/20 overlaps network.cidr 10.20.0.0/16: addresses of peered networks must differ
x.yaml:6:7: network.peerings[1].routeTables is missing: name those of vpc-0123456789abcdef0 that lead to the stage's VPC
x.yaml:6:8: network.peerings[1].vpc: duplicate vpc-0123456789abcdef0; remove one
x.yaml:7:7: network.peerings[2].acceptRole is missing: name a role of account 111122223333 that may accept
x.yaml:7:8: network.peerings[2].vpc "vpc-1" is not the id of a VPC
x.yaml:7:20: network.peerings[2].cidr 10.30.1.0/24 overlaps network.peerings[1].cidr 10.30.0.0/16
x.yaml:7:40: network.peerings[2].account 111122223333 is the stage's; leave it out
x.yaml:7:65: network.peerings[2].region "Ireland" must be the name of a Region
x.yaml:7:96: network.peerings[2].routeTables[0]: "rtb-1" is not the id of a route table
x.yaml:8:36: network.peerings[3].cidr "10.31.0.1/16" is not a range of IPv4 addresses
x.yaml:8:81: network.peerings[3].acceptRole "arn:aws:iam::333344445555:role/a" must be the ARN of a role of the other account`,
		},
		"peerings of an existing VPC": {
			"network: {vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0], peerings: [{vpc: vpc-0123456789abcdef1}]}\n",
			"x.yaml:1:76: network.peerings: the routes of an existing VPC are not the stage's; connect it yourself",
		},
		"no addresses":   {"network: {nat: one}\n", "x.yaml:1:1: network.cidr is missing: set the addresses of a new VPC"},
		"only subnets":   {"network: {subnets: [subnet-0123456789abcdef0]}\n", "x.yaml:1:11: network.subnets: are of an existing VPC; name it in vpc"},
		"only a VPC":     {"network: {vpc: vpc-0123456789abcdef0}\n", "x.yaml:1:1: network.subnets is missing: name private subnets of vpc-"},
		"no CIDR":        {"network: {cidr: ten}\n", `x.yaml:1:11: network.cidr "ten" is not a range of IPv4 addresses`},
		"IPv6":           {"network: {cidr: \"fd00::/56\"}\n", `x.yaml:1:11: network.cidr "fd00::/56" is not a range of IPv4`},
		"inside a range": {"network: {cidr: 10.20.1.0/16}\n", "x.yaml:1:11: network.cidr 10.20.1.0/16 does not begin at the start of its range; write 10.20.0.0/16"},
		"public":         {"network: {cidr: 52.20.0.0/16}\n", "x.yaml:1:11: network.cidr 52.20.0.0/16 is not private"},
		"too small":      {"network: {cidr: 10.20.0.0/25, zones: 3}\n", "x.yaml:1:11: network.cidr 10.20.0.0/25 is too small for private subnets in 3 zones; use /16 to /24"},
		"too small for a cluster": {
			"network: {cidr: 10.20.0.0/24}\nprofiles: {small: {release: emr-7.14.0, applications: [Spark], primary: {types: [m5.xlarge], onDemand: 1}, maxUnits: 59, idleTimeout: 15m}}\n",
			"x.yaml:1:11: network.cidr 10.20.0.0/24 is too small: a subnet holds 59 instances, and a cluster of profile small up to 60",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("x1", "x.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			got, want := strings.Split(err.Error(), "\n"), strings.Split(tt.want, "\n")
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
					t.Fatalf("got\n%s\nwant\n%s", err, tt.want)
				}
			}
		})
	}
}

// The services that clusters use have endpoints; others only if they are listed.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	const vpc, secrets = "vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0]", "secrets: [stores/a, \"ssm:/b\"]\n"
	for name, tt := range map[string]struct{ text, want string }{
		"no network":       {"", ""},
		"a new VPC":        {"network: {cidr: 10.20.0.0/16}\n", "glue logs"},
		"none":             {"network: {cidr: 10.20.0.0/16, endpoints: []}\n", ""},
		"auto":             {"network: {cidr: 10.20.0.0/16, endpoints: auto}\n", "glue logs"},
		"more":             {"network: {cidr: 10.20.0.0/16, endpoints: [sqs, auto]}\n", "glue logs sqs"},
		"others":           {"network: {cidr: 10.20.0.0/16, endpoints: [athena]}\n", "athena"},
		"secrets":          {secrets + "network: {cidr: 10.20.0.0/16}\n", "glue logs secretsmanager ssm"},
		"users":            {"access: {users: {etl: {team: data}}}\nnetwork: {cidr: 10.20.0.0/16}\n", "glue logs sts"},
		"Lake Formation":   {"access: {lakeFormation: true}\nnetwork: {cidr: 10.20.0.0/16}\n", "glue lakeformation logs"},
		"Iceberg":          {"profiles: {small: {release: emr-7.14.0, applications: [Spark], primary: {types: [m5.xlarge], onDemand: 1}, idleTimeout: 15m, tables: [iceberg]}}\nnetwork: {cidr: 10.20.0.0/16}\n", "glue logs"},
		"agent and Trino":  {"profiles: {queries: {like: trino}}\nnetwork: {cidr: 10.20.0.0/16}\n", "glue logs monitoring"},
		"no catalog":       {"profiles: {small: {release: emr-7.14.0, applications: [Spark], primary: {types: [m5.xlarge], onDemand: 1}, idleTimeout: 15m}}\nnetwork: {cidr: 10.20.0.0/16}\n", "logs"},
		"a domain":         {"lineage: {sparkDomain: dzd_4x6fhkz9example}\nnetwork: {cidr: 10.20.0.0/16}\n", "datazone glue logs"},
		"an existing VPC":  {"network: {" + vpc + "}\n", ""},
		"existing, listed": {"network: {endpoints: auto, " + vpc + "}\n", "glue logs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Parse("x1", "x.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.EndpointNames(), " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReachableBuckets(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("x1", "x.yaml", []byte(`sources: [{bucket: partner}]
network: {cidr: 10.20.0.0/16, buckets: [public-data, partner]}
profiles: {small: {release: emr-7.14.0, applications: [Spark], primary: {types: [m5.xlarge], onDemand: 1}, idleTimeout: 15m, bootstrap: [{name: a, path: "s3://setup/a.sh"}]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"partner", "public-data", "setup"}, c.ReachableBuckets()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The stage files that show the least and the most that a stage can have are valid.
func TestExampleStages(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"minimal", "full"} {
		if _, err := config.Folder("testdata").Load(stage); err != nil {
			t.Error(err)
		}
	}
}
