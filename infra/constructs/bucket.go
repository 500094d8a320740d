package constructs

import (
	"cmp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// BucketProps configures a Bucket.
type BucketProps struct {
	Stage Stage
	Name  string // zone, artifacts or logs
	Zone  config.Zone

	Reports *Reports // on the bucket; nil = none
	Lists   bool     // whether its objects are in the inventory
}

// Bucket is private, encrypted and without access control lists.
type Bucket struct {
	name, arn *string
	stage     Stage
	named     *Bucket      // the same bucket by its name, for other stacks
	resource  awss3.Bucket // nil: it is by its name
}

// NewBucket adds a bucket named ephemr-<stage>-<name>-<account>-<region>.
func NewBucket(scope constructs.Construct, id string, props BucketProps) *Bucket {
	stack := awscdk.Stack_Of(scope)
	name := new(props.Stage.BucketName(props.Name, *stack.Account(), *stack.Region()))
	settings := &awss3.BucketProps{
		BucketName:        name,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        &props.Stage.EnforceTLS,
		Versioned:         &props.Zone.Versioned,
		LifecycleRules:    lifecycle(props.Zone),
		RemovalPolicy:     props.Stage.removal(),
	}
	switch key := props.Stage.Keys.Buckets; {
	case props.Name == config.ReportsBucket: // S3 cannot use KMS for access logs
	case key != "":
		settings.Encryption, settings.BucketKeyEnabled = awss3.BucketEncryption_KMS, new(true)
		settings.EncryptionKey = awskms.Key_FromKeyArn(scope, new(id+"Key"), &key)
	case props.Stage.Lake != nil:
		settings.Encryption, settings.BucketKeyEnabled = awss3.BucketEncryption_KMS_MANAGED, new(true)
	}
	bucket := awss3.NewBucket(scope, &id, settings)
	for _, d := range props.Stage.denyOthers(scope, of("s3", "*"), bucket.BucketArn(), new(*bucket.BucketArn()+"/*")) {
		bucket.AddToResourcePolicy(d.statement())
	}
	props.Reports.about(bucket, props)
	if props.Zone.Events {
		// eventBridgeEnabled of the L2 construct uses a custom resource: one
		// more function, with permissions on every bucket.
		bucket.Node().DefaultChild().(awss3.CfnBucket).AddPropertyOverride(
			new("NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled"), true)
	}
	return &Bucket{
		name: bucket.BucketName(), arn: bucket.BucketArn(), stage: props.Stage, resource: bucket,
		named: &Bucket{name: name, arn: new("arn:" + *stack.Partition() + ":s3:::" + *name), stage: props.Stage},
	}
}

// SourceBucket is a bucket that another stack, or its owner, has made.
func SourceBucket(scope constructs.Construct, stage Stage, name string) *Bucket {
	b := &Bucket{name: &name, arn: new("arn:" + *awscdk.Stack_Of(scope).Partition() + ":s3:::" + name), stage: stage}
	b.named = b
	return b
}

// lifecycle expires incomplete uploads and old versions, and moves and expires objects, by the configuration of a zone.
func lifecycle(zone config.Zone) *[]*awss3.LifecycleRule {
	rule := &awss3.LifecycleRule{
		Id:                                  new("housekeeping"),
		AbortIncompleteMultipartUploadAfter: days(cmp.Or(zone.UploadDays, config.DefaultUploadDays)),
	}
	if zone.Versioned {
		rule.NoncurrentVersionExpiration = days(cmp.Or(zone.VersionDays, config.DefaultVersionDays))
	}
	if zone.ExpireDays > 0 {
		rule.Expiration = days(zone.ExpireDays)
	}
	var moves []*awss3.Transition
	if zone.InfrequentDays > 0 {
		moves = append(moves, &awss3.Transition{StorageClass: awss3.StorageClass_INFREQUENT_ACCESS(), TransitionAfter: days(zone.InfrequentDays)})
	}
	if zone.ArchiveDays > 0 {
		moves = append(moves, &awss3.Transition{StorageClass: archiveClass(zone.ArchiveClass), TransitionAfter: days(zone.ArchiveDays)})
	}
	if len(moves) > 0 {
		rule.Transitions = &moves
	}
	return &[]*awss3.LifecycleRule{rule}
}

func archiveClass(class config.ArchiveClass) awss3.StorageClass {
	switch class {
	case config.Flexible:
		return awss3.StorageClass_GLACIER()
	case config.Deep:
		return awss3.StorageClass_DEEP_ARCHIVE()
	case config.Instant:
	}
	return awss3.StorageClass_GLACIER_INSTANT_RETRIEVAL()
}

func days(n int) awscdk.Duration { return awscdk.Duration_Days(new(float64(n))) }

// Elsewhere is the bucket for another stack, by its name. A reference would be an
// export of the bucket's stack, and CloudFormation does not delete an export, with
// its bucket, while another stack imports it.
func (b *Bucket) Elsewhere() *Bucket { return b.named }

// Name is the bucket's name.
func (b *Bucket) Name() *string { return b.name }

func (b *Bucket) objects(pattern string) []*string { return []*string{new(*b.arn + "/" + pattern)} }

// Grant allows actions on the objects whose keys match pattern:
// Grant(fn, "runs/*", "GetObject").
func (b *Bucket) Grant(to Rights, pattern string, actions ...string) {
	to.allow(statement(of("s3", actions...), b.objects(pattern), nil))
	b.grantKey(to, actions...)
}

// GrantNew allows creating objects that match pattern, but not replacing existing
// ones.
// Source: Amazon S3 User Guide, "Enforce conditional writes on Amazon S3 buckets".
func (b *Bucket) GrantNew(to Rights, pattern string) {
	onlyNew := conditions{"Null": {"s3:if-none-match": "false"}}
	if b.stage.CoarseRights { // the emulator does not evaluate this condition key
		onlyNew = nil
	}
	to.allow(statement(of("s3", "PutObject"), b.objects(pattern), onlyNew))
	b.grantKey(to, "PutObject")
}

// grantData allows jobs to read the whole bucket, a zone of the lake, or to write it too.
func (b *Bucket) grantData(to Rights, write bool) {
	actions := []string{"GetObject"}
	if write {
		actions = append(actions, "PutObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts")
	}
	b.Grant(to, "*", actions...)
	b.GrantList(to)
	b.onBucket(to, nil, "GetBucketLocation", "ListBucketMultipartUploads")
}

// GrantList allows listing keys. Without it S3 answers 403 instead of 404 for a
// missing object.
func (b *Bucket) GrantList(to Rights) { b.onBucket(to, nil, "ListBucket") }

// grantSource allows jobs to read what is below prefix. Objects that a key of the
// bucket's owner encrypts need a grant of the owner.
func (b *Bucket) grantSource(to Rights, prefix string) {
	to.allow(statement(of("s3", "GetObject", "GetObjectVersion"), b.objects(prefix+"*"), nil))
	b.onBucket(to, conditions{"StringLike": {"s3:prefix": prefix + "*"}}, "ListBucket")
}

// grantListBelow allows listing the keys that start with prefix. Athena also needs
// the bucket's location and its multipart uploads, which have no such condition:
// https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html
func (b *Bucket) grantListBelow(to Rights, prefix string) {
	b.onBucket(to, conditions{"StringLike": {"s3:prefix": prefix + "*"}}, "ListBucket")
	b.onBucket(to, nil, "GetBucketLocation", "ListBucketMultipartUploads")
}

func (b *Bucket) onBucket(to Rights, when conditions, actions ...string) {
	to.allow(statement(of("s3", actions...), []*string{b.arn}, when))
}
