package doctor_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	lftypes "github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// region is what doctor sees of the services around a stage. Its zero fields are
// a healthy account: untagged lists what lacks EMR's tag.
type region struct {
	untagged    []string
	noVPC       bool
	groups      []string            // security groups that EMR has made
	addresses   map[string]int32    // free ones, by subnet; others have many
	endpoint    string              // state of the only endpoint; "" = available
	network     string              // parameter of the stage's network
	notOffered  map[string][]string // zones by instance type
	releases    []string
	roles       []string
	concurrency int32
	noDatabase  bool
	lakeRules   bool
	lakeAdmins  []string
	keyState    kmstypes.KeyState // of the logs bucket; "" = no customer's key
}

func newRegion() region {
	return region{releases: []string{"emr-7.14.0"}, roles: []string{"AWSServiceRoleForEMRCleanup", "AWSServiceRoleForEC2Spot"}, concurrency: 1000, groups: []string{"sg-1"}}
}

func (a *account) tags(id string) []ec2types.Tag {
	if slices.Contains(a.region.untagged, id) {
		return []ec2types.Tag{{Key: aws.String("for-use-with-amazon-emr-managed-policies"), Value: aws.String("false")}}
	}
	return []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("x")}, {Key: aws.String("for-use-with-amazon-emr-managed-policies"), Value: aws.String("true")}}
}

// DescribeSubnets knows the default ones, subnet-a and subnet-b, and subnet-c. All have
// the zone of their letter.
func (a *account) DescribeSubnets(_ context.Context, in *ec2.DescribeSubnetsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	ids := in.SubnetIds
	if len(ids) == 0 && !a.region.noVPC {
		ids = []string{"subnet-a", "subnet-b"}
	}
	out := &ec2.DescribeSubnetsOutput{}
	for _, id := range ids {
		zone := strings.TrimPrefix(id, "subnet-")
		if !slices.Contains([]string{"a", "b", "c"}, zone) {
			return nil, missing("DescribeSubnets", "InvalidSubnetID.NotFound", id)
		}
		free, few := a.region.addresses[id]
		if !few {
			free = 1000
		}
		out.Subnets = append(out.Subnets, ec2types.Subnet{
			AvailableIpAddressCount: &free, SubnetId: aws.String(id), VpcId: aws.String("vpc-1"), AvailabilityZone: aws.String("eu-west-1" + zone), DefaultForAz: aws.Bool(zone != "c"), Tags: a.tags(id),
		})
	}
	return out, nil
}

func (a *account) DescribeVpcs(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	return &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: aws.String("vpc-1"), Tags: a.tags("vpc-1")}}}, nil
}

// network gives the stage a network of subnet-c.
func (a *account) network() {
	a.settings.Network = true
	a.region.network = `{"vpc":"vpc-1","subnets":["subnet-c"],"primary":"sg-7","core":"sg-8","serviceAccess":"sg-9"}`
}

func (a *account) DescribeVpcEndpoints(context.Context, *ec2.DescribeVpcEndpointsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcEndpointsOutput, error) {
	state := ec2types.State(cmp.Or(a.region.endpoint, "available")) // EC2 answers in lower case
	return &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: []ec2types.VpcEndpoint{
		{VpcEndpointId: aws.String("vpce-1"), ServiceName: aws.String("com.amazonaws.eu-west-1.logs"), State: state},
	}}, nil
}

func (a *account) DescribeSecurityGroups(_ context.Context, in *ec2.DescribeSecurityGroupsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	out := &ec2.DescribeSecurityGroupsOutput{}
	if len(in.GroupIds) == 0 {
		in.GroupIds = a.region.groups
	}
	for _, id := range in.GroupIds {
		out.SecurityGroups = append(out.SecurityGroups, ec2types.SecurityGroup{GroupId: aws.String(id), Tags: a.tags(id)})
	}
	return out, nil
}

