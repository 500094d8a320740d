package result_test

import (
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/result"
)

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
