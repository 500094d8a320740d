package run_test

import (
	"testing"
	"time"

	"ephemr/internal/run"
)

// A key names a run of a pipeline if it has its id, and not if it has that of another
// pipeline whose name ends alike.
func TestKeyNamesRun(t *testing.T) {
	t.Parallel()
	id := run.ID("orders", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "x")
	for key, want := range map[string]bool{
		id: true, "in/" + id: true, "in/run=" + id + "/part-0": true, "in/a_" + id + ".csv": true, "in/" + id + ".1/x": true,
		"in/my-" + id: false, "in/x" + id: false, "in/" + id[:len(id)-1]: false, "in/orders": false, "": false,
		"in/my-" + id + "/" + id: true, "in/orders-2026/" + id[7:]: false,
	} {
		if got := run.Names(key, "orders"); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
}
