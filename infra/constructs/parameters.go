package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

// NewParameter adds an SSM parameter of at most 4 KB.
func NewParameter(scope constructs.Construct, id, name, description string, value *string) {
	awsssm.NewStringParameter(scope, &id, &awsssm.StringParameterProps{
		ParameterName: &name, Description: &description, StringValue: value,
	})
}

// Profiles are the stage's cluster profiles as SSM parameters.
type Profiles struct{ arns, network, query *string }

// NewProfiles adds one parameter per profile; values are their JSON.
func NewProfiles(scope constructs.Construct, id string, s Stage, values map[string]string) *Profiles {
	scope = constructs.NewConstruct(scope, &id)
	for _, name := range sortedKeys(values) {
		NewParameter(scope, name, stage.ProfileParameter(s.Stage, name), "Cluster profile "+name, new(values[name]))
	}
	return &Profiles{
		arns:    arn(scope, "ssm", "parameter"+stage.ProfileParameter(s.Stage, "*")),
		network: arn(scope, "ssm", "parameter"+stage.NetworkParameter(s.Stage)),
		query:   arn(scope, "ssm", "parameter"+stage.QueryParameter(s.Stage)),
	}
}

// GrantRead allows reading profiles.
func (p *Profiles) GrantRead(to Rights) {
	to.allow(statement(of("ssm", "GetParameter"), []*string{p.arns}, nil))
}

// GrantQuery allows reading the workgroups of the teams, which the stack of the lake has written.
func (p *Profiles) GrantQuery(to Rights) {
	to.allow(statement(of("ssm", "GetParameter"), []*string{p.query}, nil))
}

// GrantNetwork allows reading the network of clusters, which its own stack has written.
func (p *Profiles) GrantNetwork(to Rights) {
	to.allow(statement(of("ssm", "GetParameter"), []*string{p.network}, nil))
}
