package pipeline_test

import (
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/runner/quality"
)

// TestChecksAgreeWithQuality holds the rules here to what the checker on the
// cluster takes, which is too heavy for the functions that validate.
func TestChecksAgreeWithQuality(t *testing.T) {
	t.Parallel()
	var checks []job.Check
	for _, typ := range append([]string{"decimal(10,2)", "varchar(20)", "numeric(5)", "blob", "", "int32"}, pipeline.ColumnTypes...) {
		checks = append(checks, job.Check{Columns: map[string]string{"c": typ}})
	}
	for _, rows := range []string{">= 1000", ">1", "<= 1_000", "< 5", "= 5", "== 5", "!= 0", " > 1 ", "5", "=> 5", "> -1", "> 1.5", "> _1", "about 5"} {
		checks = append(checks, job.Check{Rows: rows})
	}
	for _, age := range []string{"24h", "90m", "1h30m", "0h", "-1h", "1d", "24"} {
		checks = append(checks, job.Check{Freshness: age})
	}
	for _, c := range checks {
		c.Dataset = "s3://lake/x/"
		s := pipeline.Spec{
			Name: "demo", Cluster: pipeline.Cluster{Profile: "small"}, Checks: []job.Check{c},
			Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Source: "a"}},
		}
		ours, theirs := s.Validate(), quality.Validate(c)
		if (ours == nil) != (theirs == nil) {
			t.Errorf("%s: pipeline says %v, quality says %v", strings.TrimSpace(c.Rows), ours, theirs)
		}
	}
	for _, dataset := range []string{"s3://lake/x/", "s3://lake", "s3://lake/", "lake/x", "s3:///x", "s3://", "/tmp/x"} {
		s := pipeline.Spec{
			Name: "demo", Cluster: pipeline.Cluster{Profile: "small"}, Checks: []job.Check{{Dataset: dataset, Rows: "> 0"}},
			Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Source: "a"}},
		}
		if ours, theirs := s.Validate(), quality.Validate(s.Checks[0]); (ours == nil) != (theirs == nil) {
			t.Errorf("%s: pipeline says %v, quality says %v", dataset, ours, theirs)
		}
	}
}
