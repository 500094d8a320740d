package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
	"ephemr/internal/stage"
)

// GitHub is the account's trust in tokens of GitHub's workflows.
type GitHub struct {
	scope    constructs.Construct
	stage    Stage
	provider *string // ARN
}

// NewGitHub adds the provider, unless the stage's file names one: an account has one for an issuer.
func NewGitHub(scope constructs.Construct, id string, s Stage) *GitHub {
	g := &GitHub{scope: scope, stage: s, provider: given(s.Delivery.Provider)}
	if g.provider == nil {
		provider := awsiam.NewCfnOIDCProvider(scope, &id, &awsiam.CfnOIDCProviderProps{
			Url: new("https://" + config.GitHubIssuer), ClientIdList: &[]*string{new(audience)},
		})
		provider.ApplyRemovalPolicy(s.removal(), nil) // other stages of the account may use it
		g.provider = provider.AttrArn()
	}
	return g
}

// audience is that of the tokens which aws-actions/configure-aws-credentials requests.
const audience = "sts.amazonaws.com"

// NewRole adds a role that only jobs in one environment of the repository can assume, and an output with its ARN.
func (g *GitHub) NewRole(id, name, environment, description string) Rights {
	role := awsiam.NewRole(g.scope, &id, &awsiam.RoleProps{
		RoleName: g.stage.globalName(g.scope, name), Description: &description,
		AssumedBy: awsiam.NewWebIdentityPrincipal(g.provider, conditions{"StringEquals": {
			config.GitHubIssuer + ":aud": audience,
			config.GitHubIssuer + ":sub": g.stage.Delivery.Subject(environment),
		}}.props()),
	})
	awscdk.NewCfnOutput(g.scope, new(id+"Role"), &awscdk.CfnOutputProps{
		Value: role.RoleArn(), Description: new("AWS_ROLE of the environment " + environment + " on GitHub"),
	})
	return roleRights{role}
}

// GrantBootstrap allows assuming the roles of the bootstrap stack with which the CDK CLI compares and deploys stacks that
// have no container images.
func GrantBootstrap(stack awscdk.Stack, to Rights) {
	qualifier := *awscdk.DefaultStackSynthesizer_DEFAULT_QUALIFIER()
	if given, ok := stack.Node().TryGetContext(new("@aws-cdk/core:bootstrapQualifier")).(string); ok { // cdk bootstrap --qualifier
		qualifier = given
	}
	var roles []*string
	for _, kind := range []string{"deploy", "file-publishing", "lookup"} {
		name := "cdk-" + qualifier + "-" + kind + "-role-" + *stack.Account() + "-" + *stack.Region()
		roles = append(roles, new("arn:"+*stack.Partition()+":iam::"+*stack.Account()+":role/"+name))
	}
	to.allow(statement(of("sts", "AssumeRole"), roles, nil))
}

// GrantVersion allows reading which version of ephemr the stage has, in its settings.
func GrantVersion(stack awscdk.Stack, s Stage, to Rights) {
	to.allow(statement(of("ssm", "GetParameter"), []*string{arn(stack, "ssm", "parameter"+stage.ParameterName(s.Stage))}, nil))
}

// GrantStacks allows actions of CloudFormation on the stage's stacks.
func GrantStacks(stack awscdk.Stack, s Stage, to Rights, actions ...string) {
	to.allow(statement(of("cloudformation", actions...), []*string{arn(stack, "cloudformation", "stack/"+s.Name("*/*"))}, nil))
}

// GrantPipelines allows registering pipelines and following a run of one: ephemr apply and ephemr start --follow. What it
// names belongs to other stacks, which may not exist yet.
func GrantPipelines(stack awscdk.Stack, s Stage, to Rights, artifacts *Bucket) {
	to.allow(statement(of("ssm", "GetParameter"), []*string{arn(stack, "ssm", "parameter"+stage.ProfileParameter(s.Stage, "*"))}, nil))
	artifacts.Grant(to, "packages/*", "GetObject", "PutObject")
	artifacts.GrantList(to)
	to.allow(statement(of("lambda", "InvokeFunction"), []*string{arn(stack, "lambda", "function:"+FunctionName(s, "Register"))}, nil))
	to.allow(statement(of("sqs", "SendMessage"), []*string{arn(stack, "sqs", s.Name("requests"))}, nil))
	pipelines, runs := "table/"+s.Name("pipelines"), "table/"+s.Name("runs")
	to.allow(statement(of("dynamodb", "GetItem", "Scan"), []*string{arn(stack, "dynamodb", pipelines)}, nil))
	to.allow(statement(of("dynamodb", "GetItem", "Query"), []*string{arn(stack, "dynamodb", runs), arn(stack, "dynamodb", runs+"/index/*")}, nil))
	to.allow(statement(of("logs", "GetLogEvents"), []*string{arn(stack, "logs", "log-group:"+s.LogGroup("runs")+":log-stream:*")}, nil))
}
