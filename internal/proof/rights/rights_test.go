package rights_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/awsapi"
	"ephemr/internal/proof/iam"
	"ephemr/internal/proof/rights"
)

var place = rights.Place{
	Account: "123456789012", Region: "eu-west-1", StateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:run",
	ClusterTags: func(id string) map[string]string {
		if id == "j-FOREIGN" {
			return nil
		}
		return map[string]string{"ephemr:stage": "test"}
	},
}

type input = map[string][]string

// One call may need several permissions.
func TestNeeds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		call awsapi.Call
		want []string
	}{
		"an item": {
			awsapi.Call{Service: "DynamoDB", Operation: "GetItem", Input: input{"TableName": {"runs"}}},
			[]string{"dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:123456789012:table/runs"},
		},
		"an index": {
			awsapi.Call{Service: "DynamoDB", Operation: "Query", Input: input{"TableName": {"runs"}, "IndexName": {"byState"}}},
			[]string{"dynamodb:Query on arn:aws:dynamodb:eu-west-1:123456789012:table/runs/index/byState"},
		},
		"the parts of a transaction": {
			awsapi.Call{Service: "DynamoDB", Operation: "TransactWriteItems", Input: input{
				"TransactItems.Put.TableName": {"runs"}, "TransactItems.Update.TableName": {"clusters"},
			}},
			[]string{
				"dynamodb:PutItem on arn:aws:dynamodb:eu-west-1:123456789012:table/runs",
				"dynamodb:UpdateItem on arn:aws:dynamodb:eu-west-1:123456789012:table/clusters",
			},
		},
		"an object that may be missing": {
			awsapi.Call{Service: "S3", Operation: "GetObject", Input: input{"Bucket": {"logs"}, "Key": {"runs/a"}}},
			[]string{"s3:GetObject on arn:aws:s3:::logs/runs/a", "s3:ListBucket on arn:aws:s3:::logs"},
		},
		"a partition": {
			awsapi.Call{Service: "Glue", Operation: "UpdatePartition", Input: input{"DatabaseName": {"ephemr_test"}, "TableName": {"stores"}}},
			[]string{
				"glue:UpdatePartition on arn:aws:glue:eu-west-1:123456789012:catalog",
				"glue:UpdatePartition on arn:aws:glue:eu-west-1:123456789012:database/ephemr_test",
				"glue:UpdatePartition on arn:aws:glue:eu-west-1:123456789012:table/ephemr_test/stores",
			},
		},
		"a cluster": {
			awsapi.Call{Service: "EMR", Operation: "RunJobFlow", Input: input{
				"Tags.Key": {"ephemr:stage"}, "Tags.Value": {"test"}, "ServiceRole": {"service"}, "JobFlowRole": {"instance"}, "AutoTerminationPolicy.IdleTimeout": {"60"},
			}},
			[]string{
				"elasticmapreduce:RunJobFlow on *, aws:RequestTag/ephemr:stage=test, aws:TagKeys=ephemr:stage",
				"elasticmapreduce:AddTags on arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-NEW, aws:RequestTag/ephemr:stage=test, aws:TagKeys=ephemr:stage",
				"elasticmapreduce:AddTags on arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-NEW, aws:RequestTag/ephemr:stage=test, aws:ResourceTag/ephemr:stage=test, aws:TagKeys=ephemr:stage",
				"iam:PassRole on arn:aws:iam::123456789012:role/service, iam:PassedToService=elasticmapreduce.amazonaws.com",
				"iam:PassRole on arn:aws:iam::123456789012:role/instance, iam:PassedToService=ec2.amazonaws.com",
				"elasticmapreduce:PutAutoTerminationPolicy on arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-NEW",
				"elasticmapreduce:PutAutoTerminationPolicy on arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-NEW, aws:ResourceTag/ephemr:stage=test",
			},
		},
		"a step with a role": {
			awsapi.Call{Service: "EMR", Operation: "AddJobFlowSteps", Input: input{"JobFlowId": {"j-1"}, "ExecutionRoleArn": {"arn:aws:iam::1:role/u"}}},
			[]string{"elasticmapreduce:AddJobFlowSteps on arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-1, aws:ResourceTag/ephemr:stage=test, elasticmapreduce:ExecutionRoleArn=arn:aws:iam::1:role/u"},
		},
		"a cluster without tags": {
			awsapi.Call{Service: "EMR", Operation: "TerminateJobFlows", Input: input{"JobFlowIds": {"j-FOREIGN"}}},
			[]string{"elasticmapreduce:TerminateJobFlows on arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-FOREIGN"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests, err := rights.Needs(place, tt.call)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range requests {
				got = append(got, r.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("permissions (-want +got):\n%s", diff)
			}
		})
	}
}

// A call that is not understood is an error: it would pass unchecked otherwise.
func TestUnknownCalls(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]awsapi.Call{
		"a service":           {Service: "Athena", Operation: "GetTable"},
		"an operation":        {Service: "S3", Operation: "CopyObject", Input: input{"Bucket": {"b"}, "Key": {"k"}}},
		"no table":            {Service: "DynamoDB", Operation: "GetItem"},
		"no queue":            {Service: "SQS", Operation: "SendMessage"},
		"a step of nothing":   {Service: "EMR", Operation: "ListSteps"},
		"no name of a stream": {Service: "CloudWatch Logs", Operation: "GetLogEvents", Input: input{"LogGroupName": {"g"}}},
	} {
		if got, err := rights.Needs(place, call); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	allow := func(resource string, actions ...string) iam.Statement {
		return iam.Statement{Effect: "Allow", Action: actions, Resource: iam.Texts{resource}}
	}
	const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/runs"
	policies := rights.Policies{"ephemr-test-watch": {Statement: []iam.Statement{allow(table, "dynamodb:GetItem", "dynamodb:PutItem"), allow("*", "logs:PutLogEvents")}}}
	call := func(operation string) awsapi.Call {
		return awsapi.Call{Service: "DynamoDB", Operation: operation, Input: input{"TableName": {"runs"}}}
	}
	missing, used := rights.Missing(place, policies, map[string][]awsapi.Call{"ephemr-test-watch": {call("GetItem"), call("DeleteItem"), call("DeleteItem")}})
	if len(missing) != 1 || !strings.Contains(missing[0], "watch calls DeleteItem, but is not allowed dynamodb:DeleteItem on "+table) {
		t.Errorf("missing: %q", missing)
	}
	exceptions := []rights.Exception{
		{Actions: []string{"logs:PutLogEvents"}},
		{Functions: []string{"watch"}, Actions: []string{"dynamodb:Scan"}, EndToEnd: true},
	}
	got := slices.Concat(rights.Unused(policies, used, exceptions), rights.NotRecorded(used, exceptions))
	want := []string{
		"ephemr-test-watch is allowed dynamodb:PutItem on " + table + ", which no call needs",
		"[watch] are not allowed [dynamodb:Scan]: remove the exception",
		"no call of [watch] has needed dynamodb:Scan in the end-to-end tests",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Every exception says why.
func TestExceptionsHaveReasons(t *testing.T) {
	t.Parallel()
	for _, e := range rights.Exceptions() {
		if len(e.Why) < 10 || len(e.Actions) == 0 {
			t.Errorf("%+v", e)
		}
	}
}
