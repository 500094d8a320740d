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
	Results *Bucket            // each team's lie below a prefix of its own
	Zones   map[string]*Bucket // of the lake
}

// Workgroup is where a team's queries run: within its scan limit, with results
// in its prefix, and no client may say otherwise.
type Workgroup struct {
	name   string
	limit  int64
	policy string
}

// NewWorkgroup adds a team's Athena workgroup, ephemr-<stage>-<team>, and the
// policy of those who may use it.
func NewWorkgroup(scope constructs.Construct, id string, props WorkgroupProps) *Workgroup {
	scope = constructs.NewConstruct(scope, &id)
	w := &Workgroup{
		name: props.Stage.Workgroup(props.Team), limit: props.Stage.ScanLimit(props.Team),
		policy: props.Stage.Name("query-" + props.Team),
	}
	group := awsathena.NewCfnWorkGroup(scope, new("Workgroup"), &awsathena.CfnWorkGroupProps{
		Name:        &w.name,
		Description: new("Queries of team " + props.Team + " on the " + props.Stage.Stage + " lake"),
		// A group with a history is not deleted otherwise.
		RecursiveDeleteOption: new(!props.Stage.Retain),
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration:   true,
			BytesScannedCutoffPerQuery:      new(float64(w.limit)),
			PublishCloudWatchMetricsEnabled: true,
			EngineVersion:                   &awsathena.CfnWorkGroup_EngineVersionProperty{SelectedEngineVersion: new("Athena engine version 3")},
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation:          new("s3://" + *props.Results.Name() + "/" + props.Team + "/"),
				ExpectedBucketOwner:     account(scope),
				EncryptionConfiguration: &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: new("SSE_S3")},
			},
		},
	})
	awscdk.Tags_Of(group).Add(new("ephemr:team"), &props.Team, nil)
	group.ApplyRemovalPolicy(props.Stage.removal(), &awscdk.RemovalPolicyOptions{})
	w.addPolicy(scope, props)
	return w
}

// addPolicy adds what a person needs for ephemr query as a member of the team.
// It is attached to nobody: whoever runs the account does that.
func (w *Workgroup) addPolicy(scope constructs.Construct, props WorkgroupProps) {
	to := policyRights{awsiam.NewManagedPolicy(scope, new("Policy"), &awsiam.ManagedPolicyProps{
		ManagedPolicyName: &w.policy,
		Description:       new("Ask the " + props.Stage.Stage + " lake with Athena, as team " + props.Team),
	})}
	group := []*string{arn(scope, "athena", "workgroup/"+w.name)}
	to.allow(statement(of("athena", "StartQueryExecution"), group, nil))
	if props.Stage.CoarseRights { // the emulator does not see whose query it is
		group = anything
	}
	to.allow(statement(of("athena", "GetQueryExecution", "GetQueryResults", "StopQueryExecution"), group, nil))
	props.Results.Grant(to, props.Team+"/*", "GetObject", "PutObject", "AbortMultipartUpload", "ListMultipartUploadParts")
	props.Results.GrantList(to)
	zones, tables := props.Stage.Readable(props.Team)
	for _, zone := range zones {
		props.Zones[zone].grantData(to, false)
	}
	// Athena looks at the database "default", whichever is asked for.
	catalog := []string{"catalog", "database/default"}
	for _, key := range tables {
		database, table := config.Table(key)
		if address := "database/" + database; !slices.Contains(catalog, address) {
			catalog = append(catalog, address)
		}
		catalog = append(catalog, "table/"+database+"/"+table)
	}
	var addresses []*string
	for _, address := range catalog {
		addresses = append(addresses, arn(scope, "glue", address))
	}
	to.allow(statement(of("glue", "GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition"), addresses, nil))
	// Where Lake Formation governs tables, it decides; GetDataAccess knows no resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslakeformation.html
	to.allow(statement(of("lakeformation", "GetDataAccess"), anything, nil))
	to.allow(statement(of("ssm", "GetParameter"), []*string{
		arn(scope, "ssm", "parameter"+stage.ParameterName(props.Stage.Stage)),
		arn(scope, "ssm", "parameter"+stage.QueryParameter(props.Stage.Stage)),
	}, nil))
}

// Settings are what the CLI knows of the workgroup.
func (w *Workgroup) Settings() stage.Workgroup {
	return stage.Workgroup{Name: w.name, ScanLimit: w.limit, Policy: w.policy}
}

type policyRights struct{ policy awsiam.ManagedPolicy }

func (p policyRights) allow(s awsiam.PolicyStatement) { p.policy.AddStatements(s) }
