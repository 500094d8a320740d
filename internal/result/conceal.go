package result

import (
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// ConcealLines returns lines in which the values of sensitive params are hidden.
func ConcealLines(lines []string, secrets map[string]string) []string {
	if len(secrets) == 0 {
		return lines
	}
	var shown []string
	for _, line := range lines {
		shown = append(shown, pipeline.HideValues(line, secrets))
	}
	return shown
}

// Conceal returns findings in which the values of sensitive params are hidden: a check may
// expect them, and samples are rows of data.
func Conceal(findings []job.Finding, secrets map[string]string) []job.Finding {
	if len(secrets) == 0 {
		return findings
	}
	for i := range findings {
		f := &findings[i]
		f.Dataset, f.Expect, f.Found = pipeline.HideValues(f.Dataset, secrets), pipeline.HideValues(f.Expect, secrets), pipeline.HideValues(f.Found, secrets)
		for n := range f.Samples {
			for name, value := range f.Samples[n].Values {
				f.Samples[n].Values[name] = pipeline.HideValues(value, secrets)
			}
			f.Samples[n].File = pipeline.HideValues(f.Samples[n].File, secrets)
		}
	}
	return findings
}

// ConcealTables returns tables in whose names and columns the values of sensitive params are hidden.
func ConcealTables(tables []job.Table, secrets map[string]string) []job.Table {
	if len(secrets) == 0 {
		return tables
	}
	for i := range tables {
		t := &tables[i]
		t.Name = pipeline.HideValues(t.Name, secrets)
		for c := range t.Columns {
			t.Columns[c].Name, t.Columns[c].Type = pipeline.HideValues(t.Columns[c].Name, secrets), pipeline.HideValues(t.Columns[c].Type, secrets)
		}
	}
	return tables
}
