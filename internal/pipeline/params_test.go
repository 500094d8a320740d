package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

var noon = at(time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC))

// at is what a param's default can refer to, for a run of a pipeline without triggers.
func at(logical time.Time) pipeline.Context {
	return pipeline.Spec{}.OccasionOf(logical, false).Context(logical)
}

// TestTemplateAsDefault: a default may depend on the run's date, and on nothing
// that is not known then.
func TestTemplateAsDefault(t *testing.T) {
	t.Parallel()
	s := typed("x")
	s.Params = map[string]pipeline.Param{"day": {Default: new("{{addDays -1 .LogicalDate}}")}, "kind": {Default: new("{{date \"2006\" .LogicalTime}}"), Allowed: []string{"2026"}}}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	got, err := s.ResolveParams(nil, noon)
	if diff := cmp.Diff(map[string]string{"day": "2026-11-29", "kind": "2026"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := s.ResolveParams(nil, at(time.Date(2027, time.November, 30, 12, 0, 0, 0, time.UTC))); err == nil || !strings.Contains(err.Error(), `its default "2027" is not allowed`) {
		t.Errorf("default that is not allowed: %v", err)
	}
	for _, bad := range []string{"{{.Params.day}}", "{{.Trigger.Key}}", `{{output "a" "b"}}`, "{{.LogicalDay}}", `{{date "YYYY" .LogicalDate}}`} {
		s.Params = map[string]pipeline.Param{"day": {Default: new(bad)}}
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "params.day.default: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestResolveParams(t *testing.T) {
	t.Parallel()
	s := pipeline.Spec{Name: "demo", Params: map[string]pipeline.Param{
		"country": {Default: new("pt"), Allowed: []string{"pt", "es"}},
		"day":     {},
		"empty":   {Default: new("")},
	}}
	tests := []struct {
		name  string
		given map[string]string
		want  map[string]string
		fault string // all of the error
	}{
		{name: "defaults", given: map[string]string{"day": "1"}, want: map[string]string{"country": "pt", "day": "1", "empty": ""}},
		{name: "given", given: map[string]string{"day": "", "country": "es", "empty": "x"}, want: map[string]string{"country": "es", "day": "", "empty": "x"}},
		{name: "missing", fault: "pipeline demo: param day: required; give it a value"},
		{
			name: "all faults at once", given: map[string]string{"country": "fr", "dya": "1"},
			fault: "pipeline demo: param country: \"fr\" is not allowed; use one of [\"pt\" \"es\"]\n" +
				"pipeline demo: param day: required; give it a value\n" +
				"pipeline demo: param dya: not declared by the pipeline; did you mean day?",
		},
		{
			name: "too long", given: map[string]string{"day": strings.Repeat("x", 20_000)},
			fault: "pipeline demo: param day: longer than 10240 bytes; write large values to S3 and pass their address",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.ResolveParams(tt.given, noon)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("params (-want +got):\n%s", diff)
			}
			if fault := text(err); fault != tt.fault {
				t.Errorf("error:\n%s\nwant:\n%s", fault, tt.fault)
			}
		})
	}

	if got, err := (pipeline.Spec{}).ResolveParams(nil, noon); err != nil || len(got) != 0 {
		t.Errorf("without params: %v, %v", got, err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
