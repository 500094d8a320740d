package chaos_test

import (
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
	"ephemr/internal/proof/chaos"
	"ephemr/internal/proof/chaos/evidence"
)

// The same seed gives the same requests, and no two requests are equal.
func TestRequests(t *testing.T) {
	t.Parallel()
	all := chaos.Requests(300, 1)
	if diff := cmp.Diff(all, chaos.Requests(300, 1)); diff != "" {
		t.Errorf("the same seed gives other requests:\n%s", diff)
	}
	ids, kinds := map[string]bool{}, map[evidence.Kind]int{}
	for _, a := range all {
		if ids[a.ID] {
			t.Errorf("%s is there twice", a.ID)
		}
		ids[a.ID] = true
		kinds[a.Kind]++
	}
	for _, kind := range []evidence.Kind{evidence.ByQueue, evidence.ByUpload, evidence.ByEvent, evidence.Manual} {
		if kinds[kind] < 10 {
			t.Errorf("only %d of kind %s", kinds[kind], kind)
		}
	}
	if kinds[evidence.Invalid] != 15 || len(all) != 315 {
		t.Errorf("%d requests, %d of them invalid; want 315 and 15", len(all), kinds[evidence.Invalid])
	}
}

// localemr must know every fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	all := chaos.Faults(nil)
	s, err := localemr.New(localemr.Config{Data: t.TempDir(), Faults: all})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := chaos.Faults([]string{"none"}); len(got) != 0 {
		t.Errorf("faults of no kind: %v", got)
	}
	for _, f := range all {
		if f.Kind != "eventLost" {
			continue
		}
		for _, id := range []string{"solo-20260102T0304-00000001", "solo-20260102T0304-0000000a", "solo-20260102T0304-00000013"} {
			lost, err := path.Match(f.Cluster, id+".1")
			if err != nil || lost != chaos.LosesEvents(id) {
				t.Errorf("events of %s lost: %t, %v; want %t", id, lost, err, chaos.LosesEvents(id))
			}
		}
	}
}
