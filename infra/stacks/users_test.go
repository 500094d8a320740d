package stacks_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
	"ephemr/internal/access"
	contract "ephemr/internal/stage"
)

// userRoles are the users' roles by logical id.
func (s *stage) userRoles() map[string]resource {
	roles := map[string]resource{}
	for id, r := range s.templates["platform"].Resources {
		if r.Type == "AWS::IAM::Role" && strings.HasPrefix(r.name(), s.config.Name("user-")) {
			roles[id] = r
		}
	}
	return roles
}

// userRights returns what a user is allowed: action -> resources.
func (s *stage) userRights(name string) map[string][]string {
	found := map[string][]string{}
	for _, st := range s.allowed() {
		if s.templates["platform"].Resources[st.owner].name() != s.global(config.UserRole(name)) {
			continue
		}
		for _, action := range st.actions {
			found[action] = append(found[action], st.resources...)
		}
	}
	return found
}

// Only the clusters' instances can assume a user's role, and no principal can pass it.
func TestUserRolesAreTheInstances(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		roles := s.userRoles()
		if len(roles) != len(s.config.Access.Users) {
			t.Errorf("got %d roles for %d users", len(roles), len(s.config.Access.Users))
		}
		var arns []string
		for logical, role := range roles {
			arns = append(arns, "${"+logical+".Arn}")
			for _, st := range list(at(role.Properties, "AssumeRolePolicyDocument", "Statement")) {
				instance := s.templates["platform"].Resources[id(at(st, "Principal", "AWS"))]
				if actions := texts(at(st, "Action")); instance.name() != s.global("emr-users") || !slices.Equal(actions, []string{"sts:AssumeRole", "sts:TagSession"}) {
					t.Errorf("%s trusts %s to %v", role.name(), instance.name(), actions)
				}
			}
		}
		slices.Sort(arns)
		holders := s.holders("sts:AssumeRole")
		maps.DeleteFunc(holders, func(who string, _ any) bool { return strings.HasPrefix(who, "CheckSQL ") }) // TestCheckRoles
		for who := range holders {
			owner, resources, _ := strings.Cut(who, " ")
			got := strings.Fields(resources)
			slices.Sort(got)
			if owner != "EmrUsersInstance" || !slices.Equal(got, arns) {
				t.Errorf("%s may assume %v, want EmrUsersInstance %v", owner, got, arns)
			}
		}
		if len(arns) > 0 != (len(holders) == 1) {
			t.Errorf("who may assume roles: %v", holders)
		}
	})
}

