package pipeline_test

import (
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// typed returns a pipeline with params of every kind and one argument.
func typed(arg string) pipeline.Spec {
	return pipeline.Spec{
		Name: "demo", Cluster: pipeline.Cluster{Profile: "small"},
		Params: map[string]pipeline.Param{
			"n": {Default: new("3")}, "size": {Allowed: []string{"5", "10"}}, "flag": {Default: new("false")}, "country": {Default: new("pt")}, "free": {},
		},
		Jobs: []pipeline.Job{
			{Name: "a", Type: job.Bash, Source: "a"},
			{Name: "b", Type: job.Bash, Source: "a", Needs: []string{"a"}, Args: []string{arg}},
		},
	}
}

// TestTypesOfTemplates: what would fail, or print something else than meant, in
// every run is reported when the pipeline is applied.
func TestTypesOfTemplates(t *testing.T) {
	t.Parallel()
	tests := []struct{ arg, want string }{
		{`{{date "%Y/%q" .LogicalDate}}`, "%q is not supported"},
		{`{{date "YYYY-MM-DD" .LogicalDate}}`, "DD is the day of the year"},
		{`{{.LogicalTime | date "2006-W02"}}`, "letters directly beside an element"},
		{`{{date .LogicalDate "2006-01-02"}}`, "date takes the layout first, and .LogicalDate is a date"},
		{`{{date (addDays 1 .LogicalDate) "yyyy"}}`, "the value comes last"},
		{`{{date "2006" "yesterday"}}`, `invalid date or time "yesterday"`},
		{`{{date 2006 .LogicalDate}}`, `date takes text, and 2006 is a number; write "2006"`},
		{`{{replace .LogicalDate "-" ""}}`, `which is the literal ""; the value comes last`},
		{`{{trimSuffix .Params.free ".csv"}}`, `the value comes last, as in {{trimSuffix ".csv" .Trigger.Key}}`},
		{`{{default .Params.free "none"}}`, "the value comes last"},
		{`{{addDays .LogicalDate -1}}`, "addDays takes a number, and .LogicalDate is text"},
		{`{{addDays .Params.n .LogicalDate}}`, "addDays takes a number, and .Params.n is text; write (int .Params.n)"},
		{`{{addDays 1.5 .LogicalDate}}`, "addDays takes a whole number, not 1.5"},
		{`{{addDays "1" .LogicalDate}}`, "addDays takes a number first, not the text"},
		{`{{addDays (int .Params.country) .LogicalDate}}`, `int: "pt" is not a whole number`},
		{`{{eq .Params.n 3}}`, `eq compares text with a number; write "3"`},
		{`{{if ne 3 .Params.n}}x{{end}}`, `write "3"`},
		{`{{eq (len .Params.n) .Params.n}}`, "convert one, as in (int .Params.n)"},
		{`{{if lt .Params.n "10"}}x{{end}}`, "lt compares .Params.n as text"},
		{`{{if gt .Params.free "10"}}x{{end}}`, `gt compares "10" as text`},
		{`{{if le .Params.size .Params.free}}x{{end}}`, "le compares .Params.size as text"},
		{`{{if ge .Params.free 10}}x{{end}}`, `ge compares text with a number`},
		{`{{lt true .Params.free}}`, "which is true or false"},
		{`{{upper 5}}`, `upper takes text, and 5 is a number; write "5"`},
		{`{{lower (len .Stage)}}`, "lower takes text, and (len .Stage) is a number"},
		{`{{base true}}`, "base takes text, and true is true or false"},
		{`{{printf "%d" .Params.n}}`, "verbs and values do not agree"},
		{`{{printf "%s"}}`, "verbs and values do not agree"},
		{`{{printf "%s" .Stage .RunID}}`, "verbs and values do not agree"},
		{`{{printf "%s" 5}}`, "verbs and values do not agree"},
		{`{{printf "%03d%" 5}}`, "verbs and values do not agree"},
		{`{{printf "%y" .Stage}}`, "verbs and values do not agree"},
		{`{{if .Params.flag}}x{{end}}`, `the text "false" counts as true in a condition; write (eq .Params.flag "true")`},
		{`{{if not .Params.flag}}x{{end}}`, `counts as true`},
		{`{{if and .Params.flag (eq .Stage "x")}}x{{end}}`, `counts as true`},
		{`{{if index .Params "flag"}}x{{end}}`, `counts as true`},
		{`{{output "a" 1}}`, "output takes text"},

		{`{{date "%Y/%m" .LogicalDate}} {{date "yyyy/MM" .LogicalTime}} {{date "2006" (addDays -1 .LogicalDate)}} {{date .Params.free .LogicalDate}}`, ""},
		{`{{addDays (int .Params.n) .LogicalDate}} {{addDays (int (output "a" "n")) .LogicalDate}} {{addDays -7 .Params.free}}`, ""},
		{`{{eq .Params.n "3"}} {{if lt (int .Params.n) 10}}x{{end}} {{if lt .LogicalDate "2026-12-01"}}x{{end}} {{gt (len .Stage) 2}}`, ""},
		{`{{printf "%s-%03d %% %v" .Stage (int .Params.n) .RunID}} {{printf .Params.free 1}}`, ""},
		{`{{if .Params.country}}x{{end}} {{if eq .Params.flag "true"}}x{{end}} {{with .Params.free}}{{.}}{{end}}`, ""},
		{`{{index .Trigger "Key" | default "none" | replace "-" ""}} {{with $x := .Stage}}{{upper $x}}{{end}}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.arg, func(t *testing.T) {
			t.Parallel()
			err := typed(tt.arg).Validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), "jobs[1].args[0]: ") || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error: %v\nwant: jobs[1].args[0]: … %s", err, tt.want)
			}
		})
	}
}

// TestTypesAtRunTime: what depends on the run's values is an error then, not
// another text.
func TestTypesAtRunTime(t *testing.T) {
	t.Parallel()
	values := context
	values.Params = map[string]string{"a": "9", "b": "10", "format": "%d", "layout": "YYYY-MM-DD", "odd": "%!d(string=x)", "early": "2026-11-29", "x": "x"}
	tests := []struct{ arg, want, fault string }{
		{arg: `{{lt .Params.a .Params.b}}`, fault: `compares the numbers "9" and "10" as text`},
		{arg: `{{lt (int .Params.a) (int .Params.b)}}`, want: "true"},
		{arg: `{{lt .Params.early .LogicalTime}} {{ge .LogicalDate "2026-11-30"}}`, want: "true true"},
		{arg: `{{printf .Params.format .Params.a}}`, fault: "verbs and values do not agree"},
		{arg: `{{printf "%s %d%%" .Params.odd 5}}`, want: "%!d(string=x) 5%"},
		{arg: `{{date .Params.layout .LogicalDate}}`, fault: "DD is the day of the year"},
		{arg: `{{int .Params.x}}`, fault: `"x" is not a whole number`},
		{arg: `{{dir .Trigger.Object}} {{dir "s3://b"}} {{dir "a/b"}}`, want: "s3://raw/in coming s3://b a"},
		{arg: `{{date "%G-W%V" "2027-01-02"}}`, want: "2026-W53"},
	}
	for _, tt := range tests {
		t.Run(tt.arg, func(t *testing.T) {
			t.Parallel()
			j, err := one(tt.arg).RenderJob("a", values)
			switch {
			case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
				t.Errorf("error %v, want %q", err, tt.fault)
			case tt.fault == "" && (err != nil || j.Args[0] != tt.want):
				t.Errorf("got %q, %v, want %q", j.Args, err, tt.want)
			}
		})
	}
}

// TestLiteralTemplates: a template where none is evaluated is reported.
func TestLiteralTemplates(t *testing.T) {
	t.Parallel()
	const day = "{{.LogicalDate}}"
	s := pipeline.Spec{
		Name: "demo", Owner: "a@example.com", Description: day, Cluster: pipeline.Cluster{Profile: "small"},
		Triggers: []pipeline.Trigger{{S3: &pipeline.S3Trigger{Bucket: "raw", Prefix: "in/" + day + "/", Suffix: pipeline.Texts{day}}}},
		Params:   map[string]pipeline.Param{"p": {Allowed: []string{day}, Describe: day}},
		Jobs: []pipeline.Job{{
			Name: "a", Type: job.Spark, Source: "a/" + day, Class: day, Entry: day, Include: []string{day},
			Args: []string{day}, Env: map[string]string{"X": day}, Conf: map[string]string{"spark." + day: day},
		}},
		Checks: []job.Check{{Dataset: "s3://b-b/" + day, NotNull: []string{day}, Unique: []string{day}, Columns: map[string]string{day: "string"}}},
	}
	err := s.Validate()
	for _, at := range []string{
		"triggers[0].s3.prefix", "triggers[0].s3.suffix[0]", "params.p.allowed[0]", "jobs[0].source", "jobs[0].class", "jobs[0].entry", "jobs[0].include[0]",
		`jobs[0].conf["spark.{{.LogicalDate}}"]`, "checks[0].notNull[0]", "checks[0].unique[0]", `checks[0].columns["{{.LogicalDate}}"]`,
	} {
		if err == nil || !strings.Contains(err.Error(), at+": ") {
			t.Errorf("%s is not reported: %v", at, err)
		}
	}
	for _, at := range []string{"description", "params.p.description", "jobs[0].args", "jobs[0].env", "checks[0].dataset"} {
		if strings.Contains(err.Error(), at) {
			t.Errorf("%s is reported: %v", at, err)
		}
	}
}
