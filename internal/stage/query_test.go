package stage_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/stage"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	want := stage.Query{Database: "ephemr_dev", Workgroups: map[string]stage.Workgroup{"default": {Name: "ephemr-dev-default", ScanLimit: 10 << 30, Policy: "p"}}}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := stage.ParseQuery(string(data))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, text := range []string{"", "{", `{"database": "d"}`, `{"workgroups": {"default": {}}}`} {
		if _, err := stage.ParseQuery(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
