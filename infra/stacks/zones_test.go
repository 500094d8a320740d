package stacks_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
	"ephemr/internal/proof/iam"
)

// bucket is the bucket of a zone of a stage.
func (s *stage) bucket(t *testing.T, name string) resource {
	t.Helper()
	if s == nil {
		t.Skip("no templates in short mode")
	}
	for _, r := range s.all("AWS::S3::Bucket") {
		if strings.HasPrefix(r.name(), s.config.Name(name)+"-${AWS::AccountId}") {
			return r
		}
	}
	t.Fatalf("no bucket for %s", name)
	return resource{}
}

// lifecycle renders the rule of a bucket.
func lifecycle(t *testing.T, r resource) string {
	t.Helper()
	rules := list(at(r.Properties, "LifecycleConfiguration", "Rules"))
	if len(rules) != 1 {
		t.Fatalf("%s has %d rules", r.name(), len(rules))
	}
	text := fmt.Sprint("uploads ", at(rules[0], "AbortIncompleteMultipartUpload", "DaysAfterInitiation"))
	for _, move := range list(at(rules[0], "Transitions")) {
		text += fmt.Sprintf(", %v %v", at(move, "StorageClass"), at(move, "TransitionInDays"))
	}
	if expires := at(rules[0], "ExpirationInDays"); expires != nil {
		text += fmt.Sprint(", expire ", expires)
	}
	if at(r.Properties, "VersioningConfiguration", "Status") == "Enabled" {
		text += fmt.Sprint(", versions ", at(rules[0], "NoncurrentVersionExpiration", "NoncurrentDays"))
	}
	return text
}