func (a *account) DescribeInstanceTypeOfferings(
	_ context.Context, in *ec2.DescribeInstanceTypeOfferingsInput, _ ...func(*ec2.Options),
) (*ec2.DescribeInstanceTypeOfferingsOutput, error) {
	out := &ec2.DescribeInstanceTypeOfferingsOutput{}
	for _, t := range in.Filters[0].Values {
		for _, zone := range []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"} {
			if !slices.Contains(a.region.notOffered[t], zone) {
				out.InstanceTypeOfferings = append(out.InstanceTypeOfferings, ec2types.InstanceTypeOffering{InstanceType: ec2types.InstanceType(t), Location: aws.String(zone)})
			}
		}
	}
	return out, nil
}

func (a *account) DescribeReleaseLabel(_ context.Context, in *emr.DescribeReleaseLabelInput, _ ...func(*emr.Options)) (*emr.DescribeReleaseLabelOutput, error) {
	if !slices.Contains(a.region.releases, *in.ReleaseLabel) {
		return nil, &emrtypes.InvalidRequestException{Message: aws.String("The release label is invalid")}
	}
	return &emr.DescribeReleaseLabelOutput{ReleaseLabel: in.ReleaseLabel}, nil
}

func (a *account) GetRole(_ context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	if !slices.Contains(a.region.roles, *in.RoleName) {
		return nil, missing("GetRole", "NoSuchEntity", *in.RoleName)
	}
	return &iam.GetRoleOutput{}, nil
}

func (a *account) GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error) {
	return &lambda.GetAccountSettingsOutput{AccountLimit: &lambdatypes.AccountLimit{ConcurrentExecutions: a.region.concurrency}}, nil
}

func (a *account) GetDatabase(context.Context, *glue.GetDatabaseInput, ...func(*glue.Options)) (*glue.GetDatabaseOutput, error) {
	if a.region.noDatabase {
		return nil, missing("GetDatabase", "EntityNotFoundException", "default")
	}
	return &glue.GetDatabaseOutput{}, nil
}

func (a *account) GetDataLakeSettings(
	context.Context, *lakeformation.GetDataLakeSettingsInput, ...func(*lakeformation.Options),
) (*lakeformation.GetDataLakeSettingsOutput, error) {
	s := &lftypes.DataLakeSettings{}
	for _, arn := range a.region.lakeAdmins {
		s.DataLakeAdmins = append(s.DataLakeAdmins, lftypes.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(arn)})
	}
	if !a.region.lakeRules {
		all := []lftypes.PrincipalPermissions{{Permissions: []lftypes.Permission{lftypes.PermissionAll}}}
		s.CreateDatabaseDefaultPermissions, s.CreateTableDefaultPermissions = all, all
	}
	return &lakeformation.GetDataLakeSettingsOutput{DataLakeSettings: s}, nil
}

func (a *account) GetBucketEncryption(_ context.Context, in *s3.GetBucketEncryptionInput, _ ...func(*s3.Options)) (*s3.GetBucketEncryptionOutput, error) {
	by := &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAes256}
	if a.region.keyState != "" && *in.Bucket == a.settings.LogsBucket {
		by = &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("key-1")}
	}
	return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
		Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: by}},
	}}, nil
}

func (a *account) GetBucketNotificationConfiguration(
	_ context.Context, in *s3.GetBucketNotificationConfigurationInput, _ ...func(*s3.Options),
) (*s3.GetBucketNotificationConfigurationOutput, error) {
	out := &s3.GetBucketNotificationConfigurationOutput{}
	switch *in.Bucket {
	case "gone":
		return nil, missing("GetBucketNotificationConfiguration", "NoSuchBucket", *in.Bucket)
	case "loud":
		out.EventBridgeConfiguration = &s3types.EventBridgeConfiguration{}
	}
	return out, nil
}

func (a *account) DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
	return &kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{KeyState: a.region.keyState}}, nil
}
