package config_test

import (
	"testing"

	"ephemr/infra/config"
)

// What EMR would not encrypt, or refuse, is reported where it is written.
func TestEncryptionIsRefused(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1"
	for name, tt := range map[string]struct{ file, want string }{
		"alias":           {"encryption: {disks: alias/mine}", `x.yaml:1:14: encryption.disks "alias/mine" must be the ARN of a KMS key, like arn:aws:kms:eu-west-1:111122223333:key/…; permissions do not work with aliases`},
		"other Region":    {"region: us-east-1\nencryption: {disks: '" + key + "'}", "x.yaml:2:14: encryption.disks: the key must be of the stage's Region us-east-1; use another key"},
		"no zip":          {"encryption: {certificates: 's3://tls/certificates.pem'}", `x.yaml:1:14: encryption.certificates "s3://tls/certificates.pem" must be a zip file in S3, like s3://bucket/certificates.zip`},
		"users elsewhere": {"encryption: {disks: '" + key + "'}\naccess: {securityConfiguration: ours}", "x.yaml:1:1: encryption: clusters of users have access.securityConfiguration ours, which encryption does not change; remove one of the two"},
		"emulator":        {"coarseRights: true\nencryption: {disks: '" + key + "'}", "x.yaml:2:1: encryption: the emulator has no security configurations; remove it, or coarseRights"},
		"old release":     {"profiles: {one: {like: small, release: emr-6.1.0, applications: [Spark]}}", "x.yaml:1:31: profiles.one: release emr-6.1.0 does not support IMDSv2; use emr-5.32.0, emr-6.2.0 or later, or a securityConfiguration of its own"},
		"its own":         {"profiles: {one: {like: small, release: emr-6.1.0, applications: [Spark], securityConfiguration: ours}}", ""},
		"valid":           {"encryption: {disks: '" + key + "', certificates: 's3://tls/certificates.zip'}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("company", "x.yaml", []byte(tt.file+"\n"))
			if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
