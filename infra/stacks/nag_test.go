package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// accepted is a kind of findings of cdk-nag that stays, and why. Both patterns match
// the whole text.
type accepted struct {
	rule  string // with the part in brackets, if it has one
	where string // path of the construct in its stack
	why   string
}

const arnPrefix = `arn:<AWS::Partition>:\w+:<AWS::Region>:<AWS::AccountId>:`

// suppressed are the findings of the rules AwsSolutions that are accepted. Where a
// resource contains a wildcard, it cannot be named before it exists.
var suppressed = []accepted{
	{
		`S1`, `(Artifacts|Curated|Logs|Queries|Raw)/Resource`,
		"Access logs of buckets need one more bucket and grow without limit. Data events of CloudTrail record the same calls, with the caller's role.",
	},
	{
		`SF1`, `Run/StateMachine/Resource`,
		"Log level ERROR: every state is in the execution's history for 90 days, and a run's records say what happened. ALL would log the params of every run.",
	},
	{
		`SQS3`, `Targets/Queue/Resource`,
		"The queue is the dead-letter queue of rules, of which nag does not know.",
	},
	{
		`IAM4\[Policy::.*/AmazonEMRServicePolicy_v2\]`, `Emr/Service/Resource`,
		"The policy that AWS documents for EMR's service role. It is restricted to resources with the tag for-use-with-amazon-emr-managed-policies.",
	},
	{
		`IAM4\[Policy::.*/AWSLambdaBasicExecutionRole\]`, `AWS[0-9a-f]+/ServiceRole/Resource`,
		"The CDK's function that changes routes of peered networks in other accounts.",
	},
	{
		`IAM5\[Resource::\*\]`, `.*`,
		"Only actions that do not support resources: TestRightsAreNarrow has the list.",
	},
	{
		`IAM5\[Resource::(<(Archive|Curated|Mart|Quarantine|Queries|Raw|Staging)\w+\.Arn>|arn:<AWS::Partition>:s3:::ephemr-\w+-\w+-<AWS::AccountId>-<AWS::Region>)/.*\]`, `.*`,
		"Objects below a prefix. Jobs and queries choose the keys of data; keys of runs contain their ids.",
	},
	{
		`KDS3`, `Stream-\w+/Stream`,
		"The stage's file names a key of its own for streams.",
	},
	{
		`KDF1`, `Stream-\w+/Delivery(ByKey)?`,
		"Encryption of a Firehose is for records that are put into it: those of a Kinesis stream are encrypted there.",
	},
	{
		`IAM5\[Resource::arn:<AWS::Partition>:s3:::partner-drop/orders/\*\]`, `(Emr/Instance|Intake/Role)/DefaultPolicy/Resource`,
		"Objects of a source, which its owner names.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `cluster/\*\]`, `\w+/Role/DefaultPolicy/Resource`,
		"EMR generates the ids of clusters. Conditions restrict the calls to clusters with the stage's tag: TestOnlyOwnClusters, TestClustersOfOtherStages.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `service/\*\]`, `\w+/Role/DefaultPolicy/Resource`,
		"Cloud Map generates the ids of services. Conditions restrict the calls to services with the stage's tag.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `database/(ephemr_\w+_)?\*\]`, `(Emr/(Users)?Instance|Users/User-[\w-]+)/DefaultPolicy/Resource|Lake-[\w-]+/Policy/Resource`,
		"Hive's client reads the functions of all databases when it starts: grantCatalog. Zones have databases with the stage's prefix.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `(table|userDefinedFunction)/.*\]`, `(Emr/(Users)?Instance|Users/User-[\w-]+)/DefaultPolicy/Resource|(Lake|Query)-[\w-]+/Policy/Resource`,
		"Tables and functions of a database are created by jobs, later than the stack.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `table/ephemr_\w+/\*\]`, `(PrepareRun|CheckData|Publish|Control|FinishRun|Sweep)/Role/DefaultPolicy/Resource`,
		"Tables of the stage's database, which pipelines name.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `log-group:/ephemr/\w+/runs:log-stream:users/[\w-]+/\*\]`, `Users/User-[\w-]+/DefaultPolicy/Resource`,
		"A stream for each job of the user's runs.",
	},
	{
		`IAM5\[Resource::arn:<AWS::Partition>:s3:::<AWS::Region>\.elasticmapreduce/\*\]`, `Emr/(Users)?Instance/DefaultPolicy/Resource`,
		"AWS's bucket with EMR's script-runner and command-runner.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `parameter/ephemr/\w+/(profiles|users)/\*\]`, `\w+/Role/DefaultPolicy/Resource`,
		"Profiles and users of the stage, which a pipeline or a request names.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `(secret:|parameter/)[\w/-]+\*\]`, `(Users/User-[\w-]+|PrepareRun/Role)/DefaultPolicy/Resource`,
		"Secrets whose names begin as the stage's file says; PrepareRun cannot read their values.",
	},
	{
		`IAM5\[Resource::arn:(aws|<AWS::Partition>):kms:.*:key/\*\]`, `(Users/User-[\w-]+|Notify/Role)/DefaultPolicy/Resource`,
		"Keys of the secrets that the user may read, through their store only: TestSecretsAreDecryptedThroughTheirStore.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `execution:ephemr-\w+-run:\*\]`, `\w+/Role/DefaultPolicy/Resource`,
		"Executions of the stage's state machine are named after runs.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `stack/ephemr-\w+-\*/\*\]`, `(Deploy|Difference)/DefaultPolicy/Resource`,
		"CloudFormation generates the ids of stacks; names of stages have no hyphen.",
	},
	{
		`IAM5\[Resource::` + arnPrefix + `(parameter/ephemr/\w+/profiles/\*|table/ephemr-\w+-runs/index/\*|log-group:/ephemr/\w+/runs:log-stream:\*)\]`, `Deploy/DefaultPolicy/Resource`,
		"Profiles, indexes and log streams of the stage, for ephemr apply and ephemr start.",
	},
}

