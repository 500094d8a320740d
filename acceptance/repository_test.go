package acceptance_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The tests of the repository's own pipelines pass, side by side, on the region that runs,
// and leave nothing in its lake.
func TestTestsOfThisRepository(t *testing.T) {
	t.Parallel()
	out, stderr, code := w.cli(t, w.region.Root, "test", "tests/hello", "tests/flights-daily", "--parallel", "2", "-o", "json")
	var report struct {
		Passed int
		Tests  []struct{ RunID string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || report.Passed != 2 {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, stderr)
	}
	for zone, bucket := range w.settings.Lake {
		for _, test := range report.Tests {
			prefix := "tests/" + test.RunID[:strings.LastIndex(test.RunID, "T")-len("-20130103")] + "/"
			left, err := w.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
			if err != nil || len(left.Contents) > 0 {
				t.Errorf("zone %s: %d objects are left in %s, %v", zone, len(left.Contents), prefix, err)
			}
		}
	}
}
