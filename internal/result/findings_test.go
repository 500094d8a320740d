package result_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/result"
)

// What failed is kept when not all findings fit into a record, and samples are bounded.
func TestFindingsFit(t *testing.T) {
	t.Parallel()
	var all []job.Finding
	for i := range 1000 {
		f := job.Finding{Dataset: "s3://lake/x/", Expect: fmt.Sprintf("%d %s", i, strings.Repeat("e", 1000)), OK: i%100 != 99}
		for range 30 {
			f.Samples = append(f.Samples, job.Sample{File: "a", Row: 1, Values: map[string]string{"a": strings.Repeat("v", 1000)}})
		}
		all = append(all, f)
	}
	got := result.Findings(all)
	if text, err := json.Marshal(got); err != nil || len(text) > 250<<10 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	failed := 0
	for _, f := range got {
		if f.Failed() {
			failed++
		}
	}
	if failed != 10 || len(got) < 100 || len(got[0].Samples) > job.MaxSamples {
		t.Errorf("%d of %d failed", failed, len(got))
	}
}

// Values of sensitive params are hidden, also in rows of data.
func TestConceal(t *testing.T) {
	t.Parallel()
	got := result.Conceal([]job.Finding{{
		Expect: "column a is one of hunter2", Found: "1 of 2 rows are not",
		Samples: []job.Sample{{File: "dt=hunter2/a", Values: map[string]string{"a": "my hunter2"}}},
	}}, map[string]string{"password": "hunter2"})
	if text := fmt.Sprint(got); strings.Contains(text, "hunter2") || !strings.Contains(text, "my ***") {
		t.Error(text)
	}
}