// A user has access to its zones and tables and to its own runs only.
func TestUserRights(t *testing.T) {
	t.Parallel()
	s := stages[strict]
	if s == nil {
		t.Skip("no templates in short mode")
	}
	bucket := func(name string) string {
		return "arn:${AWS::Partition}:s3:::" + s.config.BucketName(name, "${AWS::AccountId}", "${AWS::Region}")
	}
	is := func(prefix, suffix string) func(string) bool {
		return func(r string) bool { return strings.HasPrefix(r, prefix) && strings.HasSuffix(r, suffix) }
	}
	group := func(suffix string) func(string) bool { return is("", suffix) }
	for name, want := range map[string]map[string][]func(string) bool{
		"etl": {
			"s3:GetObject": {
				is(bucket("artifacts"), "/packages/*"), is(bucket("artifacts"), "/users/etl/venvs/*"), is(bucket("logs"), "/users/etl/*"),
				is(bucket("curated"), "/*"), is(bucket("raw"), "/*"),
			},
			"s3:PutObject":         {is(bucket("logs"), "/users/etl/*"), is(bucket("artifacts"), "/users/etl/venvs/*"), is(bucket("curated"), "/*")},
			"s3:DeleteObject":      {is(bucket("curated"), "/*")},
			"s3:ListBucket":        {is(bucket("curated"), "}"), is(bucket("raw"), "}")},
			"logs:PutLogEvents":    {group(":log-group:/ephemr/strict/runs:log-stream:users/etl/*")},
			"logs:GetLogEvents":    {group(":log-group:/ephemr/strict/runs:log-stream:users/etl/*")},
			"glue:DeleteTable":     {group(":catalog"), group(":database/ephemr_strict"), group(":table/ephemr_strict/*")},
			"logs:CreateLogStream": {group(".Arn}")},

			"secretsmanager:GetSecretValue": {group(":${AWS::AccountId}:secret:stores/*"), is("arn:aws:secretsmanager:eu-west-1:999999999999:secret:shared-AbCdEf", "")},
			"ssm:GetParameter":              {group(":${AWS::AccountId}:parameter/stores/token")},
			"kms:Decrypt":                   {group(":${AWS::AccountId}:key/*"), is("arn:aws:kms:eu-west-1:999999999999:key/*", "")},
		},
		"reader": {
			"s3:GetObject": {
				is(bucket("artifacts"), "/packages/*"), is(bucket("artifacts"), "/users/reader/venvs/*"), is(bucket("logs"), "/users/reader/*"),
				is(bucket("curated"), "/*"),
			},
			"s3:PutObject":    {is(bucket("logs"), "/users/reader/*"), is(bucket("artifacts"), "/users/reader/venvs/*")},
			"s3:DeleteObject": nil,
			"kms:Decrypt":     nil,

			"secretsmanager:GetSecretValue": nil,
			"ssm:GetParameter":              nil,
			"glue:DeleteTable":              nil,
			"logs:PutLogEvents":             {group(":log-stream:users/reader/*")},
			"logs:GetLogEvents":             {group(":log-stream:users/reader/*")},
			"glue:GetTable": {
				group(":catalog"), group(":database/ephemr_strict"), group(":table/ephemr_strict/delays"),
				group(":database/reference"), group(":table/reference/airports"),
			},
		},
	} {
		got := s.userRights(name)
		if len(got) < 10 {
			t.Fatalf("%s has rights %v: the templates were not read correctly", name, got)
		}
		for action, resources := range want {
			holds(t, name+" "+action, got[action], resources)
		}
		for action := range got {
			if service, _, _ := strings.Cut(action, ":"); !slices.Contains([]string{"s3", "logs", "glue", "lakeformation", "secretsmanager", "ssm", "kms"}, service) {
				t.Errorf("%s is allowed %s", name, action)
			}
		}
	}
}

// Jobs without a user share the instances' role. It must not show them where the
// objects of other runs are, whose names cannot be guessed.
func TestInstancesListNoRuns(t *testing.T) {
	t.Parallel()
	private := regexp.MustCompile(`(?i)artifacts|logs`)
	each(t, func(t *testing.T, s *stage) {
		found := 0
		for _, st := range s.allowed() {
			if !strings.HasPrefix(st.owner, "EmrInstance") || !slices.ContainsFunc(st.actions, func(a string) bool { return strings.HasPrefix(a, "s3:List") }) {
				continue
			}
			found++
			if slices.ContainsFunc(st.resources, private.MatchString) && at(st.condition, "StringLike", "s3:prefix") != "emr/*" {
				t.Errorf("%s is allowed %v on %v with the condition %v", st.owner, st.actions, st.resources, st.condition)
			}
		}
		if found == 0 {
			t.Error("the templates were not read correctly")
		}
	})
}

// holds checks that each resource matches one of want, in any order.
func holds(t *testing.T, what string, got []string, want []func(string) bool) {
	t.Helper()
	slices.Sort(got)
	got = slices.Compact(got)
	for _, r := range got {
		if !slices.ContainsFunc(want, func(like func(string) bool) bool { return like(r) }) {
			t.Errorf("%s: unexpected %s", what, r)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d resources, want %d: %v", what, len(got), len(want), got)
	}
}

// Steps get the role of one of the stage's users, or none unless users are required.
func TestStepsGetUsersRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		var roles []string
		for logical := range s.userRoles() {
			roles = append(roles, "${"+logical+".Arn}")
		}
		slices.Sort(roles)
		operator := "ArnEqualsIfExists"
		if s.config.Access.Required {
			operator = "ArnEquals"
		}
		for who, condition := range s.holders("elasticmapreduce:AddJobFlowSteps") {
			if len(roles) == 0 {
				if at(condition, "Null", "elasticmapreduce:ExecutionRoleArn") != "true" {
					t.Errorf("%s may add steps with a role: %v", who, condition)
				}
				continue
			}
			got := texts(at(condition, operator, "elasticmapreduce:ExecutionRoleArn"))
			slices.Sort(got)
			if diff := cmp.Diff(roles, got); diff != "" {
				t.Errorf("roles of steps that %s adds (-want +got):\n%s", who, diff)
			}
		}
	})
}

