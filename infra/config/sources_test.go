package config_test

import (
	"strings"
	"testing"

	"ephemr/infra/config"
	"ephemr/internal/stage"
)

func TestSources(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sources []stage.Source
		want    []string
	}{
		"none":     {},
		"good":     {sources: []stage.Source{{Bucket: "partner-drop"}, {Bucket: "exports", Prefix: "a/"}, {Bucket: "exports", Prefix: "b/"}}},
		"no name":  {[]stage.Source{{}}, []string{`sources[0].bucket: "" is not the name of a bucket`}},
		"a zone":   {[]stage.Source{{Bucket: "raw"}}, []string{`sources[0].bucket: "raw" is the name of a zone`}},
		"its own":  {[]stage.Source{{Bucket: "ephemr-dev-logs-111122223333-eu-west-1"}}, []string{"of a bucket of the stage"}},
		"overlaps": {[]stage.Source{{Bucket: "exports", Prefix: "a/"}, {Bucket: "exports", Prefix: "a/b/"}, {Bucket: "exports"}}, []string{"sources[1] overlaps with sources[0]", "sources[2] overlaps with sources[1]"}},
		"several":  {[]stage.Source{{Bucket: "S3://x", Prefix: "/a"}, {Bucket: "b", Prefix: "a*"}}, []string{"sources[0].bucket", "sources[0].prefix", "sources[1].bucket", "sources[1].prefix"}},
		"too many": {make([]stage.Source, 11), []string{"sources: 11 entries; use at most 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load("dev")
			if err != nil {
				t.Fatal(err)
			}
			c.Sources = tt.sources
			err = c.Validate()
			if len(tt.want) == 0 && err != nil {
				t.Error(err)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
}
