package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

// TestTextsOfYAML: every text arrives as it is written.
func TestTextsOfYAML(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"a\tb": "a\tb", "a\t\tb c\td": "a\t\tb c\td", "'a\tb'": "a\tb", "\"a\tb\"": "a\tb", `"a\tb"`: "a\tb", "a b": "a b", "a  b": "a  b", "a\t# note": "a", "a b\t": "a b",
		"a\tb # note": "a\tb", "s3://b/a:b": "s3://b/a:b", "a#b": "a#b", "-x": "-x", "--a=\tb": "--a=\tb", "007": "007", "1e3": "1e3", "0x1F": "0x1F", "1_000": "1_000",
		"2026-11-30": "2026-11-30", "yes": "yes", "12:30:45": "12:30:45", "ä\tö": "ä\tö", "'it''s'": "it's",
		"a\tb\n           c\td\n\n           e": "a\tb c\td\ne",
	} {
		t.Run(fmt.Sprintf("%q", written), func(t *testing.T) {
			t.Parallel()
			file := fmt.Sprintf("pipeline: demo\ncluster: {profile: small}\njobs:\n  - name: a\n    type: bash\n    source: a\n    args:\n      - %s\n    env:\n      K: %s\n", written, written)
			s, err := pipeline.Parse("p.yaml", []byte(file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{want, want}, []string{s.Jobs[0].Args[0], s.Jobs[0].Env["K"]}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
