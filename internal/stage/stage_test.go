package stage_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/simulation"
	"ephemr/internal/stage"
)

// Settings survive encoding and decoding, and an error lists everything that is
// missing.
func TestParse(t *testing.T) {
	t.Parallel()
	var want stage.Settings
	synctest.Test(t, func(*testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		want = w.Settings
	})
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := stage.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for text, parts := range map[string][]string{
		"":   {"is empty"},
		"{":  {"read settings"},
		`{}`: {"stage is missing", "runsTable is missing", "logsBucket is missing", "maxActive", "deadline"},
	} {
		_, err := stage.Parse(text)
		for _, p := range parts {
			if err == nil || !strings.Contains(err.Error(), p) {
				t.Errorf("%q: %v, want %q", text, err, p)
			}
		}
	}
}

// Every function that Settings names is listed, once, and unset ones are not.
func TestFunctionNames(t *testing.T) {
	t.Parallel()
	if got := (stage.Functions{}).Names(); len(got) > 0 {
		t.Errorf("without functions: %q", got)
	}
	var f stage.Functions
	var want []string
	for field, value := range reflect.ValueOf(&f).Elem().Fields() {
		value.SetString("ephemr-dev-" + field.Name)
		want = append(want, value.String())
		if key := field.Tag.Get("json"); !strings.EqualFold(key, field.Name) || !strings.HasSuffix(key, "Function") {
			t.Errorf("field %s has key %q", field.Name, key)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, f.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}
