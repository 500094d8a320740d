package config

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
)

// Delivery lets workflows of a GitHub repository deploy the stage, by GitHub's OIDC tokens and without stored keys.
type Delivery struct {
	Repository  string `yaml:"repository"`  // owner/name, spelt as GitHub spells it
	Environment string `yaml:"environment"` // of GitHub, whose jobs deploy; "" = the stage's name
	Difference  string `yaml:"difference"`  // of GitHub, whose jobs read what is deployed; "" = diff-, and that of Environment
	Provider    string `yaml:"provider"`    // ARN of the account's provider for GitHub; "" = the stage creates it
}

// GitHubIssuer is the issuer of the tokens of GitHub's workflows, without https://.
const GitHubIssuer = "token.actions.githubusercontent.com"

var (
	repositoryName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$`)
	environmentName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`) // what GitHub does not encode in the subject of a token
	providerARN     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):oidc-provider/` + regexp.QuoteMeta(GitHubIssuer) + `$`)
)

// DeployEnvironment is the environment of GitHub whose jobs deploy the stage.
func (c Config) DeployEnvironment() string { return cmp.Or(c.Delivery.Environment, c.Stage) }

// DifferenceEnvironment is the environment of GitHub whose jobs compare the stage with what is deployed.
func (c Config) DifferenceEnvironment() string {
	return cmp.Or(c.Delivery.Difference, "diff-"+c.DeployEnvironment())
}

// Subject is the subject of tokens of jobs in an environment of the repository.
// Source: GitHub Docs, "OpenID Connect reference".
func (d Delivery) Subject(environment string) string {
	return "repo:" + d.Repository + ":environment:" + environment
}

// validateDelivery returns all errors of the delivery.
func (c Config) validateDelivery() error {
	d := c.Delivery
	if d == nil {
		return nil
	}
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("delivery"+format, args...))
		}
	}
	need(c.Synthesizer == BootstrapRoles, ": the role that deploys may only assume the roles of the CDK's bootstrap stack; set synthesizer: default, or remove delivery")
	need(repositoryName.MatchString(d.Repository), ".repository %q must be the owner and name of a GitHub repository (example: acme/platform)", d.Repository)
	need(environmentName.MatchString(c.DeployEnvironment()), ".environment %q must be up to 100 letters, digits and . _ -", d.Environment)
	need(d.Difference == "" || environmentName.MatchString(d.Difference), ".difference %q must be up to 100 letters, digits and . _ -", d.Difference)
	need(c.DeployEnvironment() != c.DifferenceEnvironment(), ".difference %q must be another environment than that of deployments: jobs of pull requests use it", d.Difference)
	m := providerARN.FindStringSubmatch(d.Provider)
	need(d.Provider == "" || m != nil, ".provider %q must be the ARN of a provider in IAM, like arn:aws:iam::111122223333:oidc-provider/%s", d.Provider, GitHubIssuer)
	need(m == nil || c.Account == "" || m[1] == c.Account, ".provider %s is not in the stage's account %s", d.Provider, c.Account)
	return errors.Join(errs...)
}
