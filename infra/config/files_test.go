package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// A stage file of a folder sets only what differs from the defaults.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "test.yaml", "retain: false\nlimits: {maxActive: 7}\nzones: {raw: {}, curated: {}, mart: {}}\n")
	write(t, dir, "empty.yaml", "# all defaults\n")
	files := config.Folder(dir)
	if diff := cmp.Diff([]string{"empty", "local", "test"}, files.Stages()); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	type summary struct {
		Retain            bool
		Active, PerPipe   int
		Zones, Profiles   int
		Arch              config.Architecture
		Source, StageName string
	}
	for stage, want := range map[string]summary{
		"test":  {false, 7, 2, 3, 2, config.Arm64, "aws.emr", "test"},
		"empty": {true, 5, 2, 2, 2, config.Arm64, "aws.emr", "empty"},
		"local": {false, 4, 2, 2, 2, config.Host, "local.emr", "local"}, // which is embedded
	} {
		c, err := files.Load(stage)
		if err != nil {
			t.Fatal(err)
		}
		got := summary{c.Retain, c.Limits.MaxActive, c.Limits.PipelineMaxActive, len(c.Zones), len(c.Shapes), c.FunctionArchitecture, c.EmrEventSource, c.Stage}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stage, diff)
		}
	}
}

func TestFolderErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "local.yaml", "region: nowhere\n")
	for stage, want := range map[string]string{
		"local":    filepath.Join(dir, "local.yaml") + `:1:1: region "nowhere"`,
		"dev":      `unknown stage "dev" (` + filepath.Join(dir, "dev.yaml") + " is missing): use one of local",
		"../local": "unknown stage",
	} {
		_, err := config.Folder(dir).Load(stage)
		contains(t, err, want)
	}
}

func TestParseReportsAllFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"decoding and validation": {
			text: `retian: true
tracing: often
sweep: {every: 5 minutes}
intake: {maxConcurrency: 1, batch: 3}
limits:
  maxActive: many
  clusterReady: 5 minutes
logs: {days: 15}
zones:
  raw: {}
  logs: {}
profiles:
  odd:
    release: emr-7.14.0
    sort: of
`,
			want: `x.yaml:1:1: unknown field "retian"
x.yaml:2:10: tracing: expected true or false, found a text
x.yaml:3:9: sweep.every: time: unknown unit " minutes" in duration "5 minutes"
x.yaml:4:29: unknown field "batch"
x.yaml:6:14: limits.maxActive: expected a whole number, found a text
x.yaml:7:3: limits.clusterReady: time: unknown unit " minutes" in duration "5 minutes"
x.yaml:8:8: logs.days 15 must be one of
x.yaml:11:3: zones.logs: invalid or reserved name
x.yaml:15:5: unknown field "sort"`,
		},
		"validation alone": {
			text: `account: "12"
keys: {buckets: alias/x}
zones:
  raw: {archiveDays: 3, expireDays: 2}
access:
  users:
    etl: {team: data, zones: {gold: read}}
limits: {maxActive: 0, clusterReady: 5h}
profiles:
  small:
    release: emr-7.14.0
    applications: [Spark]
    primary: {types: [m5.xlarge], onDemand: 2}
    idleTimeout: 15m
`,
			want: `x.yaml:1:1: account "12" must have 12 digits
x.yaml:2:8: keys.buckets "alias/x"
x.yaml:3:1: zones.curated is missing
x.yaml:4:9: zones.raw: archiveDays must be less
x.yaml:7:31: access.users.etl: zones.gold: unknown zone
x.yaml:8:10: limits.maxActive must be at least 1
x.yaml:8:24: limits.clusterReady must be positive and less
x.yaml:13:5: profiles.small: primary must have exactly one unit`,
		},
		"an anchor of a faulty key": {
			text: "size: &n 14\nlogs: {days: *n, bucketDays: 14}\n",
			want: "x.yaml:1:1: unknown field \"size\"",
		},
		"syntax":    {"a: [", "x.yaml:1:4: sequence end token"},
		"documents": {"retain: true\n---\nretain: false\n", "x.yaml: contains 2 YAML documents; use one file for each stage"},
		"a list":    {"- retain: true\n", "x.yaml:1:1: "},
		"twice":     {"retain: true\nretain: false\n", `x.yaml:2:1: mapping key "retain" already defined`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("x1", "x.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			got, want := strings.Split(err.Error(), "\n"), strings.Split(tt.want, "\n")
			if len(got) != len(want) {
				t.Fatalf("%d errors, want %d:\n%s", len(got), len(want), err)
			}
			for i := range want {
				if !strings.HasPrefix(got[i], want[i]) {
					t.Errorf("got %s, want %s", got[i], want[i])
				}
			}
		})
	}
}

func contains(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