// A stage file of one word has all zones, each with the lifecycle of its purpose.
func TestZones(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"raw":                "uploads 7, STANDARD_IA 30, GLACIER_IR 180, versions 30",
		"staging":            "uploads 7, expire 14",
		"curated":            "uploads 7, STANDARD_IA 90, versions 30",
		"archive":            "uploads 7, GLACIER 1, versions 30",
		"quarantine":         "uploads 7, expire 90",
		"logs":               "uploads 7, expire 30",
		"artifacts":          "uploads 7",
		config.ReportsBucket: "uploads 7, expire 90",
	} {
		if got := lifecycle(t, wholeLake.bucket(t, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got, want := lifecycle(t, full.bucket(t, "mart")), "uploads 2, STANDARD_IA 30, DEEP_ARCHIVE 90, expire 3650"; got != want {
		t.Errorf("mart: %s, want %s", got, want)
	}
}

// The buckets of a lake are encrypted with KMS and its bucket keys, and S3 logs the requests to them; only the bucket of
// the logs has keys of S3, and no log of its own.
func TestReports(t *testing.T) {
	t.Parallel()
	reports := config.ReportsBucket
	for _, r := range append(wholeLake.buckets(t), full.buckets(t)...) {
		encryption := list(at(r.Properties, "BucketEncryption", "ServerSideEncryptionConfiguration"))[0]
		got := []any{
			at(encryption, "ServerSideEncryptionByDefault", "SSEAlgorithm"), at(encryption, "BucketKeyEnabled"),
			strings.HasPrefix(text(at(r.Properties, "LoggingConfiguration", "LogFilePrefix")), "access/"),
		}
		want := []any{"aws:kms", true, true}
		if strings.Contains(r.name(), reports) {
			want = []any{"AES256", nil, false}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", r.name(), diff)
		}
	}
	var listed []string
	for _, r := range full.buckets(t) {
		for _, inventory := range list(r.Properties["InventoryConfigurations"]) {
			name, _, _ := strings.Cut(strings.TrimPrefix(r.name(), "ephemr-full-"), "-")
			listed = append(listed, fmt.Sprint(name, " ", at(inventory, "ScheduleFrequency"), " ", id(at(inventory, "Destination", "BucketArn")) == full.logical("lake", reports)))
		}
	}
	if diff := cmp.Diff([]string{"archive Weekly true", "curated Weekly true", "mart Weekly true", "quarantine Weekly true", "raw Weekly true", "staging Weekly true"}, sorted(listed)); diff != "" {
		t.Errorf("inventories (-want +got):\n%s", diff)
	}
}

func (s *stage) buckets(t *testing.T) []resource {
	t.Helper()
	if s == nil {
		t.Skip("no templates in short mode")
	}
	return s.all("AWS::S3::Bucket")
}

// logical is the logical id of a bucket of a stack.
func (s *stage) logical(stack, name string) string {
	for id, r := range s.templates[stack].Resources {
		if r.Type == "AWS::S3::Bucket" && strings.HasPrefix(r.name(), s.config.Name(name)+"-") {
			return id
		}
	}
	return ""
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }

// S3 may write reports about the stage's buckets, into their prefixes alone. What policies deny: TestPerimeter.
func TestReportsAreWrittenByS3(t *testing.T) {
	t.Parallel()
	buckets := full.buckets(t)
	policies := full.all("AWS::S3::BucketPolicy")
	if len(policies) != len(buckets) {
		t.Errorf("%d policies of %d buckets", len(policies), len(buckets))
	}
	for _, p := range policies {
		services := map[string]string{}
		for _, st := range list(at(p.Properties, "PolicyDocument", "Statement")) {
			condition, _ := json.Marshal(at(st, "Condition"))
			if at(st, "Effect") == "Deny" {
				continue
			}
			services[text(at(st, "Principal", "Service"))] = strings.TrimPrefix(text(at(st, "Resource")), "${"+id(at(st, "Resource"))+".Arn}") + " " + string(condition)
		}
		var want map[string]string
		if strings.HasPrefix(id(p.Properties["Bucket"]), "Reports") {
			about := ` {"ArnLike":{"aws:SourceArn":{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":s3:::ephemr-full-*"]]}},"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}}`
			want = map[string]string{"logging.s3.amazonaws.com": "/access/*" + about, "s3.amazonaws.com": "/inventory/*" + about}
		}
		if len(services)+len(want) > 0 {
			if diff := cmp.Diff(want, services); diff != "" {
				t.Errorf("%s: services -want +got:\n%s", text(p.Properties["Bucket"]), diff)
			}
		}
	}
}

// Tables of a zone's database are in its bucket.
func TestDatabases(t *testing.T) {
	t.Parallel()
	if wholeLake == nil {
		t.Skip("no templates in short mode")
	}
	got := map[string]string{}
	for _, r := range wholeLake.all("AWS::Glue::Database") {
		got[text(at(r.Properties, "DatabaseInput", "Name"))] = text(at(r.Properties, "DatabaseInput", "LocationUri"))
	}
	at := func(zone string) string { return "s3://${" + wholeLake.logical("lake", zone) + "}/tables/" }
	if diff := cmp.Diff(map[string]string{
		"ephemr_tiny": "<nil>", "ephemr_tiny_raw": at("raw"), "ephemr_tiny_staging": at("staging"), "ephemr_tiny_curated": at("curated"),
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A team may use its zones and their tables, and no others.
func TestTeamRights(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	region := testRegion
	policies := full.policies(t)
	policy := policies[full.config.GlobalName("lake-science", region)]
	query := policies[full.config.GlobalName("query-science", region)]
	object := func(zone string) string {
		return "arn:aws:s3:::" + full.config.BucketName(zone, testAccount, region) + "/x"
	}
	for _, tt := range []struct {
		policy           iam.Policy
		action, resource string
		want             bool
	}{
		{policy, "s3:GetObject", object("raw"), true},
		{policy, "s3:PutObject", object("raw"), false},
		{policy, "s3:PutObject", object("mart"), true},
		{policy, "s3:GetObject", object("curated"), false},
		{policy, "s3:GetObject", object(config.ReportsBucket), false},
		{query, "s3:GetObject", object("mart"), true},
		{query, "s3:PutObject", object("mart"), false},
		{query, "s3:GetObject", object("curated"), false},
	} {
		if got, _ := tt.policy.Decide(iam.Request{Action: tt.action, Resource: tt.resource}); got != tt.want {
			t.Errorf("%s on %s: %t, want %t", tt.action, tt.resource, got, tt.want)
		}
	}
	for key, right := range map[string]config.Right{"ephemr_full_raw.*": config.Read, "ephemr_full_mart.*": config.Write, "ephemr_full.model_*": config.Write} {
		checkTable(t, "science", policy, key, right)
	}
	if data, _ := json.Marshal(policy); len(data) > 6144 {
		t.Errorf("the policy has %d characters, more than IAM allows", len(data))
	}
	if other := reads("ephemr_full_curated", "x"); len(denied(policy, other[1:2])) == 0 {
		t.Error("science may read tables of curated")
	}
	for _, r := range full.all("AWS::IAM::ManagedPolicy") {
		if text(r.Properties["ManagedPolicyName"]) == full.global("lake-science") && text(list(r.Properties["Roles"])[0]) != "science-analyst" {
			t.Errorf("the policy is attached to %v", r.Properties["Roles"])
		}
	}
}

// Jobs without a user may use the databases of all zones, and those of no other stage.
func TestJobsUseDatabasesOfZones(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	jobs := full.policies(t)[full.config.GlobalName("emr-instance", testRegion)]
	for _, database := range full.config.Databases() {
		checkTable(t, "emr-instance", jobs, database+".*", config.Write)
	}
	if len(full.config.Databases()) < 2 {
		t.Error("no zone has a database")
	}
	for _, database := range []string{"ephemr_fuller", "ephemr_fuller_raw"} {
		if other := reads(database, "x"); len(denied(jobs, other[1:2])) == 0 {
			t.Errorf("jobs may read tables of %s", database)
		}
	}
}

// governedLake is a stage whose team has grants in Lake Formation.
const governedLake = `
lake:
  teams:
    science: {zones: {curated: write}, tables: {"shared.prices": read}, roles: [science-analyst]}
access: {lakeFormation: true}
`

// With Lake Formation the roles of a team have grants of its tables, which wait for the databases.
func TestTeamsInLakeFormation(t *testing.T) {
	t.Parallel()
	if governed == nil {
		t.Skip("no templates in short mode")
	}
	var got []string
	for _, r := range governed.all("AWS::LakeFormation::PrincipalPermissions") {
		to, grant := text(at(r.Properties, "Principal", "DataLakePrincipalIdentifier")), r.Properties["Resource"]
		if !strings.HasSuffix(to, ":role/science-analyst") {
			t.Errorf("a grant to %s", to)
		}
		if len(r.DependsOn) < 4 {
			t.Errorf("the grant waits for %v, not for all databases", r.DependsOn)
		}
		on := text(at(grant, "Database", "Name"))
		if table := at(grant, "Table"); table != nil {
			on = text(at(table, "DatabaseName")) + "." + text(at(table, "Name"))
		}
		got = append(got, on+": "+strings.Join(texts(r.Properties["Permissions"]), " "))
	}
	if diff := cmp.Diff([]string{
		"default: DESCRIBE", "ephemr_governed_curated.<nil>: DESCRIBE SELECT ALTER DELETE DROP INSERT", "ephemr_governed_curated: DESCRIBE CREATE_TABLE",
		"shared.prices: DESCRIBE SELECT", "shared: DESCRIBE",
	}, sorted(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
