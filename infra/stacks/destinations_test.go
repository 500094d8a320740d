package stacks_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	contract "ephemr/internal/stage"
)

// Each destination of a stage's file has its topic, or a rule that passes its messages to
// an address for as long as EventBridge tries, with a dead-letter queue.
func TestDestinations(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	want := []string{"chat:data-alerts", "pagerduty:on-call", "webhook:ops"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(full.notices(t).Destinations))); diff != "" {
		t.Errorf("settings (-want +got)\n%s", diff)
	}
	if got := full.notices(t).Every(); got != full.config.Notices.Window.Std() {
		t.Errorf("window %s", got)
	}
	rules := map[string]bool{}
	for _, rule := range full.all("AWS::Events::Rule") {
		for _, name := range texts(at(rule.Properties, "EventPattern", "detail", "destination")) {
			target := list(rule.Properties["Targets"])[0]
			rules[name] = at(target, "DeadLetterConfig", "Arn") != nil && text(at(target, "InputPath")) == "$.detail.body"
		}
	}
	if diff := cmp.Diff(map[string]bool{"webhook:ops": true, "pagerduty:on-call": true}, rules); diff != "" {
		t.Errorf("rules (-want +got)\n%s", diff)
	}
}

// Notify may read lineage events and the key of the server, in stages that have one.
func TestLineageRights(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		isNotify := func(owner string) bool { return strings.HasPrefix(owner, "Notify") }
		http := s.config.Lineage.HTTP
		if got := slices.ContainsFunc(slices.Collect(maps.Keys(s.holders("secretsmanager:GetSecretValue"))), isNotify); got != (http.Secret != "") {
			t.Errorf("Notify may read secrets: %t", got)
		}
		if got := slices.ContainsFunc(slices.Collect(maps.Keys(s.holders("s3:GetObject"))), isNotify); got != s.config.Lineage.Sends() {
			t.Errorf("Notify may read objects: %t", got)
		}
		if domains := slices.Collect(maps.Keys(s.holders("datazone:PostLineageEvent"))); len(domains) > 0 != (s.config.Lineage.Domain != "") {
			t.Errorf("may send to a domain: %v", domains)
		}
	})
}

// CloudFormation reads the secrets of destinations; no template contains one.
func TestSecretsOfDestinations(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	secrets := []string{"{{resolve:secretsmanager:ephemr/ops:SecretString:::}}", "{{resolve:secretsmanager:ephemr/pagerduty:SecretString:::}}"}
	var used []string
	for _, connection := range full.all("AWS::Events::Connection") {
		used = append(used, text(at(connection.Properties, "AuthParameters", "ApiKeyAuthParameters", "ApiKeyValue")))
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

// notices are the destinations in the settings of a stage.
func (s *stage) notices(t *testing.T) contract.Notices {
	t.Helper()
	for _, parameter := range s.all("AWS::SSM::Parameter") {
		if parameter.name() != contract.ParameterName(s.config.Stage) {
			continue
		}
		settings, err := contract.Parse(text(parameter.Properties["Value"]))
		if err != nil {
			t.Fatal(err)
		}
		return settings.Notices
	}
	t.Fatal("there are no settings")
	return contract.Notices{}
}
