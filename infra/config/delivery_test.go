package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// All errors of the delivery are reported at once, with their lines.
func TestDeliveryErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"names": {
			text: `account: "444455556666"
delivery:
  repository: acme/*
  environment: dev:prod
  difference: ""
  provider: arn:aws:iam::111122223333:oidc-provider/example.com
`,
			want: `x.yaml:3:3: delivery.repository "acme/*" must be the owner and name
x.yaml:4:3: delivery.environment "dev:prod" must be up to
x.yaml:6:3: delivery.provider "arn:aws:iam::111122223333:oidc-provider/example.com" must be the ARN of a provider`,
		},
		"the same environment": {
			text: "delivery: {repository: acme/platform, difference: x1}\n",
			want: `x.yaml:1:39: delivery.difference "x1" must be another environment`,
		},
		"another account": {
			text: `account: "444455556666"
delivery: {repository: acme/platform, provider: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}
`,
			want: `x.yaml:2:39: delivery.provider arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com is not in the stage's account`,
		},
		"credentials of the caller": {
			text: "synthesizer: cli\ndelivery: {repository: acme/platform}\n",
			want: `x.yaml:2:1: delivery: the role that deploys may only assume`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("x1", "x.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			got, want := strings.Split(err.Error(), "\n"), strings.Split(tt.want, "\n")
			for i, line := range want {
				if i >= len(got) || !strings.HasPrefix(got[i], line) {
					t.Fatalf("got\n%s\nwant\n%s", err, tt.want)
				}
			}
			if len(got) != len(want) {
				t.Errorf("more errors:\n%s", err)
			}
		})
	}
}

func TestDeliveryEnvironments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"{repository: acme/platform}":                                       {"dev", "diff-dev"},
		"{repository: acme/platform, environment: Test}":                    {"Test", "diff-Test"},
		"{repository: acme/platform, environment: Test, difference: pulls}": {"Test", "pulls"},
	} {
		c, err := config.Parse("dev", "dev.yaml", []byte("delivery: "+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, [2]string{c.DeployEnvironment(), c.DifferenceEnvironment()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
