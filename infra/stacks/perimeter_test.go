package stacks_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"ephemr/internal/proof/iam"
)

// guarded are the kinds of resources that have a policy, the kind of that policy, its property that names them, and calls
// on them.
var guarded = map[string]struct {
	policy, property string
	calls            map[string]string // action -> what follows the ARN
}{
	"AWS::S3::Bucket":       {"AWS::S3::BucketPolicy", "Bucket", map[string]string{"s3:ListBucket": "", "s3:GetObject": "/key", "s3:PutObject": "/key"}},
	"AWS::SQS::Queue":       {"AWS::SQS::QueuePolicy", "Queues", map[string]string{"sqs:SendMessage": "", "sqs:ReceiveMessage": ""}},
	"AWS::SNS::Topic":       {"AWS::SNS::TopicPolicy", "Topics", map[string]string{"sns:Publish": ""}},
	"AWS::Events::EventBus": {"AWS::Events::EventBusPolicy", "EventBusName", map[string]string{"events:PutEvents": ""}},
}

// Callers of resources, with and without TLS.
var (
	person       = map[string][]string{"aws:PrincipalAccount": {testAccount}, "aws:PrincipalIsAWSService": {"false"}, "aws:SecureTransport": {"true"}}
	stranger     = map[string][]string{"aws:PrincipalAccount": {"999999999999"}, "aws:PrincipalIsAWSService": {"false"}, "aws:SecureTransport": {"true"}}
	anonymous    = map[string][]string{"aws:SecureTransport": {"true"}}
	service      = map[string][]string{"aws:PrincipalIsAWSService": {"true"}, "aws:SourceAccount": {testAccount}, "aws:SecureTransport": {"true"}}
	otherService = map[string][]string{"aws:PrincipalIsAWSService": {"true"}, "aws:SourceAccount": {"999999999999"}, "aws:SecureTransport": {"true"}}
	withoutTLS   = map[string][]string{"aws:PrincipalAccount": {testAccount}, "aws:PrincipalIsAWSService": {"false"}, "aws:SecureTransport": {"false"}}
)

// Every bucket, queue, topic and bus denies requests without TLS and those of other accounts, even if another statement
// allows everything.
func TestPerimeter(t *testing.T) {
	t.Parallel()
	for name, s := range withFull() {
		if s.config.CoarseRights {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if keys := s.all("AWS::KMS::Key"); len(keys) > 0 {
				t.Errorf("keys of the stage: add them to guarded")
			}
			for stack, template := range s.templates {
				for logical, r := range template.Resources {
					if _, ok := guarded[r.Type]; ok {
						s.checkPerimeter(t, stack, logical)
					}
				}
			}
		})
	}
}

func (s *stage) checkPerimeter(t *testing.T, stack, logical string) {
	t.Helper()
	r := s.templates[stack].Resources[logical]
	account := testAccount
	if s.config.Account != "" {
		account = s.config.Account
	}
	policy := s.resourcePolicy(t, stack, logical)
	for caller, tt := range map[string]struct {
		context map[string][]string
		allowed bool
	}{
		"a principal of the account": {person, true}, "a principal of another account": {stranger, false}, "anonymous": {anonymous, false},
		"a service for the account": {service, true}, "a service for another account": {otherService, false}, "without TLS": {withoutTLS, !s.config.EnforceTLS},
	} {
		context := maps.Clone(tt.context)
		for key, values := range context {
			if values[0] == testAccount {
				context[key] = []string{account}
			}
		}
		for action, suffix := range guarded[r.Type].calls {
			arn := s.attribute(t, stack, logical, "Arn") + suffix
			if allowed, _ := policy.Decide(iam.Request{Action: action, Resource: arn, Context: context}); allowed != tt.allowed {
				t.Errorf("%s, %s: %s is allowed: %t", r.name(), caller, action, allowed)
			}
		}
	}
}

// resourcePolicy is the policy of a resource, with a statement that allows everything: what it denies is denied
// explicitly.
func (s *stage) resourcePolicy(t *testing.T, stack, logical string) iam.Policy {
	t.Helper()
	kind := guarded[s.templates[stack].Resources[logical].Type]
	policy := iam.Policy{Statement: []iam.Statement{{Effect: "Allow", Action: iam.Texts{"*"}, Resource: iam.Texts{"*"}}}}
	for _, p := range s.templates[stack].Resources {
		if p.Type != kind.policy || !slices.ContainsFunc(list(p.Properties[kind.property]), func(v any) bool { return id(v) == logical }) {
			continue
		}
		for _, st := range slices.Concat(list(at(p.Properties, "PolicyDocument", "Statement")), list(p.Properties["Statement"])) {
			policy.Statement = append(policy.Statement, s.denial(t, stack, st)...)
		}
	}
	return policy
}

// denial is a statement that denies everyone something, or nothing. One that allows something must be for a service
// of AWS, on behalf of the account or of one of its resources.
func (s *stage) denial(t *testing.T, stack string, st any) []iam.Statement {
	t.Helper()
	if at(st, "Effect") == "Allow" {
		condition, _ := json.Marshal(at(st, "Condition")) //nolint:errchkjson // of a template
		if at(st, "Principal", "Service") == nil || !strings.Contains(string(condition), `"aws:Source`) {
			t.Errorf("%v allows more than a service of AWS on behalf of this account", st)
		}
		return nil
	}
	plain := s.resolve(t, stack, st).(map[string]any)
	if text(plain["Principal"]) != "*" && at(plain, "Principal", "AWS") != "*" {
		t.Errorf("%v denies some only", plain)
	}
	delete(plain, "Principal")
	document, err := json.Marshal(map[string]any{"Statement": []any{plain}})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := iam.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Statement
}
