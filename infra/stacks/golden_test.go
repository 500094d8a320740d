package stacks_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The templates are kept, so that a review shows what a change deploys.
func TestGolden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for name, template := range s.templates {
			if s.config.Stage == strict && name != "platform" {
				continue // as those of dev
			}
			path := filepath.Join("testdata", s.config.Stage+"-"+name+".golden.json")
			if *update {
				if err := os.WriteFile(path, template.json, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path) //nolint:gosec // of this package
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(template.json)); diff != "" {
				t.Errorf("%s differs; run go test ./infra/stacks -update and review the diff (-want +got):\n%s", path, diff)
			}
		}
	})
}