// The stages on AWS have no finding of cdk-nag's rules AwsSolutions that is not
// explained above, and every explanation is needed.
func TestNag(t *testing.T) {
	t.Parallel()
	needed := make([]bool, len(suppressed))
	for name, s := range withFull() {
		if s.config.EnforceTLS && len(s.findings) == 0 {
			t.Errorf("%s has no findings: the rules were not applied", name)
		}
		for _, f := range s.findings {
			i := suppressing(f)
			if i < 0 {
				t.Errorf("%s: %s: %s", name, f.path, f.text)
				continue
			}
			needed[i] = true
		}
	}
	for i, a := range suppressed {
		if !needed[i] {
			t.Errorf("no stage has a finding %s at %s", a.rule, a.where)
		}
	}
}

// suppressing is the index of what suppresses a finding, or -1.
func suppressing(f finding) int {
	return slices.IndexFunc(suppressed, func(a accepted) bool {
		return exactly(a.rule).MatchString(f.rule()) && exactly(a.where).MatchString(f.path)
	})
}

// finding is one of cdk-nag.
type finding struct{ path, text string }

// rule is the name of the rule that a finding is of.
func (f finding) rule() string {
	rule, _, _ := strings.Cut(strings.TrimPrefix(f.text, "AwsSolutions-"), ": ")
	return rule
}

// exactly matches a pattern with the whole text.
func exactly(pattern string) *regexp.Regexp {
	expression, ok := expressions[pattern]
	if !ok {
		expression = regexp.MustCompile("^(" + pattern + ")$")
		expressions[pattern] = expression
	}
	return expression
}

// expressions are the compiled patterns; only TestNag uses them.
var expressions = map[string]*regexp.Regexp{}

// readFindings reads the errors and warnings that rules have attached to the constructs
// of a stack.
func readFindings(out, stack string) ([]finding, error) {
	data, err := os.ReadFile(filepath.Join(out, stack+".metadata.json")) //nolint:gosec // in our own temporary folder
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var metadata map[string][]struct {
		Type string
		Data any
	}
	if err := json.Unmarshal(data, &metadata); err != nil {
		return nil, err
	}
	var all []finding
	for path, entries := range metadata {
		for _, e := range entries {
			if text, ok := e.Data.(string); ok && (e.Type == "aws:cdk:error" || e.Type == "aws:cdk:warning") {
				all = append(all, finding{strings.TrimPrefix(path, "/"+stack+"/"), text})
			}
		}
	}
	return all, nil
}
