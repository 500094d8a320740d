package pipeline_test

import (
	"strings"
	"testing"

	"ephemr/internal/pipeline"
)

// What a template inserts into the values of a hive job stays inside a literal of
// Hive; what could not be kept there is refused. Other jobs get it as it is.
func TestValuesInHive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ template, value, want, fault string }{
		"plain":               {`{{.Params.p}}`, "2026-11-01 a/b=c", "2026-11-01 a/b=c", ""},
		"other scripts":       {`{{.Params.p}}`, "São Tomé/日本", "São Tomé/日本", ""},
		"apostrophe":          {`{{.Params.p}}`, `O'Brien.csv`, `O\'Brien.csv`, ""},
		"end of the literal":  {`{{.Params.p}}`, `x' OR '1'='1`, `x\' OR \'1\'=\'1`, ""},
		"double quotes":       {`{{.Params.p}}`, `a"b`, `a\"b`, ""},
		"backslash":           {`{{.Params.p}}`, `a\`, `a\\`, ""},
		"the author's quotes": {`'{{.Params.p}}', '{{upper .Params.p}}'`, `a'b`, `'a\'b', 'A\'B'`, ""},
		"in a branch":         {`{{if eq .Params.p "a'b"}}{{.Params.p}}{{else}}no{{end}}`, `a'b`, `a\'b`, ""},
		"through a variable":  {`{{$x := .Params.p}}{{$x}}`, `a'b`, `a\'b`, ""},
		"a number":            {`{{int .Params.p}}`, "12", "12", ""},
		"semicolon":           {`{{.Params.p}}`, "1; DROP TABLE t", "", "a semicolon or a backtick"},
		"backtick":            {`{{.Params.p}}`, "a`b", "", "a semicolon or a backtick"},
		"line break":          {`{{.Params.p}}`, "1 --\nOR 1", "", "a line break"},
		"variable":            {`{{.Params.p}}`, "${env:SECRET}", "", `contains "${"`},
		"half a variable":     {`{{.Params.p}}{env:SECRET}`, "a$", "", `ends in "$"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := pipeline.Spec{Name: "p", Jobs: []pipeline.Job{
				{Name: "h", Type: "hive", Vars: map[string]string{"v": tt.template}, Args: []string{tt.template}},
				{Name: "b", Type: "bash", Args: []string{tt.template}},
			}, Params: map[string]pipeline.Param{"p": {}}}
			c := pipeline.Context{Params: map[string]string{"p": tt.value}}
			j, err := spec.RenderJob("h", c)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), "jobs[h].vars.v") || !strings.Contains(err.Error(), tt.fault) {
					t.Fatalf("rendered %q, %v", j.Vars, err)
				}
				return
			}
			if err != nil || j.Vars["v"] != tt.want || j.Args[0] != tt.want {
				t.Errorf("rendered %q and %q, %v; want %q", j.Vars, j.Args, err, tt.want)
			}
			if b, err := spec.RenderJob("b", c); err != nil || strings.Contains(b.Args[0], `\'`) {
				t.Errorf("bash gets %q, %v", b.Args, err)
			}
		})
	}
}