// isLineageKey reports whether it is the key of the server that lineage events are sent to.
func isLineageKey(st statement, owner string) bool {
	return strings.HasPrefix(owner, "Notify") && len(st.resources) == 1 && strings.HasSuffix(st.resources[0], ":secret:ephemr/marquez-??????")
}

func checkSecretRight(t *testing.T, st statement, owner, action string) {
	t.Helper()
	switch action {
	case "kms:Decrypt":
		via := append(texts(at(st.condition, "StringEquals", "kms:ViaService")), texts(at(st.condition, "StringLike", "kms:EncryptionContext:SecretARN"))...)
		via = append(via, texts(at(st.condition, "StringLike", "kms:EncryptionContext:PARAMETER_ARN"))...)
		if len(via) < 2 || !strings.HasPrefix(via[0], "secretsmanager.") && !strings.HasPrefix(via[0], "ssm.") {
			t.Errorf("%s may decrypt with %v, if %v", st.owner, st.resources, st.condition)
		}
	case "secretsmanager:GetSecretValue":
		if !strings.HasPrefix(owner, "EmrInstance") && !strings.HasPrefix(owner, "Users") && !isLineageKey(st, owner) {
			t.Errorf("%s may read %v", st.owner, st.resources)
		}
	case "secretsmanager:DescribeSecret", "ssm:DescribeParameters":
		if !strings.HasPrefix(owner, "PrepareRun") {
			t.Errorf("%s may %s of %v", st.owner, action, st.resources)
		}
	}
}

// Jobs decrypt with a customer's key what they may read, and that only through the
// store. Only PrepareRun looks for secrets, and it cannot read them.
func TestSecretsAreDecryptedThroughTheirStore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, st := range s.allowed() {
			owner := strings.TrimRight(st.owner, "0123456789ABCDEF")
			for _, action := range st.actions {
				checkSecretRight(t, st, owner, action)
			}
		}
		if got, want := len(s.holders("secretsmanager:DescribeSecret")) > 0, len(s.config.AllSecrets()) > 0; got != want {
			t.Errorf("PrepareRun may look for secrets: %v, want %v", got, want)
		}
	})
}

// Where users are required, the instance profile has no access to data. That of clusters for runs with a user never has,
// and only it may assume roles.
func TestInstancesWithoutData(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		instances, users := s.actions("emr-instance"), s.actions("emr-users")
		for _, action := range []string{"s3:DeleteObject", "glue:GetTable"} {
			if slices.Contains(instances, action) == s.config.Access.Required {
				t.Errorf("instances may %s: %t", action, !s.config.Access.Required)
			}
		}
		if slices.Contains(instances, "sts:AssumeRole") {
			t.Error("instances of runs without a user may assume roles")
		}
		var want []string
		if len(s.config.Access.Users) > 0 {
			want = []string{
				"glue:CreateDatabase", "glue:GetDatabase", "glue:GetUserDefinedFunctions", "s3:GetObject", "s3:PutObject", "sts:AssumeRole", "sts:TagSession",
			}
		}
		if diff := cmp.Diff(want, users); diff != "" {
			t.Errorf("instances of runs with a user (-want +got):\n%s", diff)
		}
	})
}

// Bootstrap actions are read by the instances of all clusters.
func TestBootstrapActionsAreReadable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		readers := 0
		for who := range s.holders("s3:GetObject") {
			if strings.Contains(who, ":s3:::setup/install.sh") {
				readers++
			}
		}
		want := 0
		if s == full {
			want = 2
		}
		if readers != want {
			t.Errorf("%d roles may read bootstrap actions, want %d: %v", readers, want, s.holders("s3:GetObject"))
		}
	})
}

