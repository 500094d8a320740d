package localemr_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
)

// admin calls the admin API and returns the status.
func (st *stand) admin(method, path string, in, out any) int {
	st.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		st.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(st.t.Context(), method, st.http.URL+"/_localemr/"+path, bytes.NewReader(body))
	if err != nil {
		st.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		st.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			st.t.Fatal(err)
		}
	}
	return res.StatusCode
}

func TestAdminCallsAndHealth(t *testing.T) {
	t.Parallel()
	st := begin(t)
	id := st.run(request("counted"))
	st.cluster(id)
	st.admin("POST", "calls/reset", nil, nil)
	st.steps(id)
	var calls localemr.Calls
	st.admin("GET", "calls", nil, &calls)
	want := localemr.Calls{
		Total:      map[string]int{"RunJobFlow": 1, "DescribeCluster": 1, "ListSteps": 1},
		SinceReset: map[string]int{"ListSteps": 1}, Refused: map[string]int{},
		ByCluster: map[string]map[string]int{id: {"ListSteps": 1}},
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	var health localemr.Health
	if code := st.admin("GET", "health", nil, &health); code != http.StatusOK || health.Status != "ok" || len(health.Clusters) != 1 {
		t.Errorf("health: %d %+v", code, health)
	}
	st.admin("PUT", "faults", []localemr.Fault{{Kind: "listOmits"}}, nil)
	var clusters []localemr.Overview
	st.admin("GET", "clusters", nil, &clusters)
	if len(clusters) != 1 || clusters[0].ID != id || clusters[0].Name != "counted" || clusters[0].State == "" {
		t.Errorf("clusters: %+v", clusters)
	}
}

func TestAdminSettings(t *testing.T) {
	t.Parallel()
	st := begin(t)
	var got localemr.Settings
	st.admin("PUT", "settings", map[string]any{"provision": "1m", "seed": 9}, &got)
	want := st.cfg.Settings
	want.Provision, want.Seed = localemr.Duration(time.Minute), 9
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	for name, wrong := range map[string]any{
		"negative": map[string]any{"jitter": "-1s"}, "unknown": map[string]any{"colour": "red"}, "no duration": map[string]any{"bootstrap": "soon"},
	} {
		var refusal struct{ Error string }
		if code := st.admin("PUT", "settings", wrong, &refusal); code != http.StatusBadRequest || refusal.Error == "" {
			t.Errorf("%s: %d %+v", name, code, refusal)
		}
	}
	var after localemr.Settings
	st.admin("GET", "settings", nil, &after)
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("a refused request changed settings (-want +got):\n%s", diff)
	}
}

func TestAdminFaults(t *testing.T) {
	t.Parallel()
	st := begin(t)
	list := func(method string, in any) []localemr.Fault {
		var got []localemr.Fault
		if code := st.admin(method, "faults", in, &got); code != http.StatusOK {
			t.Errorf("%s: %d", method, code)
		}
		return got
	}
	a, b := localemr.Fault{Kind: "eventLost"}, localemr.Fault{Kind: "throttle", Op: "ListSteps", Count: 3}
	if diff := cmp.Diff([]localemr.Fault{a}, list("POST", []localemr.Fault{a})); diff != "" {
		t.Errorf("POST (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]localemr.Fault{a, b}, list("POST", []localemr.Fault{b})); diff != "" {
		t.Errorf("POST (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]localemr.Fault{b}, list("PUT", []localemr.Fault{b})); diff != "" {
		t.Errorf("PUT (-want +got):\n%s", diff)
	}
	if got := list("DELETE", nil); len(got) != 0 {
		t.Errorf("DELETE left %+v", got)
	}
	for name, wrong := range map[string]localemr.Fault{
		"kind": {Kind: "gremlin"}, "glob": {Kind: "throttle", Op: "["}, "chance": {Kind: "throttle", Chance: 2},
		"capacity by chance": {Kind: "capacity", Chance: 0.5},
	} {
		var refusal struct{ Error string }
		if code := st.admin("PUT", "faults", []localemr.Fault{wrong}, &refusal); code != http.StatusBadRequest || !strings.HasPrefix(refusal.Error, "check fault") {
			t.Errorf("%s: %d %+v", name, code, refusal)
		}
	}
}
