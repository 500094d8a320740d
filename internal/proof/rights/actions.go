package rights

import (
	"slices"

	"ephemr/internal/awsapi"
)

// Actions are the actions that calls of an operation may need, for calls of which only
// the operation is known.
func Actions(service, operation string) ([]string, error) {
	role := []string{"arn:aws:iam::123456789012:role/x"}
	requests, err := Needs(Place{
		Account: "123456789012", Region: "us-east-1", StateMachine: "arn:aws:states:us-east-1:123456789012:stateMachine:x",
		ClusterTags: func(string) map[string]string { return nil }, Tags: nil,
	}, awsapi.Call{Service: service, Operation: operation, Input: fields{
		"Bucket": {"x"}, "Key": {"x"}, "TableName": {"x"}, "QueueUrl": {"https://x/x"}, "TopicArn": {"x"}, "FunctionName": {"x"},
		"Entries.EventBusName": {"x"}, "Namespace": {"x"}, "Name": {"x"}, "GroupName": {"x"}, "Target.RoleArn": role, "Path": {"/x"}, "RoleArn": role,
		"LogGroupName": {"x"}, "LogStreamName": {"x"}, "StateMachineArn": {"a:stateMachine:x"}, "ExecutionArn": {"x"},
		"NamespaceId": {"x"}, "ServiceId": {"x"}, "Id": {"x"}, "ClusterId": {"x"},
		"DatabaseName": {"ephemr_local"}, "ServiceRole": role, "JobFlowRole": role, "AutoTerminationPolicy.IdleTimeout": {"1"},
	}})
	var actions []string
	for _, r := range requests {
		actions = append(actions, r.Action)
	}
	slices.Sort(actions)
	return slices.Compact(actions), err
}
