package config_test

import (
	"os"
	"strings"
	"testing"

	"ephemr/infra/config"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	for _, stage := range config.Stages() {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(stage)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := c.Name("runs"), "ephemr-"+stage+"-runs"; got != want {
				t.Errorf("got name %s, want %s", got, want)
			}
		})
	}
}

func TestLoadUnknownStage(t *testing.T) {
	t.Parallel()
	_, err := config.Load("staging")
	if err == nil || !strings.Contains(err.Error(), "use one of dev, local, prod") {
		t.Errorf("got %v, want an error that lists the stages", err)
	}
}

const noUsers = "access: {required: false}"

// Profiles must support runtime roles where the stage has users.
func TestParseRefusesOldReleases(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := strings.Replace(string(data), noUsers, "access: {users: {etl: {team: data}}}", 1)
	for old, tt := range map[string]struct{ new, want string }{
		"emr-7.14.0":    {"emr-6.6.0", "profiles.medium: release emr-6.6.0 does not support users; use emr-6.7.0 or later"},
		"emr-7.14":      {"emr-6.7", ""},
		"[Spark, Hive]": {"[Flink]", "profiles.small: users require Spark or Hive in applications"},
	} {
		if _, err := config.Parse("dev", "dev.yaml", []byte(strings.ReplaceAll(good, old, tt.new))); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.new, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if _, err := config.Parse("dev", "dev.yaml", data); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"unknown key":         {"tracing: true", "tracin: true", `dev.yaml:6:1: unknown field "tracin"`},
		"unknown nested key":  {"clusterReady: 30m", "clusterRedy: 30m", `dev.yaml:18:3: unknown field "clusterRedy"`},
		"unknown tables":      {"applications: [Spark, Hive]", "applications: [Spark, Hive]\n    tables: [iceberg, hudi]", `dev.yaml:38:23: profiles.small.tables[1]: unknown table format "hudi"; use delta or iceberg`},
		"tables of old":       {"release: emr-7.14.0\n    applications: [Spark, Hive]", "release: emr-6.8.0\n    applications: [Spark, Hive]\n    tables: [delta]", "profiles.small: tables: release emr-6.8.0 does not have delta; use emr-6.9.0 or later"},
		"unknown profile key": {"idleTimeout: 15m", "idletimeout: 15m", `unknown field "idletimeout"`},
		"wrong type":          {"tracing: true", "tracing: often", "dev.yaml:6:10: "},
		"bad duration":        {"every: 5m", "every: 5 minutes", `dev.yaml:12:9: sweep.every: time: unknown unit " minutes" in duration "5 minutes"`},
		"log retention":       {"days: 14,", "days: 15,", "logs.days 15 must be one of"},
		"broken minutes":      {"every: 5m", "every: 90s", "sweep.every 1m30s must be whole minutes"},
		"var's name":          {"zones:\n", "vars: {stores-secret: x}\nzones:\n", "vars.stores-secret: invalid name: use up to 40 letters, digits and _"},
		"template in a var":   {"zones:\n", "vars: {secret: '{{.Stage}}'}\nzones:\n", "vars.secret: \"{{.Stage}}\" contains a template"},
		"long vars":           {"zones:\n", "vars: {secret: " + strings.Repeat("x", 4000) + "}\nzones:\n", "shorten vars ("},
		"missing zone":        {"curated:", "refined:", "zones.curated is missing"},
		"reserved zone":       {"  curated:", "  logs: {}\n  curated:", "zones.logs: invalid or reserved name"},
		"zone order":          {"curated: {expireDays: 90}", "curated: {archiveDays: 90, expireDays: 30}", "archiveDays must be less than expireDays"},
		"bad profile":         {"onDemand: 1}", "onDemand: 2}", "primary must have exactly one unit, not 2"},
		"architecture":        {"functionArchitecture: arm64", "functionArchitecture: x86", `functionArchitecture "x86"`},
		"synthesizer":         {"synthesizer: default", "synthesizer: legacy", `synthesizer "legacy"`},
		"forgeable events":    {"emrEventSource: aws.emr", "emrEventSource: my.emr", `emrEventSource "my.emr" must be aws.emr`},
		"concurrency":         {"maxConcurrency: 5", "maxConcurrency: 1", "intake.maxConcurrency 1"},
		"no room":             {"maxActive: 5", "maxActive: 0", "limits.maxActive"},
		"crowded pools":       {"steps: 4", "steps: 8", "profiles.small, with limits.pool.steps of its pools: 8 steps side by side need 20.8 GiB"},
		"late provisioning":   {"  clusterReady: 30m", "  clusterReady: 30m\n  clusterProvision: 31m", "limits.clusterProvision must not be negative or longer than limits.clusterReady"},
		"unknown EMR API":     {"  clusterReady: 30m", "  clusterReady: 30m\n  emr: {DescribeClusters: {burst: 10, perSecond: 1}}", "limits.emr.DescribeClusters: unknown API; use one of AddInstanceFleet, "},
		"empty EMR bucket":    {"  clusterReady: 30m", "  clusterReady: 30m\n  emr: {account: {burst: 0, perSecond: 5}}", "limits.emr.account: burst 0 must be 1 to 10000"},
		"pool's time":         {"keepAlive: 15m", "keepAlive: 1m", "limits.pool.keepAlive 1m0s must be 2m to 24h"},
		"pool's life":         {"life: 12h", "life: 10m", "limits.pool.life 10m0s must be keepAlive to 168h"},
		"pool's steps":        {"steps: 4", "steps: 0", "limits.pool.steps 0 must be 1 to 256"},
		"scan limit":          {"scanLimitGiB: 10,", "scanLimitGiB: 0.009,", "query.scanLimitGiB 0.009 must be 0.01 to 1048576: Athena's minimum is 10 MB"},
		"no scan limit":       {"scanLimitGiB: 10, ", "scanLimitGiB: 0, ", "query.scanLimitGiB 0 must be"},
		"a team's scan limit": {"scanLimitGiB: 10,", "scanLimitGiB: 10, teams: {data: -1},", "query.teams.data -1 must be"},
		"team without a name": {"scanLimitGiB: 10,", "scanLimitGiB: 10, teams: {Data Team: 1},", `invalid team name "Data Team": use up to 40 lower-case letters`},
		"results for ever":    {", keepDays: 14}", ", keepDays: 0}", "query.keepDays 0 must be at least 1"},
		"no users to require": {noUsers, "access: {required: true}", "access.required: at least one user"},
		"no default user":     {noUsers, "access: {default: ops, users: {etl: {team: data}}}", `access.default: unknown user "ops"`},
		"user's name":         {noUsers, "access: {users: {Etl: {team: data}}}", "access.users.Etl: invalid name"},
		"user's long name":    {noUsers, "access: {users: {" + strings.Repeat("e", 33) + ": {team: data}}}", "use 1 to 32"},
		"user without a team": {noUsers, "access: {users: {etl: {}}}", `access.users.etl: invalid team ""`},
		"caller by name":      {noUsers, `access: {users: {etl: {team: data, callers: ["arn:aws:iam::1:user/a"]}}}`, "is neither \"*\" nor a unique id"},
		"role as caller":      {noUsers, `access: {users: {etl: {team: data, callers: [AROAEXAMPLEEXAMPLE01]}}}`, "write AROAEXAMPLEEXAMPLE01:*"},
		"any role's session":  {noUsers, `access: {users: {etl: {team: data, callers: ["*:ann"]}}}`, "is neither"},
		"user's pipelines":    {noUsers, `access: {users: {etl: {team: data, pipelines: ["*-daily"]}}}`, `invalid pattern "*-daily" in pipelines: use a name`},
		"one pipeline, two users": {
			noUsers, `access: {users: {etl: {team: data, pipelines: [a]}, ops: {team: data, pipelines: [a]}}}`, `access.users.ops: pattern "a" in pipelines is already used by user etl`,
		},
		"all secrets":         {noUsers, `access: {users: {etl: {team: data, secrets: ["*"]}}}`, `access.users.etl: secrets: "*" allows all secrets of the account`},
		"a secret's key":      {noUsers, noUsers + "\nsecrets: [\"stores/db#password\"]", `secrets: "stores/db#password" has a key`},
		"a secret twice":      {noUsers, noUsers + "\nsecrets: [a, a]", `secrets: duplicate "a"`},
		"a VPN's authority":   {noUsers, noUsers + "\nsecrets: [ephemr/*]", `secrets: "ephemr/*" allows jobs to read the key of a VPN's certificate authority, ephemr/<stage>/vpn-authority; name`},
		"the same, of a user": {noUsers, "access: {users: {etl: {team: data, secrets: [ephemr/dev/vpn-authority]}}}", `access.users.etl: secrets: "ephemr/dev/vpn-authority" allows jobs`},
		"secrets of no job":   {noUsers, "access: {required: true, users: {etl: {team: data}}}\nsecrets: [a]", "secrets: no job runs without a user"},
		"user's zone":         {noUsers, `access: {users: {etl: {team: data, zones: {gold: read}}}}`, "zones.gold: unknown zone; the lake has curated, raw"},
		"user's right":        {noUsers, `access: {users: {etl: {team: data, zones: {raw: rw}}}}`, `zones.raw: "rw" must be read or write`},
		"user's table":        {noUsers, `access: {users: {etl: {team: data, tables: {flights: read}}}}`, "tables.flights: use database.table"},
		"all databases":       {noUsers, `access: {users: {etl: {team: data, tables: {"*.*": read}}}}`, "tables.*.*: use database.table"},
		"prefix for Lake Formation": {
			noUsers, `access: {lakeFormation: true, users: {etl: {team: data, tables: {"a.b*": read}}}}`, "Lake Formation does not support prefixes",
		},
		"too many callers": {
			noUsers, `access: {users: {etl: {team: data, callers: [` + strings.Repeat("AIDAEXAMPLEEXAMPLE01, ", 200) + `]}}}`, "more than the maximum of 3800",
		},
		"unknown key of a user": {noUsers, `access: {users: {etl: {team: data, caller: []}}}`, `unknown field "caller"`},
		"EMR bucket's keys":     {"  clusterReady: 30m", "  clusterReady: 30m\n  emr: {account: {burst: 10, perMinute: 5}}", `unknown field "perMinute"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good, tt.old) {
				t.Fatalf("dev.yaml has no %q", tt.old)
			}
			_, err := config.Parse("dev", "dev.yaml", []byte(strings.Replace(good, tt.old, tt.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
