package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// EMR grants calls to Amazon EMR. Every cluster carries the tag ephemr:stage,
// and a stage can only touch its own.
type EMR struct {
	stage    Stage
	clusters []*string
}

// NewEMR addresses the clusters of scope's account.
func NewEMR(scope constructs.Construct, stage Stage) *EMR {
	return &EMR{stage: stage, clusters: []*string{arn(scope, "elasticmapreduce", "cluster/*")}}
}

// GrantCreate lets to make clusters that carry the stage's tag.
func (e *EMR) GrantCreate(to Rights) {
	tagged := conditions{"StringEquals": {"aws:RequestTag/" + e.tag(): e.stage.Stage}}
	// RunJobFlow knows no resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html
	to.allow(statement(of("elasticmapreduce", "RunJobFlow"), anything, tagged))
	to.allow(statement(of("elasticmapreduce", "AddTags"), e.clusters, tagged))
	// RunJobFlow sets an auto-termination policy on a cluster whose tags IAM
	// cannot know yet.
	to.allow(statement(of("elasticmapreduce", "PutAutoTerminationPolicy"), e.clusters, nil))
}

// GrantList lets to list the account's clusters.
func (e *EMR) GrantList(to Rights) {
	// ListClusters knows no resources, see above.
	to.allow(statement(of("elasticmapreduce", "ListClusters"), anything, nil))
}

// Grant lets to call actions on the stage's clusters.
func (e *EMR) Grant(to Rights, actions ...string) {
	own := conditions{"StringEquals": {"aws:ResourceTag/" + e.tag(): e.stage.Stage}}
	to.allow(statement(of("elasticmapreduce", actions...), e.clusters, own))
}

// GrantSubmit lets to add steps to the stage's clusters: those of its users with
// their roles, and others with none. Where a user is needed, a role is.
// Source: Amazon EMR Management Guide, "Control access to the Amazon EMR runtime role".
func (e *EMR) GrantSubmit(to Rights, users *Users) {
	own := conditions{"StringEquals": {"aws:ResourceTag/" + e.tag(): e.stage.Stage}}
	switch role := map[string]any{"elasticmapreduce:ExecutionRoleArn": users.arns}; {
	case len(users.arns) == 0:
		own["Null"] = map[string]any{"elasticmapreduce:ExecutionRoleArn": "true"}
	case e.stage.Access.Required:
		own["ArnEquals"] = role
	default:
		own["ArnEqualsIfExists"] = role
	}
	to.allow(statement(of("elasticmapreduce", "AddJobFlowSteps"), e.clusters, own))
}

func (e *EMR) tag() string { return "ephemr:stage" }

// passRole lets to hand role to service, and to no other.
func passRole(to Rights, role *string, service string) {
	to.allow(statement(of("iam", "PassRole"), []*string{role},
		conditions{"StringEquals": {"iam:PassedToService": service}}))
}

// servicePrincipal trusts service for this account only, on behalf of source.
func servicePrincipal(scope constructs.Construct, service string, source *string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{Conditions: conditions{
		"StringEquals": {"aws:SourceAccount": account(scope)},
		"ArnLike":      {"aws:SourceArn": source},
	}.props()})
}
