package acceptance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The smallest DAG: outputs of two jobs are the arguments of a third.
func TestAddition(t *testing.T) {
	t.Parallel()
	w.ephemr(t, "apply", "pipelines/addition.yaml")
	id := w.ephemr(t, "start", "addition", "--param", "first=19", "--param", "second=-61")
	rec := w.good(t, strings.TrimSpace(id))
	got := map[string]string{}
	for _, j := range rec.Jobs {
		for key, value := range j.Outputs {
			got[j.Name+"."+key] = value
		}
	}
	if diff := cmp.Diff(map[string]string{"left.number": "19", "right.number": "-61", "sum.sum": "-42"}, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}
