package job_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
)

func TestKeysOfSpecs(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("0a", 32)
	for key, tt := range map[string]struct {
		digest string
		of     job.Spec
	}{
		"runs/r-1/a/2/NONCE/" + job.SpecName(digest):           {digest, job.Spec{RunID: "r-1", Job: "a", Attempt: 2, Nonce: "NONCE"}},
		"users/etl/runs/r-1/a/2/NONCE/" + job.SpecName(digest): {digest, job.Spec{RunID: "r-1", Job: "a", Attempt: 2, Nonce: "NONCE"}},
		"runs/r-1/a/2/" + job.SpecName(digest):                 {digest, job.Spec{RunID: "r-1", Job: "a", Attempt: 2}},
		"runs/r-1/a/2/job.json":                                {"", job.Spec{RunID: "r-1", Job: "a", Attempt: 2}},
		"runs/r-1/a/2/N/job." + digest[1:] + ".json":           {"", job.Spec{RunID: "r-1", Job: "a", Attempt: 2, Nonce: "N"}},
		"job.json": {"", job.Spec{Nonce: "."}},
	} {
		if got := job.DigestOf(key); got != tt.digest {
			t.Errorf("%s: digest %q", key, got)
		}
		if diff := cmp.Diff(tt.of, job.OfKey(key)); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}
