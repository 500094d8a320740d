package stacks_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// Only jobs of the repository in one environment get a role, and those of pull requests get one that reads.
func TestDeliveryTrusts(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	want := map[string]any{}
	for role, environment := range map[string]string{"deploy": "full", "difference": "diff-full"} {
		want[full.global(role)] = map[string]any{
			"Action": "sts:AssumeRoleWithWebIdentity", "Effect": "Allow", "Principal": map[string]any{"Federated": "${GitHub.Arn}"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				config.GitHubIssuer + ":aud": "sts.amazonaws.com",
				config.GitHubIssuer + ":sub": "repo:acme/platform:environment:" + environment,
			}},
		}
	}
	got := map[string]any{}
	for _, role := range full.templates["delivery"].Resources {
		if role.Type != "AWS::IAM::Role" {
			continue
		}
		for _, st := range list(at(role.Properties, "AssumeRolePolicyDocument", "Statement")) {
			trust := maps.Clone(st.(map[string]any))
			trust["Principal"] = map[string]any{"Federated": text(at(trust, "Principal", "Federated"))}
			got[role.name()] = trust
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who may assume which role (-want +got):\n%s", diff)
	}
}

// What assumes roles are only the stage's own clusters and the role that deploys, which may assume the roles of the
// bootstrap stack and no others.
func TestDeliveryAssumesBootstrapRoles(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	var roles []string
	for _, st := range full.delivery("Deploy") {
		if slices.ContainsFunc(st.actions, func(a string) bool { return strings.HasPrefix(a, "sts:") }) {
			roles = append(roles, st.resources...)
		}
		if slices.ContainsFunc(st.actions, func(a string) bool { return strings.HasPrefix(a, "iam:") }) {
			t.Errorf("the role that deploys may %v", st.actions)
		}
	}
	const bootstrap = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-"
	const place = "-role-${AWS::AccountId}-${AWS::Region}"
	if diff := cmp.Diff([]string{bootstrap + "deploy" + place, bootstrap + "file-publishing" + place, bootstrap + "lookup" + place}, roles); diff != "" {
		t.Errorf("roles that it assumes (-want +got):\n%s", diff)
	}
}

// Pull requests read templates and the stage's version, and neither data nor anything of another stage.
func TestDeliveryReadsTemplates(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	got := map[string][]string{}
	for _, st := range full.delivery("Difference") {
		for _, action := range st.actions {
			got[action] = append(got[action], st.resources...)
		}
	}
	const here = "${AWS::Region}:${AWS::AccountId}:"
	stack := []string{"arn:${AWS::Partition}:cloudformation:" + here + "stack/ephemr-full-*/*"}
	want := map[string][]string{
		"ssm:GetParameter":              {"arn:${AWS::Partition}:ssm:" + here + "parameter/ephemr/full/settings"},
		"cloudformation:DescribeStacks": stack, "cloudformation:GetTemplate": stack,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights of pull requests (-want +got):\n%s", diff)
	}
}

// A stage uses the provider that its file names, since an account can have only one.
func TestDeliveryProvider(t *testing.T) {
	t.Parallel()
	if networks == nil {
		t.Skip("no templates in short mode")
	}
	providers := func(s *stage) (made int, trusted []string) {
		for _, r := range s.templates["delivery"].Resources {
			if r.Type == "AWS::IAM::OIDCProvider" {
				made++
			}
			for _, st := range list(at(r.Properties, "AssumeRolePolicyDocument", "Statement")) {
				trusted = append(trusted, text(at(st, "Principal", "Federated")))
			}
		}
		slices.Sort(trusted)
		return made, slices.Compact(trusted)
	}
	if made, trusted := providers(full); made != 1 || !slices.Equal(trusted, []string{"${GitHub.Arn}"}) {
		t.Errorf("without a provider: %d made, roles trust %q", made, trusted)
	}
	if made, trusted := providers(delivery); made != 0 || !slices.Equal(trusted, []string{githubProvider}) {
		t.Errorf("with a provider: %d made, roles trust %q", made, trusted)
	}
}

const githubProvider = "arn:aws:iam::111122223333:oidc-provider/" + config.GitHubIssuer

// delivery are the statements of a role of the delivery's stack.
func (s *stage) delivery(role string) (found []statement) {
	for _, policy := range s.templates["delivery"].Resources {
		if policy.Type == "AWS::IAM::Policy" && strings.HasPrefix(id(list(policy.Properties["Roles"])[0]), role) {
			found = append(found, allows(role, policy)...)
		}
	}
	return found
}
