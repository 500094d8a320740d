package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// EMR grants calls to Amazon EMR. Every cluster has the tag ephemr:stage, and a
// stage has access to its own clusters only.
type EMR struct {
	stage    Stage
	clusters []*string
}

// NewEMR returns the grants for the clusters of scope's account.
func NewEMR(scope constructs.Construct, stage Stage) *EMR {
	return &EMR{stage: stage, clusters: []*string{arn(scope, "elasticmapreduce", "cluster/*")}}
}

// GrantCreate allows creating clusters that have the stage's tag. RunJobFlow also
// needs permission to tag the new cluster and to set its policies of auto-termination
// and managed scaling.
// AWS does not document whether IAM sees the new cluster's tags for these; so a
// cluster without the tag is allowed, but not the cluster of another stage.
func (e *EMR) GrantCreate(to Rights) {
	tagged := conditions{"StringEquals": {"aws:RequestTag/" + e.tag(): e.stage.Stage}}
	// RunJobFlow does not support resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html
	to.allow(statement(of("elasticmapreduce", "RunJobFlow"), anything, tagged))
	notAnothers := map[string]any{"aws:ResourceTag/" + e.tag(): e.stage.Stage}
	to.allow(statement(of("elasticmapreduce", "AddTags"), e.clusters,
		conditions{"StringEquals": tagged["StringEquals"], "StringEqualsIfExists": notAnothers}))
	policies := []string{"PutAutoTerminationPolicy"}
	if e.stage.Scales() {
		policies = append(policies, "PutManagedScalingPolicy")
	}
	to.allow(statement(of("elasticmapreduce", policies...), e.clusters, conditions{"StringEqualsIfExists": notAnothers}))
}

// GrantList allows listing the account's clusters.
func (e *EMR) GrantList(to Rights) {
	// ListClusters does not support resources, see above.
	to.allow(statement(of("elasticmapreduce", "ListClusters"), anything, nil))
}

// GrantSpotPrices allows reading what Spot instances cost.
func (e *EMR) GrantSpotPrices(to Rights) {
	// DescribeSpotPriceHistory does not support resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
	to.allow(statement(of("ec2", "DescribeSpotPriceHistory"), anything, nil))
}

// Grant allows actions on the stage's clusters.
func (e *EMR) Grant(to Rights, actions ...string) {
	own := conditions{"StringEquals": {"aws:ResourceTag/" + e.tag(): e.stage.Stage}}
	to.allow(statement(of("elasticmapreduce", actions...), e.clusters, own))
}

// GrantTerminate allows ending the stage's clusters, also protected ones.
func (e *EMR) GrantTerminate(to Rights) {
	e.Grant(to, "TerminateJobFlows", "SetTerminationProtection")
}

// GrantSubmit allows adding steps to the stage's clusters: with the role of one of
// its users, or without a role unless the stage requires users.
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

// passRole allows passing role to service only.
func passRole(to Rights, role *string, service string) {
	to.allow(statement(of("iam", "PassRole"), []*string{role},
		conditions{"StringEquals": {"iam:PassedToService": service}}))
}

// servicePrincipal trusts service only on behalf of source in this account.
func servicePrincipal(scope constructs.Construct, service string, source *string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{Conditions: conditions{
		"StringEquals": {"aws:SourceAccount": account(scope)},
		"ArnLike":      {"aws:SourceArn": source},
	}.props()})
}
