package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsemr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// ClusterSecurity adds EMR's security configuration of clusters for runs without a user, and returns its name; "" where
// the stage has none.
func ClusterSecurity(scope constructs.Construct, id string, s Stage) string {
	if !s.SecuresClusters() {
		return ""
	}
	return *securityConfiguration(scope, id, s, nil)
}

// userSecurity is the name of the security configuration with runtime roles: a configured one, or the stage's own.
func userSecurity(scope constructs.Construct, s Stage) *string {
	if s.Access.SecurityConfig != "" {
		return &s.Access.SecurityConfig
	}
	authorization := map[string]any{"IAMConfiguration": map[string]any{"EnableApplicationScopedIAMRole": true}}
	if s.Access.LakeFormation {
		authorization["LakeFormationConfiguration"] = map[string]any{"AuthorizedSessionTagValue": "Amazon EMR"}
	}
	return securityConfiguration(scope, "Security", s, authorization)
}

// securityConfiguration has no fixed name, because every change replaces it.
func securityConfiguration(scope constructs.Construct, id string, s Stage, authorization map[string]any) *string {
	all := map[string]any{
		// Without tokens a request that a job is made to send could read the instance's credentials.
		"InstanceMetadataServiceConfiguration": map[string]any{"MinimumInstanceMetadataServiceVersion": 2, "HttpPutResponseHopLimit": 1},
	}
	if authorization != nil {
		all["AuthorizationConfiguration"] = authorization
	}
	if e := encryption(s); e != nil {
		all["EncryptionConfiguration"] = e
	}
	return awsemr.NewCfnSecurityConfiguration(scope, &id, &awsemr.CfnSecurityConfigurationProps{SecurityConfiguration: all}).Ref()
}

// encryption is that section of a security configuration, nil if the stage configures none. EMR requires both switches.
// Source: Amazon EMR Management Guide, "Create a security configuration using the AWS CLI".
func encryption(s Stage) map[string]any {
	disks, certificates := s.Encryption.Disks, s.Encryption.Certificates
	if disks == "" && certificates == "" {
		return nil
	}
	e := map[string]any{"EnableAtRestEncryption": disks != "", "EnableInTransitEncryption": certificates != ""}
	if disks != "" {
		objects := map[string]any{"EncryptionMode": "SSE-S3"}
		if key := s.Keys.Buckets; key != "" { // what the buckets use anyway
			objects = map[string]any{"EncryptionMode": "SSE-KMS", "AwsKmsKey": key}
		}
		e["AtRestEncryptionConfiguration"] = map[string]any{
			"S3EncryptionConfiguration": objects,
			"LocalDiskEncryptionConfiguration": map[string]any{
				"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": disks, "EnableEbsEncryption": true,
			},
		}
	}
	if certificates != "" {
		e["InTransitEncryptionConfiguration"] = map[string]any{
			"TLSCertificateConfiguration": map[string]any{"CertificateProviderType": "PEM", "S3Object": certificates},
		}
	}
	return e
}

// grantEncryption allows instances to read the certificates and to use the key of their disks.
// Source: Amazon EMR Management Guide, "Create keys and certificates for data encryption".
func (p EmrRolesProps) grantEncryption(role awsiam.Role, to Rights) {
	if object := p.Stage.CertificateObject(); object != "" {
		to.allow(statement(of("s3", "GetObject"), []*string{new("arn:" + *awscdk.Stack_Of(role).Partition() + ":s3:::" + object)}, nil))
	}
	if key := p.Stage.Encryption.Disks; key != "" {
		to.allow(statement(of("kms", useDisks...), []*string{&key}, nil))
	}
}

var useDisks = []string{
	"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey",
}

// grantVolumes allows EMR to create EBS volumes, and EC2 to attach them, with a key.
// Source: Amazon EMR Management Guide, "Create keys and certificates for data encryption", "EBS encryption".
func grantVolumes(to Rights, key string) {
	if key == "" {
		return
	}
	to.allow(statement(of("kms", useDisks...), []*string{&key}, nil))
	to.allow(statement(of("kms", "CreateGrant"), []*string{&key}, conditions{"Bool": {"kms:GrantIsForAWSResource": "true"}}))
}
