package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ephemr/infra/config"
)

// What would not fit where it is deployed is refused before the deployment, and the error names the setting to change.
func TestParseRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	const zones, limits, glue = "  curated: {expireDays: 90}", "  clusterReady: 30m", "    configurations: *glue"
	tests := map[string]struct{ stage, old, new, want string }{
		"users":          {"dev", noUsers, users(60), "the settings of stage dev have 4250 bytes, more than the 4036 that functions and SSM can hold; shorten access.users (1795 bytes)"},
		"fewer users":    {"dev", noUsers, users(20), ""},
		"zones":          {"dev", zones, zones + "\n" + many("  zone%02d: {}\n", 40), "shorten zones ("},
		"teams":          {"dev", limits, limits + "\n  teams: {" + many("a-team-with-a-long-name-%02d: 1, ", 60) + "}", "shorten limits.teams ("},
		"profile":        {"dev", glue, "    subnets: [" + many("subnet-0123456789abcdef%02d, ", 150) + "]\n" + glue, "profiles.medium has "},
		"profile's part": {"dev", glue, "    subnets: [" + many("subnet-0123456789abcdef%02d, ", 150) + "]\n" + glue, "more than the 4096 of an SSM parameter; shorten subnets ("},
		"teams' queries": {"dev", "scanLimitGiB: 10,", "scanLimitGiB: 10, teams: {" + many("team-%02d: 1, ", 40) + "},", "the query settings of 41 teams have "},

		"bucket":      {"production12", "  curated:", "  abcdefghijklmnop: {}\n  curated:", "zones.abcdefghijklmnop: bucket ephemr-production12-abcdefghijklmnop-123456789012-ap-southeast-1 would have 64 characters, more than 63"},
		"role":        {"production12", noUsers, "access: {users: {" + strings.Repeat("e", 32) + ": {team: data}}}", "role ephemr-production12-user-" + strings.Repeat("e", 32) + "-ap-southeast-1 would have 72 characters, more than 64"},
		"role, short": {"dev", noUsers, "access: {users: {" + strings.Repeat("e", 32) + ": {team: data}}}", ""},

		"region":           {"dev", "synthesizer: default", "region: Ireland\nsynthesizer: default", `region "Ireland" must be the name of a Region`},
		"alias as key":     {"dev", "retain: false", "retain: false\nkeys: {buckets: alias/mine}", `keys.buckets "alias/mine" must be the ARN of a KMS key`},
		"aliases as keys":  {"dev", "retain: false", "retain: false\nkeys: {buckets: alias/mine, bootstrap: alias/mine}", "aliases\ndev.yaml:9:29: keys.bootstrap"},
		"key's Region":     {"dev", "retain: false", "region: eu-west-1\nretain: false\nkeys: {bootstrap: \"arn:aws:kms:us-east-1:111122223333:key/1\"}", "keys.bootstrap is in Region us-east-1, and the stage in eu-west-1"},
		"boundary":         {"dev", "retain: false", "retain: false\npermissionsBoundary: boundary", `permissionsBoundary "boundary" must be the ARN of a managed policy`},
		"keys":             {"dev", "retain: false", "retain: false\nkeys: {buckets: \"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-12ab\"}", ""},
		"sweep once a day": {"dev", "every: 5m", "every: 24h", "sweep.every 24h0m0s must be whole minutes, 1m to 1h0m0s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good, tt.old) {
				t.Fatalf("dev.yaml has no %q", tt.old)
			}
			_, err := config.Parse(tt.stage, "dev.yaml", []byte(strings.Replace(good, tt.old, tt.new, 1)))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func users(n int) string {
	return "access: {users: {" + many("a-user-with-a-long-name-%02d: {team: data}, ", n) + "}}"
}

// many repeats a text with numbers.
func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
