package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/cli/session"
	"ephemr/internal/profile"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// ParametersAPI reads the parameters of the deployment.
type ParametersAPI interface {
	session.ParameterAPI
	ssm.GetParametersByPathAPIClient
}

// Clients for the deployed resources.
type (
	// TablesAPI describes tables.
	TablesAPI interface {
		DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	}
	// QueuesAPI describes queues.
	QueuesAPI interface {
		GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	}
	// FunctionsAPI describes functions.
	FunctionsAPI interface {
		GetFunctionConfiguration(
			context.Context, *lambda.GetFunctionConfigurationInput, ...func(*lambda.Options),
		) (*lambda.GetFunctionConfigurationOutput, error)
		GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error)
	}
	// WorkflowAPI describes the state machine.
	WorkflowAPI interface {
		DescribeStateMachine(context.Context, *sfn.DescribeStateMachineInput, ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error)
	}
)

func (d *doctor) redeploy() string { return "redeploy with make deploy STAGE=" + d.Stage }

func (d *doctor) stage(ctx context.Context, name string) []Finding {
	if d.Stage == "" {
		return []Finding{{Check: name, Verdict: Failed, Found: "no stage given", Do: "use --stage dev or set " + session.Variable + "=dev"}}
	}
	var err error
	d.settings, err = session.Load(ctx, d.with.Parameters, d.Stage)
	where := fmt.Sprintf("account %s, region %s", d.account, d.cfg.Region)
	switch {
	case session.NotDeployed(err):
		return []Finding{{
			Check: name, Verdict: Failed, Found: fmt.Sprintf("%s is not deployed in %s", d.Stage, where),
			Do: fmt.Sprintf("deploy it with make deploy STAGE=%s, or set AWS_PROFILE and AWS_REGION to its account and Region", d.Stage),
		}}
	case err != nil:
		findings := d.wrong(name, err)
		findings[0].Verdict = Failed // every command depends on it
		return findings
	case d.settings.Account != d.account || d.settings.Region != d.cfg.Region:
		return []Finding{{
			Check: name, Verdict: Failed, Do: d.redeploy(),
			Found: fmt.Sprintf("%s is in %s, but its settings name account %s, region %s", d.Stage, where, d.settings.Account, d.settings.Region),
		}}
	}
	return ok(name, "%s is deployed in %s", d.Stage, where)
}

func (d *doctor) version(_ context.Context, name string) []Finding {
	f := Finding{Check: name, Verdict: Warning}
	switch here, there := d.Version, d.settings.Version; {
	case there == "":
		f.Found, f.Do = "the stage has no version", d.redeploy()
	case here == "" || here == "(devel)":
		f.Verdict, f.Found = Unknown, "this build has no version; the stage has "+there
	case here != there:
		f.Found = fmt.Sprintf("this is %s, the stage is %s", here, there)
		f.Do = "install that version, or " + d.redeploy()
	default:
		return ok(name, "%s, same as the stage", here)
	}
	return []Finding{f}
}

func (d *doctor) tables(ctx context.Context, name string) []Finding {
	names := []string{d.settings.RunsTable, d.settings.PipelinesTable, d.settings.ClustersTable, d.settings.LedgerTable}
	return d.each(name, names, "are active", func(table string) (string, error) {
		out, err := d.with.Tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil || out.Table.TableStatus == dynamodbtypes.TableStatusActive || out.Table.TableStatus == dynamodbtypes.TableStatusUpdating {
			return "", err
		}
		return string(out.Table.TableStatus), nil
	})
}

// queues also reports messages in the dead-letter queues.
func (d *doctor) queues(ctx context.Context, name string) []Finding {
	urls := []string{d.settings.RequestsQueue, d.settings.EventsQueue}
	findings := d.each(name, urls, "exist", func(url string) (string, error) {
		_, err := d.waiting(ctx, url)
		return "", err
	})
	for _, dead := range []struct{ url, command string }{
		{d.settings.RequestsDLQ, "ephemr requests list"}, {d.settings.EventsDLQ, "ephemr requests list --events"},
	} {
		switch n, err := d.waiting(ctx, dead.url); {
		case err != nil:
			findings = append(findings, d.wrong(name, err)...)
		case n != "" && n != "0":
			findings = append(findings, Finding{
				Check: name, Verdict: Warning, Found: n + " rejected messages in " + base(dead.url), Do: "see " + dead.command,
			})
		}
	}
	return findings
}

// waiting returns the approximate number of messages in a queue.
func (d *doctor) waiting(ctx context.Context, url string) (string, error) {
	const messages = sqstypes.QueueAttributeNameApproximateNumberOfMessages
	out, err := d.with.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{messages}})
	if err != nil {
		return "", err //nolint:wrapcheck // the operation is in it
	}
	return out.Attributes[string(messages)], nil
}

