package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	contract "ephemr/internal/stage"
)

// statement is one statement of a policy and the owner of the policy.
type statement struct {
	owner              string
	actions, resources []string
	condition          any
}

// allowed returns the Allow statements of the stage's roles and managed policies.
func (s *stage) allowed() []statement {
	var found []statement
	for _, policy := range s.all("AWS::IAM::Policy") {
		found = append(found, allows(id(list(policy.Properties["Roles"])[0]), policy)...)
	}
	for _, policy := range s.all("AWS::IAM::ManagedPolicy") {
		found = append(found, allows(text(policy.Properties["ManagedPolicyName"]), policy)...)
	}
	return found
}

func allows(owner string, policy resource) []statement {
	var found []statement
	for _, st := range list(at(policy.Properties, "PolicyDocument", "Statement")) {
		if at(st, "Effect") == "Allow" {
			found = append(found, statement{
				owner: owner, actions: texts(at(st, "Action")), resources: texts(at(st, "Resource")), condition: at(st, "Condition"),
			})
		}
	}
	return found
}

// withoutResources are actions that do not support resources.
var withoutResources = []string{
	"cloudwatch:PutMetricData", "ec2:DescribeSpotPriceHistory", "elasticmapreduce:ListClusters", "elasticmapreduce:RunJobFlow", "lakeformation:GetDataAccess",
	"datazone:PostLineageEvent", "servicediscovery:ListServices", "servicediscovery:TagResource", "ssm:DescribeParameters",
	"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
	"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
	"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
}

func TestRightsAreNarrow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		statements := s.allowed()
		if len(statements) < 50 {
			t.Fatalf("got %d statements: the templates were not read correctly", len(statements))
		}
		for _, st := range statements {
			for _, action := range st.actions {
				if strings.Contains(action, "*") {
					t.Errorf("%s is allowed %s", st.owner, action)
				}
				if slices.Contains(st.resources, "*") && !s.onEverything(action) {
					t.Errorf("%s is allowed %s on everything", st.owner, action)
				}
			}
		}
	})
}

// onEverything reports whether action may have the resource *.
func (s *stage) onEverything(action string) bool {
	coarse := strings.HasPrefix(action, "states:SendTask") || action == "ssm:GetParametersByPath" || strings.HasPrefix(action, "athena:") && strings.Contains(action, "Query")
	return slices.Contains(withoutResources, action) || s.config.CoarseRights && coarse && action != "athena:StartQueryExecution"
}

func TestRightsHaveOnePlace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, role := range s.all("AWS::IAM::Role") {
			if role.Properties["Policies"] != nil {
				t.Errorf("%s has inline policies, which this test does not check", role.name())
			}
			managed := texts(role.Properties["ManagedPolicyArns"])
			if managed != nil && role.name() != s.global("emr-service") && !s.isCheckRole(role) {
				t.Errorf("%s has managed policies %v", text(role.name()), managed)
			}
		}
	})
}

// isCheckRole reports whether the role is that of a team's SQL checks, with the policy of its queries.
func (s *stage) isCheckRole(role resource) bool {
	managed := texts(role.Properties["ManagedPolicyArns"])
	return slices.ContainsFunc(s.config.TeamNames(), func(team string) bool {
		return role.name() == s.global(contract.CheckRole(team)) && len(managed) == 1 && strings.HasSuffix(managed[0], ":policy/"+s.global("query-"+team))
	})
}

// Each team has a role for its SQL checks, at the address where the function looks for it. No other principal may assume it.
func TestCheckRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, team := range s.config.TeamNames() {
			settings := contract.Settings{Stage: s.config.Stage, Account: "1", Region: strings.TrimPrefix(s.global(""), s.config.Name("")+"-"), StateMachine: "arn:aws:states:x"}
			_, name, _ := strings.Cut(settings.CheckRole(team), "role/")
			found := slices.DeleteFunc(s.all("AWS::IAM::Role"), func(r resource) bool { return r.name() != name })
			if len(found) != 1 || !s.isCheckRole(found[0]) {
				t.Errorf("team %s: roles %v called %s", team, found, name)
				continue
			}
			statements := list(at(found[0].Properties, "AssumeRolePolicyDocument", "Statement"))
			if who := text(at(statements[0], "Principal", "AWS")); len(statements) != 1 || !strings.HasPrefix(who, "${CheckSQLRole") {
				t.Errorf("%s may be assumed by %s", name, who)
			}
		}
	})
}

