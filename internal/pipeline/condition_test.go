package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// What an if may be is checked with the file.
func TestConditionsAreTyped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{{eq .Params.country "pt"}}`:                                      "",
		`{{ eq .Trigger.Kind "s3" }}`:                                      "",
		`{{and (eq .Params.country "pt") (not (eq .Params.mode "full"))}}`: "",
		`{{gt (int .Params.n) 3}}`:                                         "",
		`{{lt .LogicalDate "2026-12-01"}}`:                                 "",
		`{{$d := addDays -1 .LogicalDate}}{{ge $d "2026-12-01"}}`:          "",
		`{{gt (int .Jobs.first.Outputs.rows) 0}}`:                          "",
		`{{eq (output "first" "changed") "yes"}}`:                          "",
		`{{eq .Jobs.first.State "SUCCEEDED"}}`:                             "",
		`{{.Params.dry}}`:                                                  "",
		`true`:                                                             "",
		`false`:                                                            "",
		`{{.Params.country}}`:                                              `.Params.country is text; compare it, like '{{eq .Params.country "pt"}}'`,
		`{{int .Params.n}}`:                                                "is a number; compare it",
		`{{.LogicalDate}}`:                                                 "is a date; compare it",
		`{{index .Jobs.first.Outputs "x"}}`:                                "compare it",
		`{{and .Params.country "pt"}}`:                                     "is a value of unknown type; compare it",
		`yes`:                                                              `"yes" is neither true nor false`,
		`.Params.country == "pt"`:                                          "is neither true nor false; write a template that compares",
		`{{if eq .Params.country "pt"}}true{{else}}false{{end}}`:           "a condition is one comparison, without text or {{if}} around it",
		`{{eq .Params.country "pt"}} && {{eq .Params.mode "x"}}`:           "a condition is one comparison",
		`{{eq .Params.country "pt"}}{{eq .Params.mode "x"}}`:               "this template yields 2",
		`{{$x := "a"}}`:                                                    "this template yields 0",
		`{{eq .Params.contry "pt"}}`:                                       "did you mean country?",
		`{{eq .Params.n 3}}`:                                               `write "3"`,
		`{{lt .Params.n "10"}}`:                                            "9 is greater than 10",
		`{{eq .Jobs.later.State "FAILED"}}`:                                "may not have run yet; add it to needs",
		`{{.Jobs.first.State.x}}`:                                          "is unknown",
		`{{eq .Params.country}}{{`:                                         "unclosed action",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			file := fmt.Sprintf(`pipeline: x
cluster: {profile: small}
params: {country: {}, mode: {default: full}, n: {default: "5"}, dry: {default: "false", allowed: ["true", "false"]}}
jobs:
  - {name: first, type: bash, source: a}
  - {name: a, type: bash, source: a, needs: [first], if: %s}
  - {name: later, type: bash, source: a}`, "'"+strings.ReplaceAll(text, "'", "''")+"'")
			_, err := pipeline.Parse("x.yaml", []byte(file))
			switch {
			case want == "" && err != nil:
				t.Error(err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.yaml:6:")):
				t.Errorf("got %v; want %s in line 6", err, want)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	s := pipeline.Spec{Name: "x", Jobs: []pipeline.Job{
		{Name: "none", Type: job.Bash},
		{Name: "plain", If: "false"},
		{Name: "spaced", If: " {{eq .Params.c \"pt\"}}\n"},
		{Name: "number", If: "{{gt (int .Jobs.a.Outputs.rows) 0}}"},
		{Name: "secret", If: "{{.Params.s}}"},
	}}
	c := pipeline.Context{
		Params: map[string]string{"c": "pt", "s": "hunter2"}, Secrets: map[string]string{"s": "hunter2"},
		Jobs: map[string]pipeline.JobContext{"a": {Outputs: map[string]string{"rows": "many"}}},
	}
	for name, want := range map[string]string{
		"none": "true", "plain": "false", "spaced": "true", "number": `"many" is not a whole number`, "secret": "neither true nor false",
	} {
		holds, err := s.Holds(name, c)
		got := fmt.Sprint(holds)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// The values of a job that will not run in any case need not be there; a condition that
// cannot be filled in is an error of the request.
func TestCheckValuesOfConditions(t *testing.T) {
	t.Parallel()
	s := pipeline.Spec{Name: "x", Params: map[string]pipeline.Param{"n": {}}, Jobs: []pipeline.Job{
		{Name: "a", Type: job.Bash, If: `{{eq .Trigger.Kind "s3"}}`, Args: []string{"{{.Trigger.Key}}"}},
		{Name: "b", Type: job.Bash, If: `{{gt (int .Params.n) 3}}`},
		{Name: "c", Type: job.Bash, If: `{{gt (int (output "a" "rows")) 3}}`, Args: []string{"{{.Params.n}}"}},
	}}
	c := pipeline.Context{Trigger: map[string]string{"Kind": "schedule"}, Params: map[string]string{"n": "4"}}
	if err := s.CheckValues(c); err != nil {
		t.Error(err)
	}
	c.Trigger["Kind"], c.Params["n"] = "s3", "many"
	err := s.CheckValues(c)
	for _, want := range []string{"jobs[a].args[0]: {{.Trigger.Key}}: this run's trigger has no Key", "jobs[b].if: ", `"many" is not a whole number`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
