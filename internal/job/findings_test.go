package job_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/job"
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
	got := job.FitFindings(all)
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
