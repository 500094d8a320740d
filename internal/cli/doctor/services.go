package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ephemr/internal/fault"
	"ephemr/internal/profile"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Clients for what a new account may lack.
type (
	// RolesAPI reads roles.
	RolesAPI interface {
		GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	}
	// CatalogAPI reads databases of Glue.
	CatalogAPI interface {
		GetDatabase(context.Context, *glue.GetDatabaseInput, ...func(*glue.Options)) (*glue.GetDatabaseOutput, error)
	}
	// LakeAPI reads Lake Formation's settings.
	LakeAPI interface {
		GetDataLakeSettings(
			context.Context, *lakeformation.GetDataLakeSettingsInput, ...func(*lakeformation.Options),
		) (*lakeformation.GetDataLakeSettingsOutput, error)
	}
	// BucketsAPI reads how buckets are encrypted, and where they send events.
	BucketsAPI interface {
		GetBucketNotificationConfiguration(
			context.Context, *s3.GetBucketNotificationConfigurationInput, ...func(*s3.Options),
		) (*s3.GetBucketNotificationConfigurationOutput, error)
		GetBucketEncryption(context.Context, *s3.GetBucketEncryptionInput, ...func(*s3.Options)) (*s3.GetBucketEncryptionOutput, error)
	}
	// KeysAPI describes keys.
	KeysAPI interface {
		DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	}
)

// leastConcurrency is how many functions a stage runs at a time under load.
const leastConcurrency = 50

// concurrency checks Lambda's quota, which is 10 in new accounts.
func (d *doctor) concurrency(ctx context.Context, name string) []Finding {
	out, err := d.with.Functions.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return d.cannot(name, "how many functions may run at a time", err)
	}
	n := int(out.AccountLimit.ConcurrentExecutions)
	if n < leastConcurrency {
		return []Finding{{
			Check: name, Verdict: Failed, Found: fmt.Sprintf("%d functions at a time are allowed, a stage needs %d: they would be throttled", n, leastConcurrency),
			Do: increase("lambda", "L-B99A9384", 1000),
		}}
	}
	return ok(name, "%d functions at a time", n)
}

// linkedRoles checks the service-linked roles that EMR and Spot need, which
// functions may not create.
func (d *doctor) linkedRoles(ctx context.Context, name string) []Finding {
	needed := []struct{ role, service string }{{"AWSServiceRoleForEMRCleanup", "elasticmapreduce.amazonaws.com"}}
	if d.usesSpot(ctx) {
		needed = append(needed, struct{ role, service string }{"AWSServiceRoleForEC2Spot", "spot.amazonaws.com"})
	}
	var findings []Finding
	var there []string
	for _, n := range needed {
		_, err := d.with.Roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &n.role})
		switch {
		case fault.Code(err) == "NoSuchEntity":
			findings = append(findings, Finding{
				Check: name, Verdict: Failed, Found: "no role " + n.role, Do: "run aws iam create-service-linked-role --aws-service-name " + n.service,
			})
		case err != nil:
			return d.cannot(name, "which service-linked roles exist", err)
		}
		there = append(there, n.role)
	}
	if len(findings) > 0 {
		return findings
	}
	return ok(name, "%s exist", strings.Join(there, ", "))
}

func (d *doctor) usesSpot(ctx context.Context) bool {
	all, _ := d.shapes(ctx) // the profiles check reports it
	return slices.ContainsFunc(all, func(s shape) bool {
		return slices.ContainsFunc([]*profile.Fleet{&s.profile.Primary, s.profile.Core, s.profile.Task}, func(f *profile.Fleet) bool { return f != nil && f.Spot > 0 })
	})
}

// database checks Glue's default database, which Hive and Spark SQL ask for when
// they start. A new account has none.
func (d *doctor) database(ctx context.Context, name string) []Finding {
	_, err := d.with.Catalog.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("default")})
	switch {
	case fault.Code(err) == "EntityNotFoundException":
		return []Finding{{
			Check: name, Verdict: Failed, Found: "Glue has no database default, which Hive and Spark SQL ask for when they start",
			Do: "run aws glue create-database --database-input Name=default",
		}}
	case err != nil:
		return d.cannot(name, "whether Glue has a database default", err)
	}
	return ok(name, "Glue has the database default")
}

