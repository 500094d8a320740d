package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// What a run waits for is in the lake; other addresses reject the request.
func TestRenderWaitFor(t *testing.T) {
	t.Parallel()
	c := pipeline.Context{LogicalDate: "2026-11-30", Params: map[string]string{"x": "y"}, Lake: map[string]string{"raw": "s3://b-raw", "curated": "s3://b-curated"}}
	for text, want := range map[string]string{
		"{{.Lake.raw}}/in/dt={{.LogicalDate}}/_SUCCESS": "s3://b-raw/in/dt=2026-11-30/_SUCCESS",
		"{{.Lake.curated}}/{{.Params.x}}/":              "s3://b-curated/y/",
		"s3://b-raw/in/a b/ä":                           "s3://b-raw/in/a b/ä",
		"s3://b-rawer/in/":                              "s3://b-rawer/in/ is not in a zone of the lake; write {{.Lake.<zone>}}/… with one of curated, raw",
		"{{.Lake.raw}}":                                 "invalid address",
		"{{.Lake.raw}}/*.csv":                           "contains a pattern",
		"{{.Trigger.Key}}":                              "this run's trigger has no Key",
	} {
		s := pipeline.Spec{Name: "x", WaitFor: &pipeline.WaitFor{Objects: []string{text}}, Jobs: []pipeline.Job{{Name: "a", Type: job.Bash}}}
		got, err := s.RenderWaitFor(c)
		if good := strings.HasPrefix(want, "s3://b-raw/") || strings.HasPrefix(want, "s3://b-curated/"); good {
			if diff := cmp.Diff([]string{want}, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got)\n%s", text, err, diff)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if checked := s.CheckValues(c); (checked == nil) != (err == nil) {
			t.Errorf("%s: CheckValues says %v", text, checked)
		}
	}
}

// A single object needs no brackets.
func TestOneObject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"s3://bkt/x": 1, "[s3://bkt/x]": 1, "[s3://bkt/x, s3://bkt/y/]": 2} {
		s, err := pipeline.Parse("x.yaml", []byte("pipeline: x\ncluster: {profile: small}\nwaitFor: {objects: "+text+", timeout: 4h}\njobs: [{name: a, type: bash, source: a}]"))
		if err != nil || len(s.WaitFor.Objects) != want {
			t.Errorf("%s: %+v, %v", text, s.WaitFor, err)
		}
	}
}
