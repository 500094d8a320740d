package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	contract "ephemr/internal/stage"
)

// Clients cannot override a team's scan limit or the location of results.
func TestWorkgroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		groups := s.all("AWS::Athena::WorkGroup")
		if len(groups) != len(s.config.TeamNames()) {
			t.Fatalf("got %d workgroups for teams %v", len(groups), s.config.TeamNames())
		}
		for _, group := range groups {
			team := strings.TrimPrefix(group.name(), s.config.Name(""))
			c := group.Properties["WorkGroupConfiguration"]
			if at(c, "EnforceWorkGroupConfiguration") != true || at(c, "PublishCloudWatchMetricsEnabled") != true {
				t.Errorf("%s does not enforce its configuration or has no metrics", group.name())
			}
			if got, want := at(c, "BytesScannedCutoffPerQuery"), float64(s.config.ScanLimit(team)); got != want || want < 10e6 {
				t.Errorf("%s may scan %v bytes, want %v", group.name(), got, want)
			}
			if got := at(c, "EngineVersion", "SelectedEngineVersion"); got != "Athena engine version 3" {
				t.Errorf("%s has engine %v", group.name(), got)
			}
			checkResults(t, group, team)
			s.checkRetained(t, group)
		}
	})
}

func checkResults(t *testing.T, group resource, team string) {
	t.Helper()
	results := at(group.Properties, "WorkGroupConfiguration", "ResultConfiguration")
	if got := text(at(results, "OutputLocation")); !strings.HasPrefix(got, "s3://${Queries") || !strings.HasSuffix(got, "}/"+team+"/") {
		t.Errorf("%s writes to %s", group.name(), got)
	}
	if at(results, "EncryptionConfiguration", "EncryptionOption") != "SSE_S3" || at(results, "ExpectedBucketOwner") == nil {
		t.Errorf("%s does not protect its results: %v", group.name(), results)
	}
}

// Members of a team may use only its workgroup and read only its results.
func TestQueryPolicies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, team := range s.config.TeamNames() {
			owner := s.global("query-" + team)
			may := s.rights(owner)
			if got := may["athena:StartQueryExecution"]; len(got) != 1 || !strings.HasSuffix(got[0], ":workgroup/"+s.config.Workgroup(team)) {
				t.Errorf("%s may use %v", owner, got)
			}
			if got := may["s3:PutObject"]; len(got) != 1 || !strings.HasSuffix(got[0], "/"+team+"/*") {
				t.Errorf("%s may write %v", owner, got)
			}
			for _, action := range []string{"glue:CreateTable", "glue:DeleteTable", "s3:DeleteObject"} {
				if may[action] != nil {
					t.Errorf("%s may %s", owner, action)
				}
			}
			zones, tables := s.config.Readable(team)
			for _, key := range tables {
				address := ":table/" + strings.Replace(key, ".", "/", 1)
				if !slices.ContainsFunc(may["glue:GetTable"], func(r string) bool { return strings.HasSuffix(r, address) }) {
					t.Errorf("%s may not look at %s, only at %v", owner, key, may["glue:GetTable"])
				}
			}
			if got, want := len(may["s3:GetObject"]), len(zones)+1; got != want { // and the results
				t.Errorf("%s may read %v, but its zones are %v", owner, may["s3:GetObject"], zones)
			}
		}
	})
}

// rights returns what owner is allowed: resources by action.
func (s *stage) rights(owner string) map[string][]string {
	may := map[string][]string{}
	for _, st := range s.allowed() {
		if st.owner != owner {
			continue
		}
		for _, action := range st.actions {
			may[action] = append(may[action], st.resources...)
		}
	}
	return may
}

// The parameter for the CLI describes the deployed workgroups.
func TestQuerySettings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		want := contract.Query{Database: s.config.Database(), Workgroups: map[string]contract.Workgroup{}}
		for _, team := range s.config.TeamNames() {
			want.Workgroups[team] = contract.Workgroup{
				Name: s.config.Workgroup(team), ScanLimit: s.config.ScanLimit(team), Policy: s.global("query-" + team),
			}
		}
		for _, p := range s.all("AWS::SSM::Parameter") {
			if p.name() != contract.QueryParameter(s.config.Stage) {
				continue
			}
			got, err := contract.ParseQuery(text(p.Properties["Value"]))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			return
		}
		t.Error("there is no parameter")
	})
}