func (d *doctor) workflow(ctx context.Context, name string) []Finding {
	return d.each(name, []string{d.settings.StateMachine}, "is active", func(arn string) (string, error) {
		out, err := d.with.Workflow.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
		if err != nil || out.Status == sfntypes.StateMachineStatusActive {
			return "", err
		}
		return string(out.Status), nil
	})
}

// functions checks the functions of the settings, those that the workflow
// calls, and the three that only queues, events and schedules
// invoke.
func (d *doctor) functions(ctx context.Context, name string) []Finding {
	prefix := strings.TrimSuffix(d.settings.AdmitFunction, "admit")
	names := append(d.settings.Names(), prefix+"intake", prefix+"sweep", prefix+"watch")
	if out, err := d.with.Workflow.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &d.settings.StateMachine}); err == nil {
		names = append(names, regexp.MustCompile(regexp.QuoteMeta(prefix)+`[a-z]+`).FindAllString(aws.ToString(out.Definition), -1)...)
	}
	slices.Sort(names)
	return d.each(name, slices.Compact(names), "are active", func(function string) (string, error) {
		out, err := d.with.Functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
		switch {
		case err != nil:
			return "", err //nolint:wrapcheck // the operation is in it
		case out.State != "" && out.State != lambdatypes.StateActive && out.State != lambdatypes.StateInactive: // Inactive = not invoked for a while
			return string(out.State) + " " + aws.ToString(out.StateReason), nil
		case out.LastUpdateStatus == lambdatypes.LastUpdateStatusFailed:
			return "last update failed: " + aws.ToString(out.LastUpdateStatusReason), nil
		}
		return "", nil
	})
}

func (d *doctor) profiles(ctx context.Context, name string) []Finding {
	all, err := d.shapes(ctx)
	if err != nil && len(all) == 0 {
		return d.wrong(name, err)
	}
	var faulty []Finding
	names := make([]string, 0, len(all))
	for _, p := range all {
		names = append(names, p.name)
		if p.err != nil {
			faulty = append(faulty, Finding{Check: name, Verdict: Failed, Found: p.err.Error(), Do: "fix it in infra/config and " + d.redeploy()})
		}
	}
	switch {
	case len(faulty) > 0:
		return faulty
	case len(all) == 0:
		return []Finding{{Check: name, Verdict: Failed, Found: "the stage has none", Do: "add one in infra/config and " + d.redeploy()}}
	}
	return ok(name, "%s", strings.Join(names, ", "))
}

// shape is a profile, or the error in it.
type shape struct {
	name    string
	profile profile.Profile
	err     error
}

// rungs is the number of shapes that clusters of s can have.
func (s shape) rungs() int {
	if s.err != nil {
		return 0
	}
	return s.profile.Rungs()
}

func (d *doctor) shapes(ctx context.Context) ([]shape, error) {
	path := strings.TrimSuffix(stage.ProfileParameter(d.Stage, ""), "/")
	var all []shape
	for p := ssm.NewGetParametersByPathPaginator(d.with.Parameters, &ssm.GetParametersByPathInput{Path: &path}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the operation is in it
		}
		for _, param := range page.Parameters {
			s := shape{name: base(aws.ToString(param.Name))}
			s.profile, s.err = profile.Parse(s.name, aws.ToString(param.Value))
			all = append(all, s)
		}
	}
	n, err := d.ownNetwork(ctx)
	if n != nil {
		for i := range all {
			if len(all[i].profile.Subnets) == 0 {
				all[i].profile.Subnets = n.Subnets // as CreateCluster does
			}
		}
	}
	return all, err
}

// each calls ask for every name and returns its problems, or one finding if
// there are none.
func (d *doctor) each(check string, names []string, well string, ask func(name string) (wrong string, err error)) []Finding {
	var findings []Finding
	for _, name := range names {
		wrong, err := ask(name)
		switch {
		case late(err):
			return d.wrong(check, err) // the other calls would time out too
		case err != nil:
			for _, f := range d.wrong(check, err) {
				f.Found = base(name) + ": " + f.Found
				if f.Do == "" {
					f.Do = d.redeploy()
				}
				findings = append(findings, f)
			}
		case wrong != "":
			findings = append(findings, Finding{Check: check, Verdict: Failed, Found: base(name) + ": " + strings.TrimSpace(wrong), Do: d.redeploy()})
		}
	}
	if len(findings) > 0 {
		return findings
	}
	if len(names) > 4 {
		return ok(check, "%d %s", len(names), well)
	}
	short := make([]string, 0, len(names))
	for _, name := range names {
		short = append(short, base(name))
	}
	return ok(check, "%s %s", strings.Join(short, ", "), well)
}

// base is the last part of a URL, an ARN or a path.
func base(name string) string { return name[strings.LastIndexAny(name, "/:")+1:] }
