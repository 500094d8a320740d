package stacks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	contract "ephemr/internal/stage"
	"ephemr/statemachines"
)

// An alarm must be able to ring: what it counts can reach its threshold within its period while something is broken.
func TestAlarmsCanRing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		alarms := s.all("AWS::CloudWatch::Alarm")
		if want := len(s.all("AWS::Lambda::Function")) + len(s.all("AWS::SQS::Queue")) + 4; len(alarms) != want {
			t.Errorf("got %d alarms, want %d: one for each function and queue, for timeouts, and for each metric of sweep", len(alarms), want)
		}
		for _, alarm := range alarms {
			most, why := s.most(t, alarm)
			if threshold := alarm.Properties["Threshold"].(float64); threshold < 1 || threshold > most {
				t.Errorf("%s rings at %v, and its metric reaches %v: %s", alarm.name(), threshold, most, why)
			}
			if alarm.Properties["EvaluationPeriods"] != 1.0 || alarm.Properties["ComparisonOperator"] != "GreaterThanOrEqualToThreshold" {
				t.Errorf("%s is not evaluated as this test assumes", alarm.name())
			}
			// Source: Amazon CloudWatch API reference, PutMetricAlarm.
			if period := alarm.Properties["Period"].(float64); int(period)%60 != 0 || period > 86400 {
				t.Errorf("%s has a period of %v s", alarm.name(), period)
			}
		}
	})
}

// most is what the metric of an alarm reaches within its period, at the least while something is broken, and why.
func (s *stage) most(t *testing.T, alarm resource) (float64, string) {
	t.Helper()
	period, platform := alarm.Properties["Period"].(float64), s.templates["platform"].Resources
	metric := text(alarm.Properties["Namespace"]) + " " + text(alarm.Properties["MetricName"]) + " " + text(alarm.Properties["Statistic"])
	about := ""
	if dimensions := list(alarm.Properties["Dimensions"]); len(dimensions) == 1 {
		about = id(at(dimensions[0], "Value"))
	}
	switch metric {
	case "AWS/Lambda Errors Sum":
		return s.failures(t, about, period)
	case "AWS/SQS ApproximateNumberOfMessagesVisible Maximum":
		if len(s.sources(about)) > 0 {
			return 1, "a message that could not be delivered or processed"
		}
		return 0, "nothing sends to this queue"
	case "AWS/SQS ApproximateAgeOfOldestMessage Maximum":
		return platform[about].Properties["MessageRetentionPeriod"].(float64), "the retention of messages that are not received"
	case "AWS/States ExecutionsTimedOut Sum":
		var definition struct{ TimeoutSeconds float64 }
		if err := json.Unmarshal([]byte(statemachines.Run), &definition); err != nil {
			t.Fatal(err)
		}
		if definition.TimeoutSeconds == 0 {
			return 0, "by default executions have no timeout"
		}
		return 1, "an execution"
	}
	if text(alarm.Properties["Namespace"]) == contract.MetricNamespace && text(alarm.Properties["Statistic"]) == "Sum" {
		return s.counted(alarm, period)
	}
	return 0, "no rule for " + metric
}

// counted is what sweep counts within a period.
func (s *stage) counted(alarm resource, period float64) (float64, string) {
	if got := text(at(list(alarm.Properties["Dimensions"])[0], "Value")); got != s.config.Stage {
		return 0, "sweep counts for stage " + s.config.Stage + ", not " + got
	}
	switch name := text(alarm.Properties["MetricName"]); name {
	case contract.RepairsMetric:
		return 1, "a repair"
	case contract.UnendedMetric, contract.UnreadableMetric:
		return float64(int(period / s.config.Sweep.Every.Std().Seconds())), "every sweep counts what lasts"
	default:
		return 0, "sweep does not count " + name
	}
}

// failures is how often a function fails within a period of seconds if each of its invocations fails.
func (s *stage) failures(t *testing.T, function string, period float64) (float64, string) {
	t.Helper()
	found := map[string]float64{}
	for _, rule := range s.all("AWS::Events::Rule") {
		if minutes := minutesOf(rule); minutes > 0 && id(at(list(rule.Properties["Targets"])[0], "Arn")) == function {
			found["the schedule "+rule.name()] = period / (60 * minutes)
		}
	}
	for _, mapping := range s.all("AWS::Lambda::EventSourceMapping") {
		if id(mapping.Properties["FunctionName"]) == function {
			queue := s.templates["platform"].Resources[id(mapping.Properties["EventSourceArn"])]
			receives := 1 + float64(int(period/queue.Properties["VisibilityTimeout"].(float64)))
			found["a message in "+queue.name()] = min(receives, at(queue.Properties, "RedrivePolicy", "maxReceiveCount").(float64))
		}
	}
	for state, attempts := range s.attempts(t, function) {
		found["runs in state "+state] = attempts
	}
	if len(found) == 0 {
		return period / 60, "a call a minute by people and programs"
	}
	best := slices.MaxFunc(slices.Sorted(maps.Keys(found)), func(a, b string) int { return int(1000 * (found[a] - found[b])) })
	return found[best], best
}

// attempts are the failures of a function in each state that invokes it: each active run makes as many as the state retries
// InternalError, which is what every unclassified error is called. They come within a minute. A state that is not throttled
// by EMR must ring for a single run.
func (s *stage) attempts(t *testing.T, function string) map[string]float64 {
	t.Helper()
	var definition struct {
		States map[string]struct {
			Parameters struct{ FunctionName string }
			Retry      []struct {
				ErrorEquals []string
				MaxAttempts float64
			}
		}
	}
	if err := json.Unmarshal([]byte(statemachines.Run), &definition); err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	name := strings.TrimPrefix(s.templates["platform"].Resources[function].name(), s.config.Name(""))
	for state, d := range definition.States {
		if strings.ToLower(strings.Trim(d.Parameters.FunctionName, "${}")) != name+"function" {
			continue
		}
		runs := float64(s.config.Limits.MaxActive)
		if state == "FinishRun" {
			runs = 1
		}
		for _, r := range d.Retry {
			if slices.Contains(r.ErrorEquals, "InternalError") {
				found[state] = runs * (1 + r.MaxAttempts)
			}
		}
	}
	return found
}

// sources are the resources that send what they cannot deliver to a queue.
func (s *stage) sources(queue string) []string {
	var found []string
	for stack, template := range s.templates {
		for id, r := range template.Resources {
			data, err := json.Marshal([]any{r.Properties["RedrivePolicy"], r.Properties["Targets"]})
			if err == nil && strings.Contains(string(data), queue) {
				found = append(found, stack+" "+id)
			}
		}
	}
	return found
}
