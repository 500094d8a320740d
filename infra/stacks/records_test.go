package stacks_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

func TestTables(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		got := map[string]string{}
		for _, table := range s.all("AWS::DynamoDB::Table") {
			var keys, indexes []string
			for _, key := range list(table.Properties["KeySchema"]) {
				keys = append(keys, text(at(key, "AttributeName")))
			}
			for _, index := range list(table.Properties["GlobalSecondaryIndexes"]) {
				indexes = append(indexes, text(at(index, "IndexName")))
			}
			got[table.name()] = fmt.Sprint(keys, indexes, at(table.Properties, "TimeToLiveSpecification", "AttributeName"))
			if at(table.Properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
				t.Errorf("%s has no point-in-time recovery", table.name())
			}
			if table.Properties["BillingMode"] != "PAY_PER_REQUEST" {
				t.Errorf("%s does not have on-demand capacity", table.name())
			}
			s.checkRetained(t, table)
		}
		want := map[string]string{
			s.config.Name("runs"):      fmt.Sprint([]string{"pk", "sk"}, []string{store.ByState, store.ByPipeline}, "ttl"),
			s.config.Name("pipelines"): fmt.Sprint([]string{"pk", "sk"}, []string{records.ByDue}, nil),
			s.config.Name("clusters"):  fmt.Sprint([]string{"pk"}, []string{}, "ttl"),
			s.config.Name("ledger"):    fmt.Sprint([]string{"pk", "sk"}, []string{records.ByClosing}, "ttl"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tables (-want +got):\n%s", diff)
		}
	})
}

func (s *stage) checkRetained(t *testing.T, r resource) {
	t.Helper()
	want := "Delete"
	if s.config.Retain {
		want = "RetainExceptOnCreate"
	}
	if r.DeletionPolicy != want {
		t.Errorf("%s has deletion policy %s, want %s", r.name(), r.DeletionPolicy, want)
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		closed := map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}
		buckets := s.all("AWS::S3::Bucket")
		if got, want := len(buckets), len(s.config.Zones)+3; got != want {
			t.Errorf("got %d buckets, want %d", got, want)
		}
		for _, bucket := range buckets {
			if diff := cmp.Diff(closed, bucket.Properties["PublicAccessBlockConfiguration"]); diff != "" {
				t.Errorf("%s is open to the public (-want +got):\n%s", bucket.name(), diff)
			}
			if bucket.Properties["BucketEncryption"] == nil {
				t.Errorf("%s is not encrypted", bucket.name())
			}
			s.checkRetained(t, bucket)
			events := at(bucket.Properties, "NotificationConfiguration", "EventBridgeConfiguration", "EventBridgeEnabled") == true
			if raw := strings.HasPrefix(bucket.name(), s.config.Name("raw")); events != raw {
				t.Errorf("%s sends events: %t", bucket.name(), events)
			}
		}
	})
}

// Where TLS is enforced, every bucket, queue and topic denies HTTP.
func TestTLS(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		denied := 0
		for _, kind := range []string{"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"} {
			for _, policy := range s.all(kind) {
				for _, st := range list(at(policy.Properties, "PolicyDocument", "Statement")) {
					if at(st, "Effect") == "Deny" && at(st, "Condition", "Bool", "aws:SecureTransport") == "false" {
						denied++
					}
				}
			}
		}
		want := 0
		if s.config.EnforceTLS {
			want = len(s.all("AWS::S3::Bucket")) + len(s.all("AWS::SQS::Queue")) + len(s.all("AWS::SNS::Topic"))
		}
		if denied != want {
			t.Errorf("%d policies refuse http, want %d", denied, want)
		}
	})
}

func TestQueues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		platform := s.templates["platform"].Resources
		var read []string
		for _, mapping := range s.all("AWS::Lambda::EventSourceMapping") {
			queue, fn := platform[id(mapping.Properties["EventSourceArn"])], platform[id(mapping.Properties["FunctionName"])]
			read = append(read, queue.name())
			if visible, timeout := queue.Properties["VisibilityTimeout"].(float64), fn.Properties["Timeout"].(float64); visible < 6*timeout {
				t.Errorf("%s hides messages for %g s, and %s may take %g s", queue.name(), visible, fn.name(), timeout)
			}
			if diff := cmp.Diff([]any{"ReportBatchItemFailures"}, mapping.Properties["FunctionResponseTypes"]); diff != "" {
				t.Errorf("%s does not report partial batch failures: %s", queue.name(), diff)
			}
		}
		if want := []string{s.config.Name("events"), s.config.Name("requests")}; !slices.Equal(read, want) {
			t.Errorf("queues %v are read, want %v", read, want)
		}
		for _, queue := range s.all("AWS::SQS::Queue") {
			if queue.Properties["SqsManagedSseEnabled"] != true {
				t.Errorf("%s is not encrypted", queue.name())
			}
			redrive := queue.Properties["RedrivePolicy"]
			if dead := strings.HasSuffix(queue.name(), "-dlq"); dead == (redrive != nil) {
				t.Errorf("%s has redrive policy %v", queue.name(), redrive)
			}
			if redrive != nil && at(redrive, "maxReceiveCount") != 5.0 {
				t.Errorf("%s gives up after %v times", queue.name(), at(redrive, "maxReceiveCount"))
			}
		}
	})
}

// SSM parameters of the standard tier and environments of functions are limited to 4 KB.
func TestParameters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, parameter := range s.all("AWS::SSM::Parameter") {
			value := text(parameter.Properties["Value"])
			if len(value) > 4096-256 { // resolved tokens may be longer
				t.Errorf("%s has %d bytes", parameter.name(), len(value))
			}
			if !json.Valid([]byte(value)) {
				t.Errorf("%s is not JSON: %s", parameter.name(), value)
			}
		}
	})
}
