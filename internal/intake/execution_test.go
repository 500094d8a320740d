package intake_test

import (
	"encoding/json"
	"testing"
	"time"

	"ephemr/internal/intake"
)

// Whatever the input of a manual execution, its run has one id for all callers,
// and one that Step Functions and EMR take as a name.
func FuzzExecution(f *testing.F) {
	for _, s := range []string{
		`{"pipeline":"one"}`, `{"runId":"one-20260102T0304-00000000"}`, `{}`, `null`, `[]`, `"x"`, `{"pipeline":"one","logicalDate":"2026-01-02"}`,
		`{"pipeline":"one","logicalTime":"9999-12-31"}`, `{"pipeline":"../x"}`, `{"pipeline":1}`, `{"x":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		e := intake.Execution{Execution: "arn:x", Name: "x", StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Input: json.RawMessage(input)}
		id := e.RunID()
		if id == "" || id != e.RunID() {
			t.Errorf("%q has the ids %q and %q", input, id, e.RunID())
		}
		var m struct{ RunID string }
		if json.Unmarshal(input, &m) == nil && m.RunID != "" {
			return // admission's own
		}
		if len(id) > 80 {
			t.Errorf("%q has the id %q", input, id)
		}
	})
}
