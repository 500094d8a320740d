package awsapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/awsapi"
)

// Refused calls are recorded too; data is not, and equal calls only once.
func TestRecorded(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "calls")
	cfg, err := awsapi.Recorded(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		BaseEndpoint: aws.String("http://127.0.0.1:1"), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, dir, "ephemr-test-watch")
	if err != nil {
		t.Fatal(err)
	}
	item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "secret"}}
	for range 2 {
		_, err := awsapi.NewDynamoDB(cfg).TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: aws.String("runs"), Item: item}},
			{Update: &types.Update{TableName: aws.String("clusters"), Key: item, UpdateExpression: aws.String("set x = y")}},
		}})
		if err == nil {
			t.Error("the call succeeded without a service")
		}
	}
	_, _ = awsapi.NewS3(cfg).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("logs"), Key: aws.String("runs/a"), IfNoneMatch: aws.String("*"), Body: strings.NewReader("secret"),
	})
	data, err := os.ReadFile(filepath.Join(dir, "ephemr-test-watch.jsonl")) //nolint:gosec // ours
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "secret") {
		t.Errorf("recorded data:\n%s", data)
	}
	var got []awsapi.Call
	for line := range strings.Lines(string(data)) {
		var call awsapi.Call
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatal(err)
		}
		got = append(got, call)
	}
	want := []awsapi.Call{
		{Service: "DynamoDB", Operation: "TransactWriteItems", Input: map[string][]string{
			"TransactItems.Put.TableName": {"runs"}, "TransactItems.Update.TableName": {"clusters"},
		}},
		{Service: "S3", Operation: "PutObject", Input: map[string][]string{"Bucket": {"logs"}, "Key": {"runs/a"}, "IfNoneMatch": {"*"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
