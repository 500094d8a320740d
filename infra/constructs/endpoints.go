package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// EndpointsProps configures Endpoints.
type EndpointsProps struct {
	Stage       Stage
	VPC         *string
	Subnets     []*string
	RouteTables []*string  // of subnets whose traffic to S3 and DynamoDB goes through gateway endpoints; may be empty
	Clusters    *EmrGroups // may use the interfaces
}

// NewEndpoints adds the endpoints of AWS's services in a VPC. Each has a policy that allows only principals of
// the account, and the endpoint of S3 only the buckets that clusters use.
func NewEndpoints(scope constructs.Construct, id string, props EndpointsProps) {
	scope = constructs.NewConstruct(scope, &id)
	if len(props.RouteTables) > 0 {
		gatewayEndpoint(scope, "S3", "s3", props, bucketsPolicy(scope, props.Stage))
		gatewayEndpoint(scope, "DynamoDB", "dynamodb", props, ownPolicy(scope, []*string{arn(scope, "dynamodb", "table/*")}))
	}
	names := props.Stage.EndpointNames()
	if len(names) == 0 {
		return
	}
	group := newGroup(scope, "Group", props.VPC, "Interface endpoints: only clusters may use them", nil)
	for _, from := range []struct {
		id    string
		group *string
	}{{"Primary", props.Clusters.primary}, {"Core", props.Clusters.core}} {
		awsec2.NewCfnSecurityGroupIngress(scope, new("In"+from.id), &awsec2.CfnSecurityGroupIngressProps{
			GroupId: group, SourceSecurityGroupId: from.group, IpProtocol: new("tcp"), FromPort: new(443.0), ToPort: new(443.0), Description: new("Instances of clusters"),
		})
	}
	for _, name := range names {
		awsec2.NewCfnVPCEndpoint(scope, new(name), &awsec2.CfnVPCEndpointProps{
			VpcId: props.VPC, ServiceName: serviceName(scope, name), VpcEndpointType: new("Interface"), PrivateDnsEnabled: true,
			SubnetIds: anys(props.Subnets), SecurityGroupIds: &[]any{group}, PolicyDocument: ownPolicy(scope, anything),
		})
	}
}

func gatewayEndpoint(scope constructs.Construct, id, service string, props EndpointsProps, policy awsiam.PolicyDocument) {
	awsec2.NewCfnVPCEndpoint(scope, &id, &awsec2.CfnVPCEndpointProps{
		VpcId: props.VPC, ServiceName: serviceName(scope, service), VpcEndpointType: new("Gateway"), RouteTableIds: anys(props.RouteTables), PolicyDocument: policy,
	})
}

func serviceName(scope constructs.Construct, service string) *string {
	return new("com.amazonaws." + *awscdk.Stack_Of(scope).Region() + "." + service)
}

// ownPolicy allows everything on resources to principals of the account: credentials that someone has
// brought along cannot be used to send data to another one.
func ownPolicy(scope constructs.Construct, resources []*string) awsiam.PolicyDocument {
	return endpointPolicy(through([]string{"*"}, resources, conditions{"StringEquals": {"aws:PrincipalAccount": account(scope)}}))
}

// bucketsPolicy allows the buckets that clusters use: EMR's and Amazon Linux's, for every caller, and for principals of the account
// the stage's, the CDK's, from which clusters load the runner, and those that the stage's file names.
// Source: Amazon EMR Management Guide, "Sample policies for private subnets that access Amazon S3".
func bucketsPolicy(scope constructs.Construct, s Stage) awsiam.PolicyDocument {
	region := *awscdk.Stack_Of(scope).Region()
	var own []*string
	for _, name := range append([]string{s.BucketName("*", *account(scope), region), "cdk-*-assets-" + *account(scope) + "-" + region}, s.ReachableBuckets()...) {
		own = append(own, bucketARN(scope, name), bucketARN(scope, name+"/*"))
	}
	return endpointPolicy(
		through(of("s3", "GetObject"), objectsOf(scope,
			"amazonlinux."+region+".amazonaws.com", "amazonlinux-2-repos-"+region, "al2023-repos-"+region+"-de612dc2",
			"repo."+region+".emr.amazonaws.com", region+".elasticmapreduce", "elasticmapreduce",
			"aws157-instance-data-*-prod-"+region, "aws157-instance-data-bucket-*-prod-"+region,
		), nil),
		through(of("s3", "Put*"), objectsOf(scope, "aws157-logs-prod", "aws157-logs-prod-"+region), nil),
		through(of("s3", "Put*", "Get*", "Create*", "Abort*", "List*"), objectsOf(scope, "prod."+region+".appinfo.src"), nil),
		through(of("s3", "*"), own, conditions{"StringEquals": {"aws:PrincipalAccount": account(scope)}}),
	)
}

func bucketARN(scope constructs.Construct, name string) *string {
	return new("arn:" + *awscdk.Stack_Of(scope).Partition() + ":s3:::" + name)
}

func objectsOf(scope constructs.Construct, buckets ...string) []*string {
	all := make([]*string, len(buckets))
	for i, name := range buckets {
		all[i] = bucketARN(scope, name+"/*")
	}
	return all
}

// through allows what may pass an endpoint; permissions are those of the caller.
func through(actions []string, resources []*string, when conditions) awsiam.PolicyStatement {
	s := statement(actions, resources, when)
	s.AddAnyPrincipal()
	return s
}

func endpointPolicy(statements ...awsiam.PolicyStatement) awsiam.PolicyDocument {
	return awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})
}

func anys(values []*string) *[]any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return &all
}
