package stacks_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"ephemr/infra/config"
	contract "ephemr/internal/stage"
)

// A configuration is refused by an estimate of the size of its settings, which must be neither below the real size nor
// far above it.
func TestSettingsSize(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	check := func(t *testing.T, s *stage) {
		t.Helper()
		for _, fn := range s.all("AWS::Lambda::Function") {
			if fn.name() == "" {
				continue // the CDK's, which restricts the VPC's default security group
			}
			settings := s.resolved(text(at(fn.Properties, "Environment", "Variables", contract.Variable)))
			estimate, _ := s.config.SettingsSize()
			if strings.Contains(settings, "${") {
				t.Fatalf("not resolved: %s", settings)
			}
			if len(settings) > estimate || estimate > len(settings)+200 {
				t.Errorf("the settings in the environment of %s have %d bytes, and %d by the estimate", fn.name(), len(settings), estimate)
			}
		}
		for _, p := range s.all("AWS::SSM::Parameter") {
			if size := len(s.resolved(text(p.Properties["Value"]))); size > config.MaxValue {
				t.Errorf("%s has %d bytes", p.name(), size)
			}
		}
	}
	each(t, check)
	check(t, full) // which has destinations of notices
}

var unresolved = regexp.MustCompile(`\$\{([\w:.]+)\}`)

// resolved is a text of the platform's template with its references as CloudFormation resolves them at their longest.
func (s *stage) resolved(text string) string {
	const region, account = "ap-southeast-1", "123456789012"
	text = unresolved.ReplaceAllStringFunc(text, func(reference string) string {
		id, attribute, _ := strings.Cut(strings.Trim(reference, "${}"), ".")
		r := s.templates["platform"].Resources[id]
		service := strings.ToLower(strings.Split(r.Type+":::", ":")[2])
		switch {
		case r.Type == "AWS::ServiceDiscovery::HttpNamespace":
			return "ns-1234567890abcdef"
		case r.Type == "AWS::EMR::SecurityConfiguration":
			return s.config.Name("platform-") + id + "-1234567890ab"
		case attribute == "Arn" || r.Type == "AWS::SNS::Topic":
			return "arn:${AWS::Partition}:" + service + ":" + region + ":" + account + ":" + r.name()
		case r.Type == "AWS::SQS::Queue":
			return "https://sqs." + region + ".amazonaws.com/" + account + "/" + r.name()
		case slices.Contains([]string{"AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::Events::EventBus", "AWS::Logs::LogGroup"}, r.Type):
			return r.name()
		}
		return reference
	})
	return strings.NewReplacer("${AWS::Region}", region, "${AWS::AccountId}", account, "${AWS::Partition}", "aws-us-gov").Replace(text)
}
