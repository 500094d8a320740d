package dataset_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/dataset"
)

func TestPartition(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]map[string]string{
		"t/dt=2026-01-02/country=pt/a.parquet":    {"dt": "2026-01-02", "country": "pt"},
		"t/at=2026-01-02 03%3A00%3A00/a.parquet":  {"at": "2026-01-02 03:00:00"},
		"t/path=a%2Fb%3Dc/a%23b=1/a.parquet":      {"path": "a/b=c", "a#b": "1"},
		"t/city=S%C3%A3o Paulo/share=5%/a=x%2/_0": {"city": "São Paulo", "share": "5%", "a": "x%2"},
		"t/a.parquet":          {},
		"t/=1/dt=/a=b.parquet": {"dt": ""},
	} {
		if diff := cmp.Diff(want, dataset.Partition(key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}
