package pipeline_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	const none, data, marker, manifest = pipeline.NoMatch, pipeline.IsData, pipeline.IsMarker, pipeline.IsManifest
	plain := pipeline.S3Trigger{Prefix: "in/"}
	for name, tt := range map[string]struct {
		trigger pipeline.S3Trigger
		want    map[string]pipeline.Match
	}{
		"prefix": {plain, map[string]pipeline.Match{
			"in/a.csv": data, "in/x/y z+ä.csv": data, "out/a.csv": none, "in": none, "in/_a.csv": data, "in/.a": data,
			"in/_SUCCESS": none, "in/x/_temporary/0/part-0": none, "in/.a.csv.crc": none, "in/x_$folder$": none,
			"in/.spark-staging-1/part-0": none, "in/.hive-staging_hive_1/part-0": none, "in/a._COPYING_": none, "in/_committed_1": none,
		}},
		"hidden names in the prefix": {pipeline.S3Trigger{Prefix: "in/_temporary/"}, map[string]pipeline.Match{"in/_temporary/a": data, "in/_temporary/_SUCCESS": none}},
		"hidden names that are asked for": {pipeline.S3Trigger{Prefix: "in/", Suffix: pipeline.Texts{"_SUCCESS", ".csv"}}, map[string]pipeline.Match{
			"in/x/_SUCCESS": data, "in/x/a.csv": data, "in/x/a.csv.crc": none, "in/_temporary/a.csv": none,
		}},
		"hidden names that a glob asks for": {pipeline.S3Trigger{Prefix: "in/", Globs: []string{"**/_temporary/**"}}, map[string]pipeline.Match{
			"in/_temporary/a": data, "in/x/_temporary/a": data, "in/x/a": none,
		}},
		"suffixes": {pipeline.S3Trigger{Suffix: pipeline.Texts{".csv", ".json"}}, map[string]pipeline.Match{"a.csv": data, "b.json": data, "c.xml": none, "a.csv.gz": none}},
		"globs": {pipeline.S3Trigger{Prefix: "in/", Globs: []string{"dt=*/**/*.csv", "*.json"}}, map[string]pipeline.Match{
			"in/dt=1/a.csv": data, "in/dt=1/x/y/a.csv": data, "in/x/a.csv": none, "in/a.csv": none, "in/a.json": data, "in/x/a.json": data, "in/a.jsonl": none,
		}},
		"suffixes and globs": {pipeline.S3Trigger{Suffix: pipeline.Texts{".csv"}, Globs: []string{"a/**"}}, map[string]pipeline.Match{"a/b.csv": data, "b/a.csv": none, "a/b.txt": none}},
		"exclude": {pipeline.S3Trigger{Prefix: "in/", Exclude: []string{"_*", "*.tmp", "old/**", "tmp/"}}, map[string]pipeline.Match{
			"in/a": data, "in/_a": none, "in/x/_y/a": none, "in/x/a.tmp": none, "in/a.tmp/b": none, "in/old/a": none, "in/x/old/a": data, "in/tmp/x/y": none,
		}},
		"marker and manifest": {
			pipeline.S3Trigger{Prefix: "in/", Suffix: pipeline.Texts{".csv"}, Batch: &pipeline.Batch{Marker: "_SUCCESS", Manifest: "*.manifest"}},
			map[string]pipeline.Match{"in/x/_SUCCESS": marker, "in/_SUCCESS": marker, "in/x.manifest": manifest, "in/a.csv": data, "in/a.txt": none, "_SUCCESS": none},
		},
		"marker at one place": {pipeline.S3Trigger{Prefix: "in/", Batch: &pipeline.Batch{Marker: "*/_DONE"}}, map[string]pipeline.Match{"in/x/_DONE": marker, "in/_DONE": data}},
	} {
		for key, want := range tt.want {
			if got := tt.trigger.Match(key, 1); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
	}
	for key, want := range map[string]pipeline.Match{"in/x/": none, "in/": none, "in/x": data} {
		if got := plain.Match(key, 0); got != want {
			t.Errorf("%s without content is %q, want %q", key, got, want)
		}
	}
}

// A trigger with one suffix is stored as versions without lists have stored it, so that
// their pipelines keep their digests.
func TestTextsKeepTheirForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pipeline.S3Trigger{
		`{"bucket":"raw","suffix":".csv"}`: {Bucket: "raw", Suffix: pipeline.Texts{".csv"}},
		`{"bucket":"raw","suffix":[".csv",".json"],"batch":{"window":"1m30s","maxBytes":"10737418240"}}`: {
			Bucket: "raw", Suffix: pipeline.Texts{".csv", ".json"}, Batch: &pipeline.Batch{Window: 90e9, MaxBytes: 10 << 30},
		},
	} {
		data, err := json.Marshal(want)
		if err != nil || string(data) != text {
			t.Errorf("%s, %v; want %s", data, err, text)
		}
		var got pipeline.S3Trigger
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
