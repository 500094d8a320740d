package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

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
			got, err := s.ResolveParams(tt.given)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("params (-want +got):\n%s", diff)
			}
			if fault := text(err); fault != tt.fault {
				t.Errorf("error:\n%s\nwant:\n%s", fault, tt.fault)
			}
		})
	}

	if got, err := (pipeline.Spec{}).ResolveParams(nil); err != nil || len(got) != 0 {
		t.Errorf("without params: %v, %v", got, err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
