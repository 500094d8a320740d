package stacks_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
	"ephemr/internal/profile"
	contract "ephemr/internal/stage"
	"ephemr/statemachines"
)

func TestFunctions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		platform := s.templates["platform"].Resources
		roles, groups := map[string]bool{}, map[string]bool{}
		functions := s.all("AWS::Lambda::Function")
		for _, fn := range functions {
			short := strings.TrimPrefix(fn.name(), s.config.Name(""))
			roles[id(fn.Properties["Role"])] = true
			group := platform[id(at(fn.Properties, "LoggingConfig", "LogGroup"))]
			groups[text(group.Properties["LogGroupName"])] = true
			if got, want := text(group.Properties["LogGroupName"]), s.config.LogGroup("functions/"+short); got != want {
				t.Errorf("%s logs to %s, want %s", fn.name(), got, want)
			}
			if group.Properties["RetentionInDays"] != float64(s.config.Logs.Days) {
				t.Errorf("%s keeps logs for %v days", fn.name(), group.Properties["RetentionInDays"])
			}
			if !s.alarmed("Errors", fn.name(), "FunctionName") {
				t.Errorf("no alarm for errors of %s", fn.name())
			}
			if got := texts(fn.Properties["Architectures"]); s.config.FunctionArchitecture == config.Arm64 && !slices.Equal(got, []string{"arm64"}) {
				t.Errorf("%s runs on %v", fn.name(), got)
			}
			if (at(fn.Properties, "TracingConfig", "Mode") == "Active") != s.config.Tracing {
				t.Errorf("%s is traced: %v", fn.name(), fn.Properties["TracingConfig"])
			}
		}
		if len(roles) != len(functions) || len(groups) != len(functions) {
			t.Errorf("%d functions share %d roles and %d log groups", len(functions), len(roles), len(groups))
		}
	})
}

// alarmed reports whether an alarm monitors metric of the resource named name.
func (s *stage) alarmed(metric, name, dimension string) bool {
	return slices.ContainsFunc(s.all("AWS::CloudWatch::Alarm"), func(alarm resource) bool {
		d := list(alarm.Properties["Dimensions"])
		return alarm.Properties["MetricName"] == metric && alarm.Properties["AlarmActions"] != nil && len(d) == 1 &&
			at(d[0], "Name") == dimension && s.templates["platform"].Resources[id(at(d[0], "Value"))].name() == name
	})
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, queue := range s.all("AWS::SQS::Queue") {
			if strings.HasSuffix(queue.name(), "-dlq") && !s.alarmed("ApproximateNumberOfMessagesVisible", queue.name(), "QueueName") {
				t.Errorf("no alarm for messages in %s", queue.name())
			}
		}
		for _, metric := range []string{"Repairs", "ExecutionsTimedOut"} {
			if !slices.ContainsFunc(s.all("AWS::CloudWatch::Alarm"), func(a resource) bool { return a.Properties["MetricName"] == metric }) {
				t.Errorf("no alarm for %s", metric)
			}
		}
		for _, alarm := range s.all("AWS::CloudWatch::Alarm") {
			if alarm.Properties["Metrics"] != nil {
				t.Errorf("%s uses metric math, which the emulator does not support", alarm.name())
			}
		}
	})
}

var placeholder = regexp.MustCompile(`\$\{(\w+)\}`)

// Functions and placeholders of the workflow have the same names; internal/control
// compares them with the folders of functions/ and with the handlers.
func TestNamesAgree(t *testing.T) {
	t.Parallel()
	var asked []string
	for _, m := range placeholder.FindAllStringSubmatch(statemachines.Run, -1) {
		asked = append(asked, m[1])
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	each(t, func(t *testing.T, s *stage) {
		var names, want []string
		for _, fn := range s.all("AWS::Lambda::Function") {
			names = append(names, fn.name())
		}
		for _, folder := range folders() {
			want = append(want, s.config.Name(folder))
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("functions (-want +got):\n%s", diff)
		}
		given := map[string]string{}
		for _, machine := range s.all("AWS::StepFunctions::StateMachine") {
			for key, value := range machine.Properties["DefinitionSubstitutions"].(map[string]any) {
				given[key] = s.templates["platform"].Resources[id(value)].name()
			}
		}
		wanted := map[string]string{}
		for _, name := range asked {
			wanted[name] = s.config.Name(strings.ToLower(strings.TrimSuffix(name, "Function")))
		}
		if diff := cmp.Diff(wanted, given); diff != "" {
			t.Errorf("placeholders of run.asl.json (-want +got):\n%s", diff)
		}
	})
}

// A function must end before its state times out; later its result is ignored.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	var definition struct {
		States map[string]struct {
			TimeoutSeconds float64
			Parameters     struct{ FunctionName string }
		}
	}
	if err := json.Unmarshal([]byte(statemachines.Run), &definition); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, s *stage) {
		for _, fn := range s.all("AWS::Lambda::Function") {
			for name, state := range definition.States {
				folder := s.config.Name(strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(state.Parameters.FunctionName, "${"), "Function}")))
				if folder == fn.name() && fn.Properties["Timeout"].(float64) >= state.TimeoutSeconds {
					t.Errorf("%s may take %v s, state %s %v s", fn.name(), fn.Properties["Timeout"], name, state.TimeoutSeconds)
				}
			}
		}
	})
}

// Functions and CLI read the same complete settings. Only the CLI gets the version:
// functions would change with every commit.
func TestSettings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		var value string
		for _, parameter := range s.all("AWS::SSM::Parameter") {
			if parameter.name() == contract.ParameterName(s.config.Stage) {
				value = text(parameter.Properties["Value"])
			}
		}
		settings, err := contract.Parse(value)
		if err != nil {
			t.Fatal(err)
		}
		v := reflect.ValueOf(settings)
		absent := map[string]bool{"Access": len(s.config.Access.Users) == 0, "Vars": len(s.config.Vars) == 0, "Sources": len(s.config.Sources) == 0, "Costs": reflect.ValueOf(s.config.Costs).IsZero(), "Secrets": len(s.config.Secrets) == 0, "Notices": len(s.config.Notices.Destinations()) == 0, "Lineage": s.config.Lineage == contract.Lineage{}, "Network": s.config.Network == nil, "UserInstances": len(s.config.Access.Users) == 0, "SecurityConfig": s.config.CoarseRights}
		for _, field := range reflect.VisibleFields(v.Type()) {
			if v.FieldByIndex(field.Index).IsZero() && !absent[field.Name] {
				t.Errorf("settings have no %s", field.Name)
			}
		}
		without := strings.Replace(value, `,"version":"v1.2.3"`, "", 1)
		for _, fn := range s.all("AWS::Lambda::Function") {
			if got := text(at(fn.Properties, "Environment", "Variables", contract.Variable)); got != without {
				t.Errorf("%s has other settings:\n%s", fn.name(), cmp.Diff(without, got))
			}
		}
	})
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		values := map[string]string{}
		for _, parameter := range s.all("AWS::SSM::Parameter") {
			values[parameter.name()] = text(parameter.Properties["Value"])
		}
		for name, want := range s.config.Shapes {
			got, err := profile.Parse(name, values[contract.ProfileParameter(s.config.Stage, name)])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("profile %s (-want +got):\n%s", name, diff)
			}
		}
	})
}
