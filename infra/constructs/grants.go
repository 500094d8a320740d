package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// Rights is a principal that permissions are granted to: a Function, a role or a managed policy.
type Rights interface{ allow(awsiam.PolicyStatement) }

// conditions are IAM's, by operator and key.
type conditions map[string]map[string]any

// anything is the resource of actions that do not support resources. Cite the
// documentation where it is used.
var anything = []*string{new("*")}

func statement(actions []string, resources []*string, when conditions) awsiam.PolicyStatement {
	props := &awsiam.PolicyStatementProps{Actions: pointers(actions), Resources: &resources}
	if len(when) > 0 {
		props.Conditions = when.props()
	}
	return awsiam.NewPolicyStatement(props)
}

func (c conditions) props() *map[string]any {
	props := make(map[string]any, len(c))
	for operator, keys := range c {
		props[operator] = keys
	}
	return &props
}

// of qualifies actions: of("s3", "GetObject") is s3:GetObject.
func of(service string, actions ...string) []string {
	qualified := make([]string, len(actions))
	for i, action := range actions {
		qualified[i] = service + ":" + action
	}
	return qualified
}

func pointers(values []string) *[]*string {
	p := make([]*string, len(values))
	for i := range values {
		p[i] = &values[i]
	}
	return &p
}

// LimitRoles gives every role of app the stage's permissions boundary, if it has one.
func LimitRoles(app awscdk.App, scope constructs.Construct, s Stage) {
	if s.PermissionsBoundary != "" {
		awsiam.PermissionsBoundary_Of(app).Apply(awsiam.ManagedPolicy_FromManagedPolicyArn(scope, new("Boundary"), &s.PermissionsBoundary))
	}
}
