package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	contract "ephemr/internal/stage"
)

// Each destination of a stage's file has its topic, or a rule that passes its messages to
// an address for as long as EventBridge tries, with a dead-letter queue. CloudFormation
// reads the secrets; no template contains one.
func TestDestinations(t *testing.T) {
	t.Parallel()
	if keyed == nil {
		t.Skip("no templates in short mode")
	}
	got := map[string]string{}
	for _, parameter := range keyed.all("AWS::SSM::Parameter") {
		if parameter.name() == contract.ParameterName(keyed.config.Stage) {
			settings, err := contract.Parse(text(parameter.Properties["Value"]))
			if err != nil {
				t.Fatal(err)
			}
			for name, arn := range settings.Notices.Destinations {
				got[name] = arn[strings.LastIndex(arn, ":")+1:]
			}
			if settings.Notices.Window.Std() != keyed.config.Notices.Window.Std() {
				t.Errorf("window %s", settings.Notices.Window)
			}
		}
	}
	want := map[string]string{"chat:data-alerts": keyed.config.Name("chat-data-alerts"), "webhook:ops": "", "pagerduty:on-call": ""}
	if len(got) != len(want) {
		t.Errorf("settings (-want +got)\n%s", cmp.Diff(want, got))
	}
	rules := map[string]bool{}
	for _, rule := range keyed.all("AWS::Events::Rule") {
		for _, name := range texts(at(rule.Properties, "EventPattern", "detail", "destination")) {
			target := list(rule.Properties["Targets"])[0]
			rules[name] = at(target, "DeadLetterConfig", "Arn") != nil && text(at(target, "InputPath")) == "$.detail.body"
		}
	}
	if diff := cmp.Diff(map[string]bool{"webhook:ops": true, "pagerduty:on-call": true}, rules); diff != "" {
		t.Errorf("rules (-want +got)\n%s", diff)
	}
	secrets := []string{"{{resolve:secretsmanager:ephemr/ops:SecretString:::}}", "{{resolve:secretsmanager:ephemr/pagerduty:SecretString:::}}"}
	var used []string
	for _, connection := range keyed.all("AWS::Events::Connection") {
		key := at(connection.Properties, "AuthParameters", "ApiKeyAuthParameters", "ApiKeyValue")
		used = append(used, text(key))
		for _, body := range list(at(connection.Properties, "AuthParameters", "InvocationHttpParameters", "BodyParameters")) {
			if text(at(body, "Key")) != "routing_key" || text(at(body, "Value")) != secrets[1] || at(body, "IsValueSecret") != true {
				t.Errorf("body parameter %v", body)
			}
		}
	}
	slices.Sort(used)
	if diff := cmp.Diff(secrets, used); diff != "" {
		t.Errorf("secrets (-want +got)\n%s", diff)
	}
}
