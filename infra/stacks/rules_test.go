package stacks_test

import (
	"slices"
	"strings"
	"testing"
)

// Every target has a dead-letter queue.
func TestRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		var names []string
		for _, rule := range s.all("AWS::Events::Rule") {
			names = append(names, strings.TrimPrefix(rule.name(), s.config.Name("")))
			for _, target := range list(rule.Properties["Targets"]) {
				if at(target, "DeadLetterConfig", "Arn") == nil {
					t.Errorf("%s has no dead-letter queue", rule.name())
				}
			}
			source := texts(at(rule.Properties, "EventPattern", "source"))
			ofEMR := rule.name() == s.config.Name("cluster-changed") || rule.name() == s.config.Name("capacity-missing")
			if ofEMR && !slices.Equal(source, []string{s.config.EmrEventSource}) {
				t.Errorf("%s matches source %v", rule.name(), source)
			}
			if machine := texts(at(rule.Properties, "EventPattern", "detail", "stateMachineArn")); rule.name() == s.config.Name("execution-stopped") &&
				(len(machine) != 1 || !strings.HasSuffix(machine[0], ":stateMachine:"+s.config.Name("run"))) {
				t.Errorf("%s matches executions of %v", rule.name(), machine)
			}
		}
		slices.Sort(names)
		want := []string{"admit-tick", "batch-tick", "calendar-tick", "capacity-missing", "cluster-changed", "execution-stopped", "notify-tick", "objects-raw", "run-ended", "run-finished", "run-succeeded", "sweep-tick", "watch-tick"}
		if !slices.Equal(names, want) {
			t.Errorf("got rules %v, want %v", names, want)
		}
	})
}

// Policies of the platform's queues allow the rules that send to them.
func TestQueuesAcceptUploads(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		accepting := map[string]bool{}
		for _, policy := range s.all("AWS::SQS::QueuePolicy") {
			queue := s.templates["platform"].Resources[id(list(policy.Properties["Queues"])[0])].name()
			for _, st := range list(at(policy.Properties, "PolicyDocument", "Statement")) {
				for _, rule := range []string{s.config.ObjectsRule("raw"), s.config.BatchTickRule(), s.config.Bus() + "/" + s.config.SucceededRule()} {
					if strings.HasSuffix(text(at(st, "Condition", "ArnEquals", "aws:SourceArn")), ":rule/"+rule) {
						accepting[queue+" of "+rule] = true
					}
				}
			}
		}
		for _, queue := range []string{s.config.Name("events"), s.config.Name("targets-dlq")} {
			for _, rule := range []string{s.config.ObjectsRule("raw"), s.config.BatchTickRule(), s.config.Bus() + "/" + s.config.SucceededRule()} {
				if !accepting[queue+" of "+rule] {
					t.Errorf("%s does not accept messages of %s", queue, rule)
				}
			}
		}
	})
}
