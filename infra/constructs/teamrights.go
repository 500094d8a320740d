package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// TeamRightsProps configures TeamRights.
type TeamRightsProps struct {
	Stage     Stage
	Team      string
	Zones     map[string]*Bucket
	Databases []awsglue.CfnDatabase // of the stage
}

// NewTeamRights adds the policy with which people and programs of a team read and write the lake, and attaches it to the
// team's roles. With Lake Formation these roles also get grants there.
func NewTeamRights(scope constructs.Construct, id string, props TeamRightsProps) {
	scope = constructs.NewConstruct(scope, &id)
	settings, tables := props.Stage.Lake.Teams[props.Team], props.Stage.TablesOf(props.Team)
	policy := awsiam.NewManagedPolicy(scope, new("Policy"), &awsiam.ManagedPolicyProps{
		ManagedPolicyName: props.Stage.globalName(scope, "lake-"+props.Team),
		// A change would replace the policy, which CloudFormation refuses as it has a fixed name.
		Description: new("Use the " + props.Stage.Stage + " lake, as team " + props.Team),
	})
	to := policyRights{policy}
	for _, zone := range sortedKeys(settings.Zones) {
		props.Zones[zone].grantData(to, settings.Zones[zone] == config.Write)
	}
	if len(tables) > 0 {
		grantCatalog(scope, to)
	}
	for _, key := range sortedKeys(tables) {
		database, table := config.Table(key)
		grantTables(scope, to, database, table, tables[key] == config.Write)
	}
	formation := props.Stage.Access.LakeFormation && len(tables) > 0
	if formation {
		// GetDataAccess does not support resources:
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslakeformation.html
		to.allow(statement(of("lakeformation", "GetDataAccess"), anything, nil))
	}
	for _, name := range settings.Roles {
		role := awsiam.Role_FromRoleName(scope, new("Role-"+name), &name, nil)
		policy.AttachToRole(role)
		if formation {
			grantInLakeFormation(scope, name, role, tables)
		}
	}
	for _, database := range props.Databases {
		scope.Node().AddDependency(database) // which grants of Lake Formation are about
	}
}
