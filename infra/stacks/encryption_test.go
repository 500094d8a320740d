package stacks_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// All clusters of a stage with encryption have it, with and without users.
func TestEncryption(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	e := full.config.Encryption
	want := map[string]any{
		"EnableAtRestEncryption": true, "EnableInTransitEncryption": true,
		"AtRestEncryptionConfiguration": map[string]any{
			"S3EncryptionConfiguration":        map[string]any{"EncryptionMode": "SSE-KMS", "AwsKmsKey": full.config.Keys.Buckets},
			"LocalDiskEncryptionConfiguration": map[string]any{"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": e.Disks, "EnableEbsEncryption": true},
		},
		"InTransitEncryptionConfiguration": map[string]any{
			"TLSCertificateConfiguration": map[string]any{"CertificateProviderType": "PEM", "S3Object": e.Certificates},
		},
	}
	made := full.all("AWS::EMR::SecurityConfiguration")
	if len(made) != 2 {
		t.Fatalf("%d security configurations, want one for users and one for others", len(made))
	}
	for _, c := range made {
		if diff := cmp.Diff(want, at(c.Properties, "SecurityConfiguration", "EncryptionConfiguration")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// The key of disks is used by instances and by EMR, and grants are for EC2 only.
func TestDiskKeyRights(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	got := map[string]map[string]bool{}
	for _, st := range full.allowed() {
		role := full.templates["platform"].Resources[st.owner].name()
		for _, resource := range st.resources {
			if resource == full.config.Encryption.Disks || resource == "arn:${AWS::Partition}:s3:::tls/certificates.zip" {
				for _, action := range st.actions {
					if got[action] == nil {
						got[action] = map[string]bool{}
					}
					got[action][role] = true
				}
			}
		}
	}
	service, jobs, users := full.global("emr-service"), full.global("emr-instance"), full.global("emr-users")
	for action, want := range map[string]map[string]bool{
		"kms:Decrypt": {service: true, jobs: true, users: true}, "kms:GenerateDataKey": {service: true, jobs: true, users: true},
		"kms:CreateGrant": {service: true}, "s3:GetObject": {jobs: true, users: true},
	} {
		if diff := cmp.Diff(want, got[action]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", action, diff)
		}
	}
}
