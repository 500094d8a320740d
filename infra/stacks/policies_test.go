package stacks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ephemr/internal/proof/iam"
)

// Where templates are deployed, in tests that evaluate their policies.
const (
	testAccount = "000000000000"
	testRegion  = "us-east-1"
)

// policies are the identity-based policies of the stage as deployed, by the name of
// their function, role or managed policy.
func (s *stage) policies(t *testing.T) map[string]iam.Policy {
	t.Helper()
	all := map[string]iam.Policy{}
	for stack, template := range s.templates {
		for logical, r := range template.Resources {
			var owner string
			switch r.Type {
			case "AWS::IAM::Policy":
				owner = s.owner(stack, id(list(r.Properties["Roles"])[0]))
			case "AWS::IAM::ManagedPolicy":
				owner = pseudo.Replace(text(r.Properties["ManagedPolicyName"]))
			default:
				continue
			}
			document, err := json.Marshal(s.resolve(t, stack, r.Properties["PolicyDocument"]))
			if err != nil {
				t.Fatal(err)
			}
			policy, err := iam.Parse(document)
			if err != nil {
				t.Fatalf("%s: %v\n%s", logical, err, document)
			}
			all[owner] = iam.Policy{Statement: append(all[owner].Statement, policy.Statement...)}
		}
	}
	return all
}

// owner is the name of the function that has a role, else the role's.
func (s *stage) owner(stack, role string) string {
	for _, r := range s.templates[stack].Resources {
		if r.Type == "AWS::Lambda::Function" && id(r.Properties["Role"]) == role {
			return r.name()
		}
	}
	if name := s.templates[stack].Resources[role].name(); name != "" {
		return pseudo.Replace(name)
	}
	return role
}

// resolve replaces the intrinsic functions of a value of a stack's template by what
// they return after a deployment.
func (s *stage) resolve(t *testing.T, stack string, v any) any {
	t.Helper()
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.resolve(t, stack, v[i])
		}
		return out
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok {
			return s.attribute(t, stack, ref, "")
		}
		if parts := list(v["Fn::GetAtt"]); parts != nil {
			return s.attribute(t, stack, text(parts[0]), text(parts[1]))
		}
		if sub, ok := v["Fn::Sub"].(string); ok {
			return pseudo.Replace(sub)
		}
		if name, ok := v["Fn::ImportValue"].(string); ok {
			return s.imported(t, name)
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			for _, part := range list(s.resolve(t, stack, join[1])) {
				parts = append(parts, fmt.Sprint(part))
			}
			return strings.Join(parts, text(join[0]))
		}
		out := map[string]any{}
		for key, value := range v {
			out[key] = s.resolve(t, stack, value)
		}
		return out
	}
	return v
}

var pseudo = strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::Region}", testRegion, "${AWS::AccountId}", testAccount)

// imported is the value that another stack exports.
func (s *stage) imported(t *testing.T, name string) any {
	t.Helper()
	for stack, template := range s.templates {
		for _, output := range template.Outputs {
			if text(at(output, "Export", "Name")) == name {
				return s.resolve(t, stack, at(output, "Value"))
			}
		}
	}
	t.Fatalf("no stack exports %s", name)
	return nil
}

// attribute is what Ref (no attribute) or Fn::GetAtt returns.
func (s *stage) attribute(t *testing.T, stack, logical, attribute string) string {
	t.Helper()
	if strings.HasPrefix(logical, "AWS::") {
		return pseudo.Replace("${" + logical + "}")
	}
	r, ok := s.templates[stack].Resources[logical]
	if !ok {
		return "parameter-" + logical // such as the version of the bootstrap stack
	}
	name := fmt.Sprint(s.resolve(t, stack, r.Properties[nameProperties[r.Type]]))
	switch { // names that the deployment generates
	case r.Type == "AWS::IAM::Role" && r.Properties["RoleName"] == nil:
		name = logical
	case r.Type == "AWS::ServiceDiscovery::HttpNamespace":
		name = "ns-deployed"
	}
	format := arnFormats[r.Type]
	switch attribute {
	case "":
		if r.Type != "AWS::SNS::Topic" { // whose Ref is its ARN
			return name
		}
	case "Arn", "TopicArn":
	default:
		return logical + "." + attribute
	}
	if format == "" {
		t.Fatalf("unknown ARN of %s %s", r.Type, logical)
	}
	return pseudo.Replace(strings.ReplaceAll(format, "NAME", name))
}

var nameProperties = map[string]string{
	"AWS::DynamoDB::Table": "TableName", "AWS::Events::ApiDestination": "Name", "AWS::Events::EventBus": "Name", "AWS::IAM::Role": "RoleName", "AWS::Lambda::Function": "FunctionName",
	"AWS::Kinesis::Stream": "Name", "AWS::Logs::LogGroup": "LogGroupName", "AWS::S3::Bucket": "BucketName", "AWS::SNS::Topic": "TopicName", "AWS::SQS::Queue": "QueueName",
}

var arnFormats = map[string]string{
	"AWS::DynamoDB::Table":                 "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/NAME",
	"AWS::Events::ApiDestination":          "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:api-destination/NAME/1",
	"AWS::Events::EventBus":                "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/NAME",
	"AWS::IAM::Role":                       "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/NAME",
	"AWS::Lambda::Function":                "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:NAME",
	"AWS::Kinesis::Stream":                 "arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/NAME",
	"AWS::Logs::LogGroup":                  "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:NAME:*",
	"AWS::S3::Bucket":                      "arn:${AWS::Partition}:s3:::NAME",
	"AWS::SNS::Topic":                      "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:NAME",
	"AWS::SQS::Queue":                      "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:NAME",
	"AWS::ServiceDiscovery::HttpNamespace": "arn:${AWS::Partition}:servicediscovery:${AWS::Region}:${AWS::AccountId}:namespace/NAME",
}