// lakeFormation checks that deployments may grant rights where Lake Formation,
// not IAM alone, decides about tables.
func (d *doctor) lakeFormation(ctx context.Context, name string) []Finding {
	out, err := d.with.Lake.GetDataLakeSettings(ctx, &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		return d.cannot(name, "who administers Lake Formation", err)
	}
	s := out.DataLakeSettings
	if s == nil || len(s.CreateDatabaseDefaultPermissions) > 0 && len(s.CreateTableDefaultPermissions) > 0 {
		return ok(name, "IAM decides about new databases and tables")
	}
	deployer := fmt.Sprintf("role/cdk-hnb659fds-cfn-exec-role-%s-%s", d.account, d.cfg.Region)
	for _, a := range s.DataLakeAdmins {
		if strings.HasSuffix(aws.ToString(a.DataLakePrincipalIdentifier), deployer) {
			return ok(name, "Lake Formation decides about new tables, and deployments may grant rights")
		}
	}
	return []Finding{{
		Check: name, Verdict: Failed, Found: "Lake Formation decides about new databases and tables, and CDK's " + deployer + " is not an administrator: users get no rights",
		Do: "add it to the administrators in the Lake Formation console, or with aws lakeformation put-data-lake-settings",
	}}
}

// keys checks the customer keys of the buckets that clusters read from.
func (d *doctor) keys(ctx context.Context, name string) []Finding {
	buckets := []string{d.settings.ArtifactsBucket, d.settings.LogsBucket, fmt.Sprintf("cdk-hnb659fds-assets-%s-%s", d.account, d.cfg.Region)}
	for _, b := range d.settings.Lake {
		buckets = append(buckets, b)
	}
	slices.Sort(buckets)
	used := map[string]bool{}
	for _, b := range slices.Compact(buckets) {
		out, err := d.with.Buckets.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b})
		switch {
		case fault.Code(err) == "NoSuchBucket":
			continue
		case err != nil:
			return d.cannot(name, "how bucket "+b+" is encrypted", err)
		}
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			by := rule.ApplyServerSideEncryptionByDefault
			if by == nil || by.SSEAlgorithm == s3types.ServerSideEncryptionAes256 || aws.ToString(by.KMSMasterKeyID) == "" {
				continue
			}
			if f := d.key(ctx, name, b, *by.KMSMasterKeyID); f != nil {
				return f
			}
			used[*by.KMSMasterKeyID] = true
		}
	}
	if len(used) == 0 {
		return ok(name, "no bucket uses a customer's key")
	}
	return ok(name, "%d in use, enabled", len(used))
}

// key returns what is wrong with the key of a bucket, or nil.
func (d *doctor) key(ctx context.Context, name, bucket, id string) []Finding {
	out, err := d.with.Keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	switch {
	case fault.Code(err) == "NotFoundException":
		return []Finding{{
			Check: name, Verdict: Failed, Found: "bucket " + bucket + " is encrypted with a key that does not exist: " + id,
			Do: "set another key with aws s3api put-bucket-encryption --bucket " + bucket + " --server-side-encryption-configuration ...",
		}}
	case err != nil:
		return d.cannot(name, "whether the key of bucket "+bucket+" is enabled", err)
	case out.KeyMetadata.KeyState != kmstypes.KeyStateEnabled:
		return []Finding{{
			Check: name, Verdict: Failed, Found: fmt.Sprintf("the key of bucket %s is %s", bucket, out.KeyMetadata.KeyState), Do: "run aws kms enable-key --key-id " + id,
		}}
	}
	return nil
}

// sources checks that the buckets beside the lake send their events to EventBridge, which
// only their owners can have them do.
func (d *doctor) sources(ctx context.Context, name string) []Finding {
	var findings []Finding
	for _, bucket := range d.settings.SourceBuckets() {
		out, err := d.with.Buckets.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &bucket})
		switch {
		case fault.Code(err) == "NoSuchBucket":
			findings = append(findings, Finding{Check: name, Verdict: Failed, Found: "bucket " + bucket + " does not exist", Do: "remove it from sources of the stage"})
		case err != nil:
			return d.cannot(name, "where bucket "+bucket+" sends its events", err)
		case out.EventBridgeConfiguration == nil:
			findings = append(findings, Finding{
				Check: name, Verdict: Failed, Found: "bucket " + bucket + " sends no events to EventBridge: its objects start nothing",
				Do: "ask its owner to add EventBridgeConfiguration with aws s3api put-bucket-notification-configuration",
			})
		}
	}
	if len(findings) > 0 {
		return findings
	}
	return ok(name, "%s send events to EventBridge", strings.Join(d.settings.SourceBuckets(), ", "))
}
