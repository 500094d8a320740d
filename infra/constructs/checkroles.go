package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

// NewCheckRoles adds a role for each team, with which a function may query what the team may:
// a team's checks must not read the data of another.
func NewCheckRoles(scope constructs.Construct, id string, s Stage, function *Function) {
	scope = constructs.NewConstruct(scope, &id)
	var arns []*string
	for _, team := range s.TeamNames() {
		role := awsiam.NewRole(scope, new("Team-"+team), &awsiam.RoleProps{
			RoleName:        s.checkRole(scope, team),
			Description:     new("Permissions of SQL checks of team " + team),
			AssumedBy:       awsiam.NewArnPrincipal(function.role.RoleArn()),
			ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromManagedPolicyName(scope, new("Policy-"+team), s.queryPolicy(scope, team))},
		})
		arns = append(arns, role.RoleArn())
	}
	function.allow(statement(of("sts", "AssumeRole"), arns, nil))
}

// queryPolicy is the name of the managed policy that allows a team's queries.
func (s Stage) queryPolicy(scope constructs.Construct, team string) *string {
	return s.globalName(scope, "query-"+team)
}

// checkRole is the name of the role of a team's checks.
func (s Stage) checkRole(scope constructs.Construct, team string) *string {
	return s.globalName(scope, stage.CheckRole(team))
}
