package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// NewTeamPolicy adds the policy with which people and programs of a team read and write the lake, and attaches it to the
// team's roles.
func NewTeamPolicy(scope constructs.Construct, id string, s Stage, team string, zones map[string]*Bucket) {
	settings := s.Lake.Teams[team]
	props := &awsiam.ManagedPolicyProps{
		ManagedPolicyName: s.globalName(scope, "lake-"+team),
		// A change would replace the policy, which CloudFormation refuses as it has a fixed name.
		Description: new("Use the " + s.Stage + " lake, as team " + team),
	}
	policy := awsiam.NewManagedPolicy(scope, &id, props)
	for _, role := range settings.Roles {
		policy.AttachToRole(awsiam.Role_FromRoleName(scope, new(id+"-"+role), &role, nil))
	}
	to := policyRights{policy}
	for _, zone := range sortedKeys(settings.Zones) {
		zones[zone].grantData(to, settings.Zones[zone] == config.Write)
	}
	tables := s.TablesOf(team)
	if len(tables) > 0 {
		grantCatalog(scope, to)
	}
	for _, key := range sortedKeys(tables) {
		database, table := config.Table(key)
		grantTables(scope, to, database, table, tables[key] == config.Write)
	}
}
