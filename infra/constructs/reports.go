package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// Prefixes of what S3 writes about buckets, and the name of their inventories.
const (
	accessLogs  = "access/"
	inventories = "inventory"
	inventory   = "lake"
)

// Reports is the bucket into which S3 writes access logs and inventories of a stage's buckets.
type Reports struct {
	bucket *Bucket
	lake   *config.Lake
}

// NewReports adds the bucket; nil if the stage's lake has no reports.
func NewReports(scope constructs.Construct, id string, stage Stage) *Reports {
	if stage.Lake == nil || !stage.Lake.Reports() {
		return nil
	}
	bucket := NewBucket(scope, id, BucketProps{Stage: stage, Name: config.ReportsBucket, Zone: config.Zone{ExpireDays: stage.Lake.ReportDays}})
	r := &Reports{bucket: bucket, lake: stage.Lake}
	if stage.Lake.AccessLogs {
		r.accept(scope, "logging.s3.amazonaws.com", accessLogs+"*")
	}
	if stage.Lake.Inventory != "" {
		r.accept(scope, "s3.amazonaws.com", inventories+"/*")
	}
	return r
}

// accept allows a service of S3 to write about the stage's buckets.
// Sources: Amazon S3 User Guide, "Enabling Amazon S3 server access logging" and "Grant permissions for S3 Inventory and
// S3 analytics".
func (r *Reports) accept(scope constructs.Construct, service, pattern string) {
	stack := awscdk.Stack_Of(scope)
	sources := "arn:" + *stack.Partition() + ":s3:::" + strings.TrimSuffix(*r.bucket.named.name, config.ReportsBucket+"-"+*stack.Account()+"-"+*stack.Region()) + "*"
	r.bucket.resource.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(&service, nil)},
		Actions:    pointers(of("s3", "PutObject")), Resources: new(r.bucket.objects(pattern)),
		Conditions: conditions{
			"ArnLike":      {"aws:SourceArn": sources},
			"StringEquals": {"aws:SourceAccount": stack.Account()},
		}.props(),
	}))
}

// about has S3 write about a bucket. The policy of reports allows that for all buckets of the stage; the construct of the
// CDK would add a statement for each.
func (r *Reports) about(bucket awss3.Bucket, props BucketProps) {
	if r == nil {
		return
	}
	settings := bucket.Node().DefaultChild().(awss3.CfnBucket)
	if r.lake.AccessLogs {
		settings.SetLoggingConfiguration(&awss3.CfnBucket_LoggingConfigurationProperty{
			DestinationBucketName: r.bucket.name, LogFilePrefix: new(accessLogs + props.Name + "/"),
		})
	}
	if r.lake.Inventory != "" && props.Lists {
		settings.SetInventoryConfigurations(&[]any{&awss3.CfnBucket_InventoryConfigurationProperty{
			Id: new(inventory), Enabled: true, IncludedObjectVersions: new("All"),
			ScheduleFrequency: new(map[config.Frequency]string{config.Daily: "Daily", config.Weekly: "Weekly"}[r.lake.Inventory]),
			OptionalFields:    pointers([]string{"Size", "LastModifiedDate", "StorageClass", "IsMultipartUploaded", "EncryptionStatus", "BucketKeyStatus"}),
			Destination: &awss3.CfnBucket_DestinationProperty{
				BucketArn: r.bucket.arn, BucketAccountId: account(bucket), Format: new("Parquet"), Prefix: new(inventories),
			},
		}})
	}
	// S3 checks that it may write.
	bucket.Node().AddDependency(r.bucket.resource.Policy())
}
