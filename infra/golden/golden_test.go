package golden_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/golden"
)

const hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// template is a stack of stage, with names as CDK makes them.
func template(stage, account, settings string, retention int, more ...string) []byte {
	return fmt.Appendf(nil, `{"Outputs": {"QueueArn": {"Value": {"Fn::GetAtt": ["Queue7396B467", "Arn"]}}},
    "Resources": {
      "A01234567": {"Type": "AWS::Lambda::Function", "DependsOn": ["Role89ABCDEF"], "Properties": {
        "Code": {"S3Key": "`+hash+`.zip"}, "Environment": {"Variables": {"SETTINGS": %[3]s}}, "FunctionName": "ephemr-%[1]s-a", "Timeout": 15,
        "Tags": [{"Key": "ephemr:stage", "Value": "%[1]s"}]}},
      "B01234567": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"SETTINGS": %[3]s}}}},
      "LogsAAAAAAAA": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": %[4]d}},
      "LogsBBBBBBBB": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": %[4]d}},
      "Queue7396B467": {"Type": "AWS::SQS::Queue", "Properties": {"Dead": {"Fn::GetAtt": ["Role89ABCDEF", "Arn"]}}},
      "Role89ABCDEF": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [
        {"Action": ["sqs:Send", "sqs:Delete"], "Effect": "Allow", "Resource": {"Fn::GetAtt": ["Queue7396B467", "Arn"]}, "Sid": "1"},
        {"Action": "sqs:Get", "Effect": "Allow", "Resource": ["*", {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":sqs:%[2]s:x"]]}],
         "Condition": {"StringEquals": {"a": "b", "c": ["d"]}}}%[5]s]}}}}}`, stage, account, settings, retention, strings.Join(more, ""))
}

func normalise(t *testing.T, stage, account string, data []byte) golden.Template {
	t.Helper()
	n, err := golden.Normalise(data, golden.Options{Stage: stage, Account: account, Assets: map[string]string{hash: "A/Code"}, Documents: map[string]string{"long": "file"}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	got, err := golden.YAML(normalise(t, "dev", "", template("dev", "${AWS::AccountId}", `"{\"stage\": \"dev\", \"file\": \"long\", \"n\": 1.5}"`, 7)))
	if err != nil {
		t.Fatal(err)
	}
	want := `Documents:
  SETTINGS:
    file: <file>
    "n": 1.5
    stage: <stage>
Outputs:
  QueueArn:
    Value: ${Queue.Arn}
Resources:
  A:
    Type: AWS::Lambda::Function
    DependsOn:
    - Role
    Properties:
      Code:
        S3Key: <asset A/Code>.zip
      Environment:
        Variables:
          SETTINGS: <document SETTINGS>
      FunctionName: ephemr-<stage>-a
      Tags:
        ephemr:stage: <stage>
      Timeout: 15
  B:
    Type: AWS::Lambda::Function
    Properties:
      Environment:
        Variables:
          SETTINGS: <document SETTINGS>
  LogsAAAAAAAA:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: 7
  LogsBBBBBBBB:
    Type: AWS::Logs::LogGroup
    Properties:
      RetentionInDays: 7
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      Dead: ${Role.Arn}
  Role:
    Type: AWS::IAM::Policy
    Properties:
      PolicyDocument:
        Statement:
          Allow on ${Queue.Arn}:
          - sqs:Delete
          - sqs:Send
          Allow on * if StringEquals {a b, c ["d"]}:
          - sqs:Get
          Allow on arn:${AWS::Partition}:sqs:${AWS::AccountId}:x if StringEquals {a b, c ["d"]}:
          - sqs:Get
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNormaliseRefuses(t *testing.T) {
	t.Parallel()
	if n, err := golden.Normalise([]byte("{"), golden.Options{}); err == nil {
		t.Errorf("got %v", n)
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	base := normalise(t, "prod", "", template("prod", "${AWS::AccountId}", `"{\"stage\": \"prod\", \"n\": 1}"`, 90))
	for name, tt := range map[string]struct {
		other []byte
		want  string
	}{
		"only names":   {template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": 1}"`, 90), ""},
		"every group":  {template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": 1}"`, 14), "every AWS::Logs::LogGroup (2): RetentionInDays: 90 -> 14\n"},
		"a document":   {template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": 2}"`, 90), "Documents: SETTINGS.n: 1 -> 2\n"},
		"a new key":    {template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": 1, \"m\": {\"x\": [1]}}"`, 90), "Documents: added SETTINGS.m\n    x:\n    - 1\n"},
		"a lost key":   {template("dev", "012345678901", `"{\"stage\": \"dev\"}"`, 90), "Documents: removed SETTINGS.n 1\n"},
		"another kind": {template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": [1]}"`, 90), "Documents: SETTINGS.n is\n    - 1\n"},
		"an action": {
			template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": 1}"`, 90, `, {"Effect": "Allow", "Action": "sqs:Purge", "Resource": {"Fn::GetAtt": ["Queue7396B467", "Arn"]}}`),
			"Role: added Allow on ${Queue.Arn}: sqs:Purge\n",
		},
		"a statement": {
			template("dev", "012345678901", `"{\"stage\": \"dev\", \"n\": 1}"`, 90, `, {"Effect": "Deny", "Action": ["sqs:*"], "Principal": {"Service": "s"}, "Resource": "*"}`),
			"Role: added Deny to Service s on *:\n    - sqs:*\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := golden.Difference(base, normalise(t, "dev", "012345678901", tt.other))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
