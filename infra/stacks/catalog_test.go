package stacks_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"ephemr/infra/config"
	"ephemr/internal/proof/iam"
)

// glueCall is a call to Glue and the resources that IAM evaluates for it: the
// resource and all its ancestors.
// Source: AWS Glue Developer Guide, "Specifying AWS Glue resource ARNs".
type glueCall struct {
	action    string
	resources []string
}

// Calls of engines when they start, before the first statement of a job.
var (
	// hiveStart is the start of Hive's client (Hive.<init>, registerAllFunctionsOnce,
	// doesDefaultDBExist) in an account without a database "default". The functions
	// are requested without a database: from all databases.
	hiveStart = []glueCall{
		{"GetDatabase", []string{"catalog", "database/default"}},
		{"CreateDatabase", []string{"catalog", "database/default"}},
		{"GetUserDefinedFunctions", []string{"catalog", "database/of_another_team", "userDefinedFunction/of_another_team/f"}},
	}
	// sparkStart is the start of Spark SQL, which uses Hive's client, and looks up the
	// database of temporary views before 4.0.
	sparkStart = append(slices.Clone(hiveStart), glueCall{"GetDatabase", []string{"catalog", "database/global_temp"}})
)

func reads(database, table string) []glueCall {
	of := []string{"catalog", "database/" + database, "table/" + database + "/" + table}
	return []glueCall{
		{"GetDatabase", of[:2]},
		{"GetTable", of},
		{"GetPartitions", of},
		{"BatchGetPartition", of},
		{"GetUserDefinedFunction", []string{"catalog", "database/" + database, "userDefinedFunction/" + database + "/f"}},
	}
}

func writes(database, table string) []glueCall {
	of := []string{"catalog", "database/" + database, "table/" + database + "/" + table}
	return []glueCall{{"CreateTable", of}, {"UpdateTable", of}, {"BatchCreatePartition", of}, {"UpdatePartition", of}, {"DeleteTable", of}}
}

// denied lists what a policy does not allow of calls.
func denied(p iam.Policy, calls []glueCall) (missing []string) {
	for _, call := range calls {
		for _, resource := range call.resources {
			request := iam.Request{Action: "glue:" + call.action, Resource: "arn:aws:glue:" + testRegion + ":" + testAccount + ":" + resource}
			if ok, _ := p.Decide(request); !ok {
				missing = append(missing, request.String())
			}
		}
	}
	return missing
}

// The roles of jobs allow Spark SQL and Hive to start and to use the tables that the
// role is for, and no others.
func TestEnginesStart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		policies := s.policies(t)
		tables := map[string]map[string]config.Right{s.config.GlobalName("emr-instance", testRegion): {}}
		if !s.config.Access.Required {
			tables[s.config.GlobalName("emr-instance", testRegion)] = map[string]config.Right{s.config.Database() + ".*": config.Write}
		}
		for _, user := range s.config.UserNames() {
			tables[s.config.GlobalName("emr-users", testRegion)] = map[string]config.Right{}
			tables[s.config.GlobalName(config.UserRole(user), testRegion)] = s.config.Access.Users[user].Tables
		}
		for _, role := range slices.Sorted(maps.Keys(tables)) {
			for engine, calls := range map[string][]glueCall{"Hive": hiveStart, "Spark": sparkStart} {
				for _, missing := range denied(policies[role], calls) {
					t.Errorf("%s cannot start %s: it is not allowed %s", role, engine, missing)
				}
			}
			for key, right := range tables[role] {
				checkTable(t, role, policies[role], key, right)
			}
			if other := reads("of_another_team", "x"); len(denied(policies[role], other[1:2])) == 0 {
				t.Errorf("%s may read tables of other databases", role)
			}
			if missing := denied(policies[role], []glueCall{{"CreateDatabase", []string{"catalog", "database/of_another_team"}}}); len(missing) == 0 {
				t.Errorf("%s may create any database", role)
			}
		}
	})
}

func checkTable(t *testing.T, role string, p iam.Policy, key string, right config.Right) {
	t.Helper()
	database, table := config.Table(key)
	table = strings.ReplaceAll(table, "*", "any")
	for _, missing := range denied(p, reads(database, table)) {
		t.Errorf("%s cannot read %s: it is not allowed %s", role, key, missing)
	}
	missing := denied(p, writes(database, table))
	if right == config.Write && len(missing) > 0 {
		t.Errorf("%s cannot write %s: it is not allowed %v", role, key, missing)
	}
	if right == config.Read && len(missing) < len(writes(database, table)) {
		t.Errorf("%s may write %s, but only %v is denied", role, key, missing)
	}
}

// Members of a team can list their team's query results only, as S3 shows keys of
// all teams otherwise.
func TestQueryResultsAreTheTeams(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		policies := s.policies(t)
		bucket := "arn:aws:s3:::" + s.config.BucketName("queries", testAccount, testRegion)
		lists := func(team, prefix string) bool {
			ok, _ := policies[s.config.GlobalName("query-"+team, testRegion)].Decide(iam.Request{Action: "s3:ListBucket", Resource: bucket, Context: map[string][]string{"s3:prefix": {prefix}}})
			return ok
		}
		for _, team := range s.config.TeamNames() {
			if !lists(team, team+"/") || !lists(team, team+"/2026") {
				t.Errorf("%s cannot list its results", team)
			}
			if lists(team, "") || lists(team, "other/") || lists(team, team+"s/") {
				t.Errorf("%s can list results of other teams", team)
			}
		}
	})
}

// Creating clusters neither allows changing the tags nor the idle timeout of the
// clusters of another stage, wherever IAM evaluates it.
func TestClustersOfOtherStages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		p := s.policies(t)[s.config.Name("createcluster")]
		tag := func(kind, value string) map[string][]string {
			return map[string][]string{"aws:" + kind + "Tag/ephemr:stage": {value}}
		}
		with := func(all ...map[string][]string) map[string][]string {
			context := map[string][]string{}
			for _, c := range all {
				maps.Copy(context, c)
			}
			return context
		}
		own, other := s.config.Stage, "of-another-team"
		for name, tt := range map[string]struct {
			action  string
			context map[string][]string
			want    bool
		}{
			"tag a new cluster":                       {"AddTags", tag("Request", own), true},
			"tag its own cluster":                     {"AddTags", with(tag("Request", own), tag("Resource", own)), true},
			"take the cluster of another stage":       {"AddTags", with(tag("Request", own), tag("Resource", other)), false},
			"tag for another stage":                   {"AddTags", tag("Request", other), false},
			"set the idle timeout of a new cluster":   {"PutAutoTerminationPolicy", nil, true},
			"set the idle timeout of its own cluster": {"PutAutoTerminationPolicy", tag("Resource", own), true},
			"set the idle timeout of another stage's": {"PutAutoTerminationPolicy", tag("Resource", other), false},
		} {
			request := iam.Request{Action: "elasticmapreduce:" + tt.action, Resource: "arn:aws:elasticmapreduce:" + testRegion + ":" + testAccount + ":cluster/j-1", Context: tt.context}
			if got, _ := p.Decide(request); got != tt.want {
				t.Errorf("%s: allowed: %t, want %t", name, got, tt.want)
			}
		}
	})
}
