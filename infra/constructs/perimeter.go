package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// denyOthers are statements of a resource's policy that deny principals of other accounts, and services of AWS that act
// for them, whatever other statements allow. Calls that a service makes for a principal of the account, with that
// principal's permissions, are the principal's. Not all services send aws:SourceAccount: those that may use the resource
// are named by an Allow with a condition of its own.
// Source: IAM User Guide, "Establish permissions guardrails using data perimeters", and "AWS global condition context keys".
func (s Stage) denyOthers(scope constructs.Construct, actions []string, resources ...*string) []denial {
	if s.CoarseRights { // the emulator does not know who is a service
		return nil
	}
	own := account(scope)
	return []denial{
		{"DenyOtherAccounts", actions, resources, conditions{
			"StringNotEquals": {"aws:PrincipalAccount": own},
			"BoolIfExists":    {"aws:PrincipalIsAWSService": "false"},
		}},
		{"DenyServicesOfOtherAccounts", actions, resources, conditions{
			"StringNotEquals": {"aws:SourceAccount": own},
			"Null":            {"aws:SourceAccount": "false"},
			"Bool":            {"aws:PrincipalIsAWSService": "true"},
		}},
	}
}

// denyHTTP denies requests without TLS.
func denyHTTP(actions []string, resources ...*string) denial {
	return denial{"DenyHTTP", actions, resources, conditions{"Bool": {"aws:SecureTransport": "false"}}}
}

// denial is a statement of a resource's policy that denies everyone something.
type denial struct {
	sid       string
	actions   []string
	resources []*string
	when      conditions
}

func (d denial) statement() awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: &d.sid, Effect: awsiam.Effect_DENY, Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions: pointers(d.actions), Resources: &d.resources, Conditions: d.when.props(),
	})
}

// document is the statement as it is in a template.
func (d denial) document() map[string]any {
	return map[string]any{"Sid": d.sid, "Effect": "Deny", "Principal": "*", "Action": d.actions, "Resource": d.resources, "Condition": d.when}
}
