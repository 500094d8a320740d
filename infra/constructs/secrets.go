package constructs

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/access"
)

// grantSecrets allows a role of jobs to read secrets, and to decrypt them with
// customers' keys by way of their store only. The patterns are valid.
func grantSecrets(scope constructs.Construct, to Rights, patterns []string) {
	for _, store := range stores(scope, patterns) {
		if len(store.resources) == 0 {
			continue
		}
		to.allow(statement(of(store.service, store.read), store.resources, nil))
		to.allow(statement(of("kms", "Decrypt"), store.keys, conditions{
			"StringEquals": {"kms:ViaService": store.via},
			"StringLike":   {"kms:EncryptionContext:" + store.context: store.resources},
		}))
	}
}

// GrantReadSecret allows a function to read a secret of the stage's account.
func GrantReadSecret(scope constructs.Construct, to Rights, name string) {
	grantSecrets(scope, to, []string{name})
}

// GrantDescribeSecrets allows finding out whether secrets exist, not reading them.
func GrantDescribeSecrets(scope constructs.Construct, to Rights, patterns []string) {
	for _, store := range stores(scope, patterns) {
		switch {
		case len(store.resources) == 0:
		case store.service == "ssm":
			// DescribeParameters does not support resources:
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
			to.allow(statement(of("ssm", "DescribeParameters"), anything, nil))
		default:
			to.allow(statement(of(store.service, "DescribeSecret"), store.resources, nil))
		}
	}
}

// secretStore is what a role may read of a store.
type secretStore struct {
	service, read string
	context       string    // key of the encryption context that has the secret's ARN
	resources     []*string // secrets
	keys          []*string // of their accounts and Regions
	via           []string
}

// stores sorts patterns by their store.
// Sources: AWS Secrets Manager User Guide, "Secret encryption and decryption"; AWS Systems Manager User Guide, "AWS KMS
// encryption for Parameter Store SecureString parameters".
func stores(scope constructs.Construct, patterns []string) []secretStore {
	all := []secretStore{
		{service: "secretsmanager", read: "GetSecretValue", context: "SecretARN"},
		{service: "ssm", read: "GetParameter", context: "PARAMETER_ARN"},
	}
	keys := []map[string]*string{{}, {}}
	for _, pattern := range patterns {
		p, err := access.ParseSecrets(pattern)
		if err != nil {
			panic("secrets: " + err.Error()) // the configuration has been validated
		}
		i, resource, key := 0, p.Resource(), arn(scope, "kms", "key/*")
		if p.IsParameter() {
			i = 1
		}
		region := *awscdk.Stack_Of(scope).Region()
		if p.Ref.ARN != "" {
			parts := strings.Split(p.Ref.ARN, ":")
			region, key = p.Ref.Region, new("arn:"+parts[1]+":kms:"+parts[3]+":"+parts[4]+":key/*")
			all[i].resources = append(all[i].resources, &resource)
		} else {
			all[i].resources = append(all[i].resources, arn(scope, all[i].service, resource))
		}
		via := all[i].service + "." + region + ".amazonaws.com"
		if !slices.Contains(all[i].via, via) {
			all[i].via = append(all[i].via, via)
		}
		keys[i][*key] = key
	}
	for i := range all {
		for _, key := range slices.Sorted(maps.Keys(keys[i])) {
			all[i].keys = append(all[i].keys, keys[i][key])
		}
	}
	return all
}