// actions are what a role of IAM may do, sorted.
func (s *stage) actions(role string) []string {
	var all []string
	for _, st := range s.allowed() {
		if s.templates["platform"].Resources[st.owner].name() == s.global(role) {
			all = append(all, st.actions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The parameters of users match the configuration.
func TestUserRecords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, name := range s.config.UserNames() {
			var got access.User
			for _, p := range s.all("AWS::SSM::Parameter") {
				if p.name() != contract.UserParameter(s.config.Stage, name) {
					continue
				}
				if err := json.Unmarshal([]byte(text(p.Properties["Value"])), &got); err != nil {
					t.Fatal(err)
				}
			}
			if role := s.templates["platform"].Resources[id(got.Role)]; role.name() != s.global(config.UserRole(name)) {
				t.Errorf("user %s has role %q", name, got.Role)
			}
			u := s.config.Access.Users[name]
			want := access.User{Name: name, Role: got.Role, Team: u.Team, Callers: u.Callers, Pipelines: u.Pipelines, Secrets: u.Secrets}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("user %s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// Every cluster requires tokens for instance metadata, and those of users have runtime roles. The emulator has no
// security configurations.
func TestSecurityConfiguration(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		made := s.all("AWS::EMR::SecurityConfiguration")
		want := 0
		if !s.config.CoarseRights {
			want++
		}
		users := len(s.config.Access.Users) > 0 && s.config.Access.SecurityConfig == ""
		if users {
			want++
		}
		if len(made) != want {
			t.Fatalf("got %d security configurations, want %d", len(made), want)
		}
		for _, c := range made {
			checkSecurity(t, s, c)
		}
	})
}

// checkSecurity checks a security configuration.
func checkSecurity(t *testing.T, s *stage, c resource) {
	t.Helper()
	authorization := at(c.Properties, "SecurityConfiguration", "AuthorizationConfiguration")
	if authorization != nil && at(authorization, "IAMConfiguration", "EnableApplicationScopedIAMRole") != true {
		t.Errorf("no runtime roles: %v", c.Properties)
	}
	metadata := at(c.Properties, "SecurityConfiguration", "InstanceMetadataServiceConfiguration")
	if at(metadata, "MinimumInstanceMetadataServiceVersion") != 2.0 || at(metadata, "HttpPutResponseHopLimit") != 1.0 {
		t.Errorf("instance metadata without tokens: %v", metadata)
	}
	if tag := at(authorization, "LakeFormationConfiguration", "AuthorizedSessionTagValue"); (tag == "Amazon EMR") != (authorization != nil && s.config.Access.LakeFormation) {
		t.Errorf("session tag %v", tag)
	}
}

// Lake Formation permissions match those of IAM, and exist only where configured.
func TestLakeFormation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		var got []string
		for _, p := range s.all("AWS::LakeFormation::PrincipalPermissions") {
			role := s.templates["platform"].Resources[id(at(p.Properties, "Principal", "DataLakePrincipalIdentifier"))]
			what := "database " + text(at(p.Properties, "Resource", "Database", "Name"))
			if table := at(p.Properties, "Resource", "Table"); table != nil {
				name := "*"
				if at(table, "Name") != nil {
					name = text(at(table, "Name"))
				}
				what = text(at(table, "DatabaseName")) + "." + name
			}
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(role.name(), s.config.Name("user-")), "-${AWS::Region}")+" "+what+" "+strings.Join(texts(p.Properties["Permissions"]), " "))
			if len(list(p.Properties["PermissionsWithGrantOption"])) > 0 {
				t.Errorf("%s may grant its permissions to others", role.name())
			}
		}
		slices.Sort(got)
		var want []string
		if s.config.Stage == strict {
			want = []string{
				"etl database default DESCRIBE",
				"etl database ephemr_strict DESCRIBE CREATE_TABLE",
				"etl ephemr_strict.* DESCRIBE SELECT ALTER DELETE DROP INSERT",
				"reader database default DESCRIBE",
				"reader database ephemr_strict DESCRIBE",
				"reader database reference DESCRIBE",
				"reader ephemr_strict.delays DESCRIBE SELECT",
				"reader reference.airports DESCRIBE SELECT",
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("grants (-want +got):\n%s", diff)
		}
	})
}
