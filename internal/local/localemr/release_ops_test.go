package localemr_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Releases are filtered by the beginning of their labels, and by an application with
// or without its version, as the API reference writes it: spark@2.1.0.
func TestReleaseFilters(t *testing.T) {
	t.Parallel()
	st := begin(t)
	release, err := st.emr.DescribeReleaseLabel(t.Context(), &emr.DescribeReleaseLabelInput{ReleaseLabel: new("emr-7.10.0")})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(release.Applications, func(a types.SimplifiedApplication) bool { return *a.Name == "Spark" })
	version := *release.Applications[i].Version
	for name, tt := range map[string]struct {
		prefix, application string
		with, without       string // a label in the answer, and one that is not; "" = none
	}{
		"none":                   {"", "", "emr-7.10.0", ""},
		"prefix":                 {"emr-7.1", "", "emr-7.10.0", "emr-6.15.0"},
		"application":            {"", "spark", "emr-7.10.0", ""},
		"application, version":   {"", "spark@" + version, "emr-7.10.0", "emr-6.0.0"},
		"version of another one": {"", "spark@0.0.1", "", "emr-7.10.0"},
		"unknown application":    {"", "banana", "", "emr-7.10.0"},
		"unknown prefix":         {"zzz", "", "", "emr-7.10.0"},
	} {
		out, err := st.emr.ListReleaseLabels(t.Context(), &emr.ListReleaseLabelsInput{Filters: &types.ReleaseLabelFilter{Prefix: &tt.prefix, Application: &tt.application}})
		if err != nil {
			t.Fatal(err)
		}
		if tt.with != "" && !slices.Contains(out.ReleaseLabels, tt.with) || tt.without != "" && slices.Contains(out.ReleaseLabels, tt.without) {
			t.Errorf("%s: %v", name, out.ReleaseLabels)
		}
	}
}
