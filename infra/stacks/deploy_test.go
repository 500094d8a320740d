package stacks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ephemr/infra/config"
)

// A creation that failed can be repeated: nothing that it made stays behind, and nothing refuses to be deleted.
// Source: AWS CloudFormation User Guide, "DeletionPolicy attribute"; a table with deletion protection ends the
// rollback as ROLLBACK_FAILED.
func TestFirstCreationCanBeRepeated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for stack, template := range s.templates {
			for id, r := range template.Resources {
				if r.DeletionPolicy == "Retain" {
					t.Errorf("%s of %s stays behind when the creation of the stack fails", id, stack)
				}
				if r.DeletionPolicy == "RetainExceptOnCreate" && r.UpdateReplacePolicy != "Retain" {
					t.Errorf("%s of %s is deleted when it is replaced", id, stack)
				}
				for _, property := range []string{"DeletionProtectionEnabled", "DeletionProtection", "TerminationProtection"} {
					if r.Properties[property] == true {
						t.Errorf("%s of %s has %s, and cannot be rolled back", id, stack, property)
					}
				}
			}
		}
	})
}

// CloudFormation does not delete an export that another stack imports: with one, a zone could not be removed.
func TestNoStackImportsFromAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for stack, template := range s.templates {
			for name, output := range template.Outputs {
				if at(output, "Export") != nil {
					t.Errorf("%s exports %s", stack, name)
				}
			}
			data, err := json.Marshal(template.Resources)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "Fn::ImportValue") {
				t.Errorf("%s imports a value of another stack", stack)
			}
		}
	})
}

// globalNames are the properties that name a resource in the whole account, or in all accounts, and the limits of
// their lengths.
var globalNames = map[string]struct {
	property string
	limit    int
}{
	"AWS::S3::Bucket":           {"BucketName", 63},
	"AWS::IAM::Role":            {"RoleName", 64},
	"AWS::IAM::InstanceProfile": {"InstanceProfileName", 128},
	"AWS::IAM::ManagedPolicy":   {"ManagedPolicyName", 128},
}

// names are the stage's names of resources that are not a Region's, as CloudFormation resolves them.
func (s *stage) globalNames(region string) (names []string, limits map[string]int) {
	resolve := strings.NewReplacer("${AWS::Region}", region, "${AWS::AccountId}", "111122223333")
	limits = map[string]int{}
	for kind, named := range globalNames {
		for _, r := range s.all(kind) {
			if r.Properties[named.property] == nil {
				continue // CloudFormation makes one up
			}
			name := resolve.Replace(text(r.Properties[named.property]))
			names, limits[name] = append(names, name), named.limit
		}
	}
	return names, limits
}

// One account can have the same stage in two Regions.
func TestTwoRegionsOfAnAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		names, _ := s.globalNames("eu-west-1")
		if len(names) < len(s.config.Zones)+3+4 {
			t.Fatalf("global names %q: the templates were not read correctly", names)
		}
		if s.config.Region != "" {
			for _, name := range names {
				if !strings.Contains(name, s.config.Region) {
					t.Errorf("%s does not name the Region", name)
				}
			}
			return
		}
		there, limits := s.globalNames("ap-southeast-1") // as long as any
		for _, name := range there {
			if slices.Contains(names, name) {
				t.Errorf("%s exists in both Regions", name)
			}
			if len(name) > limits[name] || strings.Contains(name, "${") {
				t.Errorf("%s has %d characters, more than %d", name, len(name), limits[name])
			}
		}
	})
}

// With customer managed keys every bucket is encrypted with the stage's, and whatever may read or write objects may use
// the key; clusters load the runner from a bucket with the bootstrap's key. Other stages use no keys.
func TestCustomerKeys(t *testing.T) {
	t.Parallel()
	if full == nil {
		t.Skip("no templates in short mode")
	}
	for _, s := range append(slices.Collect(maps.Values(stages)), full) {
		t.Run(s.config.Stage, func(t *testing.T) {
			t.Parallel()
			for _, bucket := range s.all("AWS::S3::Bucket") {
				if strings.Contains(bucket.name(), config.ReportsBucket) {
					continue // S3 cannot use KMS for access logs: TestReports
				}
				rule := list(at(bucket.Properties, "BucketEncryption", "ServerSideEncryptionConfiguration"))[0]
				if got, _ := at(rule, "ServerSideEncryptionByDefault", "KMSMasterKeyID").(string); got != s.config.Keys.Buckets {
					t.Errorf("%s is encrypted with %q, want %q", bucket.name(), got, s.config.Keys.Buckets)
				}
			}
			for _, group := range s.all("AWS::Athena::WorkGroup") {
				encryption := at(group.Properties, "WorkGroupConfiguration", "ResultConfiguration", "EncryptionConfiguration")
				if got, _ := at(encryption, "KmsKey").(string); got != s.config.Keys.Buckets {
					t.Errorf("%s encrypts results with %q", group.name(), got)
				}
			}
			s.checkKeys(t)
		})
	}
}

// usesKeys reports whether owner may use keys for more than secrets.
func (s *stage) usesKeys(owner, action string) bool {
	return slices.ContainsFunc(s.allowed(), func(st statement) bool {
		return st.owner == owner && slices.Contains(st.actions, action) && at(st.condition, "StringEquals", "kms:ViaService") == nil
	})
}

// checkKeys checks who may use the stage's keys.
func (s *stage) checkKeys(t *testing.T) {
	t.Helper()
	owners := map[string]bool{}
	for _, st := range s.allowed() {
		owners[st.owner] = true
	}
	for owner := range owners {
		may := s.rights(owner)
		for action, use := range map[string]string{"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"} {
			want := s.encrypts(may[action]) || s.encrypts(may["s3:PutObject"]) // an upload in parts decrypts
			if got := slices.Contains(may[use], s.config.Keys.Buckets); got != want && s.config.Keys.Buckets != "" {
				t.Errorf("%s is allowed %s of %q, and %s for the stage's key: %t", owner, action, may[action], use, got)
			}
			if s.config.Keys == (config.Keys{}) && s.usesKeys(owner, use) {
				t.Errorf("%s is allowed %s of a stage without keys", owner, use)
			}
		}
		loads := slices.Contains([]string{s.global("emr-instance"), s.global("emr-users")}, s.templates["platform"].Resources[owner].name()) && s.config.Keys.Bootstrap != ""
		if got := slices.Contains(may["kms:Decrypt"], s.config.Keys.Bootstrap); got != loads {
			t.Errorf("%s may load objects from an encrypted bootstrap bucket: %t", owner, got)
		}
	}
}

// encrypts reports whether one of these resources is encrypted with the key of the stage's buckets.
func (s *stage) encrypts(resources []string) bool {
	return s.config.Keys.Buckets != "" && slices.ContainsFunc(resources, s.inBuckets)
}

// inBuckets reports whether an ARN is of objects in buckets of the stage: in the lake's stack a reference, elsewhere a name.
func (s *stage) inBuckets(resource string) bool {
	bucket := strings.HasPrefix(s.templates["lake"].Resources[id(resource)].Type, "AWS::S3::")
	return bucket || strings.Contains(resource, ":s3:::"+s.config.Name(""))
}
