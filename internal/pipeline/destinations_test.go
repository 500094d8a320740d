package pipeline_test

import (
	"strings"
	"testing"

	"ephemr/internal/pipeline"
)

// A destination that the stage does not have is refused, with its place.
func TestDestinations(t *testing.T) {
	t.Parallel()
	const file = "pipeline: p\nowner: a@example.com\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\nnotify: {failure: [owner, \"chat:dta\"]}\n"
	for want, names := range map[string][]string{
		"p.yaml:5:27: notify.failure[1]: the stage has no destination chat:dta; did you mean chat:data?": {"chat:data", "webhook:ops"},
		"the stage has no destination chat:dta; it has none: add it to notices in the stage's file":      nil,
	} {
		if _, err := pipeline.Parse("p.yaml", []byte(file), pipeline.WithDestinations(names...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", names, err, want)
		}
	}
	if _, err := pipeline.Parse("p.yaml", []byte(file), pipeline.WithDestinations("chat:dta")); err != nil {
		t.Error(err)
	}
}
