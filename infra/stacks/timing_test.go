package stacks_test

import (
	"fmt"
	"strings"
	"testing"
)

// docs/architecture.md lists the timing invariants that are tested here.

// A tick finds the function of the tick before it at its end, so that ticks do
// not pile up; and EventBridge drops events for a function that are older than
// an hour, because by then ticks and sweep have found what they would report.
func TestEventsAreFresh(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		functions := s.templates["platform"].Resources
		for _, rule := range s.all("AWS::Events::Rule") {
			minutes := minutesOf(rule)
			if minutes == 0 && rule.Properties["EventPattern"] == nil {
				t.Errorf("%s has neither a schedule nor a pattern", rule.name())
			}
			for _, target := range list(rule.Properties["Targets"]) {
				fn, ok := functions[id(at(target, "Arn"))]
				if !ok || fn.Type != "AWS::Lambda::Function" {
					continue
				}
				if age, _ := at(target, "RetryPolicy", "MaximumEventAgeInSeconds").(float64); age == 0 || age > 3600 {
					t.Errorf("%s delivers events that are %v s old", rule.name(), age)
				}
				if timeout := fn.Properties["Timeout"].(float64); minutes > 0 && timeout >= 60*minutes {
					t.Errorf("%s may run for %v s, %s comes every %v min", strings.ToLower(fn.name()), timeout, rule.name(), minutes)
				}
			}
		}
	})
}

// minutesOf is how often a rule with a schedule comes, 0 for another.
func minutesOf(rule resource) float64 {
	expression := text(rule.Properties["ScheduleExpression"])
	if expression == "cron(* * * * ? *)" {
		return 1
	}
	var minutes float64
	_, _ = fmt.Sscanf(expression, "rate(%f minute", &minutes)
	return minutes
}
