package constructs

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
	"ephemr/internal/stage"
)

// WorkgroupProps configures a Workgroup.
type WorkgroupProps struct {
	Stage   Stage
	Team    string
	Results *Bucket            // each team's below a prefix of its own
	Zones   map[string]*Bucket // of the lake
}

// Workgroup runs a team's queries, within the team's scan limit and with results
// below its prefix. Clients cannot override either.
type Workgroup struct {
	name   string
	limit  int64
	policy string
}

// NewWorkgroup adds a team's Athena workgroup, ephemr-<stage>-<team>, and a policy
// that allows using it.
func NewWorkgroup(scope constructs.Construct, id string, props WorkgroupProps) *Workgroup {
	scope = constructs.NewConstruct(scope, &id)
	w := &Workgroup{
		name: props.Stage.Workgroup(props.Team), limit: props.Stage.ScanLimit(props.Team),
		policy: *props.Stage.queryPolicy(scope, props.Team),
	}
	encryption := &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: new("SSE_S3")}
	if key := props.Stage.Keys.Buckets; key != "" {
		encryption = &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: new("SSE_KMS"), KmsKey: &key}
	}
	group := awsathena.NewCfnWorkGroup(scope, new("Workgroup"), &awsathena.CfnWorkGroupProps{
		Name:        &w.name,
		Description: new("Queries of team " + props.Team + " on the " + props.Stage.Stage + " lake"),
		// Otherwise a workgroup with query executions cannot be deleted.
		RecursiveDeleteOption: new(!props.Stage.Retain),
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration:   true,
			BytesScannedCutoffPerQuery:      new(float64(w.limit)),
			PublishCloudWatchMetricsEnabled: true,
			EngineVersion:                   &awsathena.CfnWorkGroup_EngineVersionProperty{SelectedEngineVersion: new("Athena engine version 3")},
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation:          new("s3://" + *props.Results.Name() + "/" + props.Team + "/"),
				ExpectedBucketOwner:     account(scope),
				EncryptionConfiguration: encryption,
			},
		},
	})
	awscdk.Tags_Of(group).Add(new("ephemr:team"), &props.Team, nil)
	group.ApplyRemovalPolicy(props.Stage.removal(), &awscdk.RemovalPolicyOptions{})
	w.addPolicy(scope, props)
	return w
}

// addPolicy adds the policy that members of the team need for ephemr query. It is
// not attached to any principal; the account's administrator does that.
func (w *Workgroup) addPolicy(scope constructs.Construct, props WorkgroupProps) {
	to := policyRights{awsiam.NewManagedPolicy(scope, new("Policy"), &awsiam.ManagedPolicyProps{
		ManagedPolicyName: &w.policy,
		// A change would replace the policy, which CloudFormation refuses as it has a fixed name.
		Description: new("Ask the " + props.Stage.Stage + " lake with Athena, as team " + props.Team),
	})}
	group := []*string{arn(scope, "athena", "workgroup/"+w.name)}
	to.allow(statement(of("athena", "StartQueryExecution"), group, nil))
	if props.Stage.CoarseRights { // the emulator does not evaluate a query's workgroup
		group = anything
	}
	to.allow(statement(of("athena", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"), group, nil))
	props.Results.Grant(to, props.Team+"/*", "GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts")
	props.Results.grantListBelow(to, props.Team+"/")
	zones, tables := props.Stage.Readable(props.Team)
	for _, zone := range zones {
		props.Zones[zone].grantData(to, false)
	}
	// Athena always looks up the database "default" too.
	catalog := []string{"catalog", "database/default"}
	for _, key := range tables {
		database, table := config.Table(key)
		if address := "database/" + database; !slices.Contains(catalog, address) {
			catalog = append(catalog, address)
		}
		catalog = append(catalog, "table/"+database+"/"+table)
	}
	to.allow(statement(of("glue", "GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition"),
		glueARNs(scope, catalog...), nil))
	// For tables in Lake Formation; GetDataAccess does not support resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslakeformation.html
	to.allow(statement(of("lakeformation", "GetDataAccess"), anything, nil))
	to.allow(statement(of("ssm", "GetParameter"), []*string{
		arn(scope, "ssm", "parameter"+stage.ParameterName(props.Stage.Stage)),
		arn(scope, "ssm", "parameter"+stage.QueryParameter(props.Stage.Stage)),
	}, nil))
}

// Settings are the workgroup's part of the query settings.
func (w *Workgroup) Settings() stage.Workgroup {
	return stage.Workgroup{Name: w.name, ScanLimit: w.limit, Policy: w.policy}
}

type policyRights struct{ policy awsiam.ManagedPolicy }

func (p policyRights) allow(s awsiam.PolicyStatement) { p.policy.AddStatements(s) }
