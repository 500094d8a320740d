package awsfake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/awsfake"
)

const together = `{"StartAt":"CreateCluster","States":{
	"CreateCluster":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","TimeoutSeconds":7200,
		"Parameters":{"FunctionName":"${CreateClusterFunction}","Payload":{"run.$":"$$.Execution.Name","token.$":"$$.Task.Token"}},
		"ResultPath":"$.cluster","Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"TerminateCluster"}],"Next":"TerminateCluster"},
	"TerminateCluster":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":60,
		"Parameters":{"FunctionName":"${TerminateClusterFunction}","Payload.$":"$.cluster"},"End":true}}}`

// region is the three fakes wired as in a Region: functions write to the
// table, EMR's events answer tokens.
type region struct {
	db     *awsfake.DynamoDB
	emr    *awsfake.EMR
	sfn    *awsfake.StepFunctions
	engine *asl.Engine
	arn    string
}

func newRegion(t testing.TB) *region {
	t.Helper()
	r := &region{engine: asl.NewEngine(asl.EngineConfig{Seed: 1}), db: awsfake.NewDynamoDB(awsfake.Table{Name: "waiters", PK: "clusterId"})}
	r.sfn = awsfake.NewStepFunctions(r.engine)
	r.emr = awsfake.NewEMR(awsfake.EMRConfig{OnEvent: r.watch})
	m, err := asl.Parse([]byte(together))
	if err != nil {
		t.Fatal(err)
	}
	r.arn = r.engine.Deploy("run", m, asl.Functions{"CreateClusterFunction": r.create, "TerminateClusterFunction": r.terminate})
	return r
}

func (r *region) create(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
	var p struct{ Run, Token string }
	if err := json.Unmarshal(in, &p); err != nil {
		return nil, err
	}
	out, err := r.emr.RunJobFlow(ctx, awsfake.ClusterRequest(p.Run))
	if err != nil {
		return nil, err
	}
	_, err = r.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: new("waiters"), ConditionExpression: new("attribute_not_exists(clusterId)"), Item: awsfake.Item{
		"clusterId": &types.AttributeValueMemberS{Value: *out.JobFlowId}, "waits": &types.AttributeValueMemberS{Value: p.Token},
	}})
	return nil, err
}

func (r *region) watch(_ string, detail json.RawMessage) {
	var e struct{ ClusterID, State string }
	if err := json.Unmarshal(detail, &e); err != nil || e.State != "WAITING" {
		return
	}
	ctx := context.Background()
	out, err := r.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: new("waiters"), Key: awsfake.Item{"clusterId": &types.AttributeValueMemberS{Value: e.ClusterID}}})
	if err != nil || out.Item == nil {
		return
	}
	token := out.Item["waits"].(*types.AttributeValueMemberS).Value
	_, _ = r.sfn.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: new(fmt.Sprintf(`{"id":%q}`, e.ClusterID))})
}

func (r *region) terminate(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
	var p struct{ ID string }
	if err := json.Unmarshal(in, &p); err != nil {
		return nil, err
	}
	_, err := r.emr.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{p.ID}})
	return nil, err
}

// A thousand runs at once take ten minutes of virtual and under a second of
// real time.
func TestFakesTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRegion(t)
		defer r.engine.Close()
		const runs = 1000
		var arns []string
		for i := range runs {
			out, err := r.sfn.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &r.arn, Name: new(fmt.Sprintf("r-%d", i))})
			if err != nil {
				t.Fatal(err)
			}
			arns = append(arns, *out.ExecutionArn)
		}
		time.Sleep(10 * time.Minute)
		for _, arn := range arns {
			if got := r.engine.Result(arn); got.Status != asl.Succeeded {
				t.Fatalf("%s: got %+v", arn, got)
			}
		}
		for _, c := range r.emr.Clusters() {
			if c.Status.State != "TERMINATED" {
				t.Errorf("%s is %s", *c.Name, c.Status.State)
			}
		}
		if got := r.sfn.Calls("SendTaskSuccess"); got != runs {
			t.Errorf("got %d answers", got)
		}
	})
}