// A permissions boundary limits every role of a stage, also the CDK's own.
func TestPermissionsBoundary(t *testing.T) {
	t.Parallel()
	for name, s := range withFull() {
		for _, role := range s.all("AWS::IAM::Role") {
			if got, _ := role.Properties["PermissionsBoundary"].(string); got != s.config.PermissionsBoundary {
				t.Errorf("%s: %s has the boundary %q, want %q", name, role.name(), got, s.config.PermissionsBoundary)
			}
		}
	}
}

// holders returns the principals that are allowed action, with the condition.
func (s *stage) holders(action string) map[string]any {
	found := map[string]any{}
	for _, st := range s.allowed() {
		if slices.Contains(st.actions, action) {
			owner := strings.TrimRight(st.owner, "0123456789ABCDEF")
			found[strings.TrimSuffix(owner, "Role")+" "+strings.Join(st.resources, " ")] = st.condition
		}
	}
	return found
}

func TestOnlyOwnClusters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		name := s.config.Stage
		tagged := map[string]any{"StringEquals": map[string]any{"aws:RequestTag/ephemr:stage": name}}
		if diff := cmp.Diff(map[string]any{"CreateCluster *": tagged}, s.holders("elasticmapreduce:RunJobFlow")); diff != "" {
			t.Errorf("who may make clusters (-want +got):\n%s", diff)
		}
		own := map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/ephemr:stage": name}}
		for _, action := range []string{"DescribeCluster", "ListSteps", "AddJobFlowSteps", "TerminateJobFlows", "SetTerminationProtection"} {
			holders := s.holders("elasticmapreduce:" + action)
			if len(holders) == 0 {
				t.Errorf("no function may %s", action)
			}
			for who, condition := range holders {
				if action == "AddJobFlowSteps" { // roles of steps: TestStepsGetUsersRoles
					condition = map[string]any{"StringEquals": at(condition, "StringEquals")}
				}
				if diff := cmp.Diff(own, condition); diff != "" {
					t.Errorf("%s may %s (-want +got):\n%s", who, action, diff)
				}
			}
		}
	})
}

func TestRolesArePassedToOneService(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		var got []string
		for who, condition := range s.holders("iam:PassRole") {
			got = append(got, strings.Fields(who)[0]+" to "+text(at(condition, "StringEquals", "iam:PassedToService")))
		}
		slices.Sort(got)
		want := []string{
			"CreateCluster to ec2.amazonaws.com", "CreateCluster to elasticmapreduce.amazonaws.com",
			"EmrService to ec2.amazonaws.com",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("who passes roles (-want +got):\n%s", diff)
		}
	})
}

// EMR requires the instance profile to have its role's name.
func TestEmrRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		want := []string{s.global("emr-instance")}
		if len(s.config.Access.Users) > 0 {
			want = append(want, s.global("emr-users"))
		}
		var got []string
		for _, profile := range s.all("AWS::IAM::InstanceProfile") {
			role := s.templates["platform"].Resources[id(list(profile.Properties["Roles"])[0])]
			if name := text(profile.Properties["InstanceProfileName"]); name != role.name() {
				t.Errorf("instance profile %s holds role %s", name, role.name())
			}
			got = append(got, role.name())
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("instance profiles (-want +got):\n%s", diff)
		}
		for _, role := range s.all("AWS::IAM::Role") {
			for _, st := range list(at(role.Properties, "AssumeRolePolicyDocument", "Statement")) {
				service := text(at(st, "Principal", "Service"))
				if service != "elasticmapreduce.amazonaws.com" {
					continue
				}
				if at(st, "Condition", "StringEquals", "aws:SourceAccount") == nil || at(st, "Condition", "ArnLike", "aws:SourceArn") == nil {
					t.Errorf("%s trusts %s without a source", role.name(), service)
				}
			}
		}
	})
}
