package simulation_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/awsapi"
	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/iam"
	"ephemr/internal/proof/rights"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run/store"
)

// roles checks in storms that the role of each function allows all of its calls, and
// nothing else. Functions make calls there that an end-to-end test cannot cause: those
// after lost answers, crashes and refusals. The acceptance tests check the resources.
type roles struct {
	policies rights.Policies
	mu       sync.Mutex
	used     map[string][]iam.Grant
}

func newRoles(t *testing.T) *roles {
	t.Helper()
	policies, err := rights.ReadPolicies("../../../infra/stacks/testdata/rights.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	return &roles{policies: policies, used: map[string][]iam.Grant{}}
}

// enough is how many storms it takes to see every call; recording all would take time.
const enough = 40

// check checks the calls of a storm.
func (r *roles) check(t *testing.T, storm *recording) {
	t.Helper()
	for function, calls := range storm.calls {
		name := "ephemr-" + laptop.Stage + "-" + function
		for _, call := range calls {
			grants := checkCall(t, name, r.policies[name], call)
			r.mu.Lock()
			r.used[name] = append(r.used[name], grants...)
			r.mu.Unlock()
		}
	}
}

// end checks that the storms have needed every permission.
func (r *roles) end(t *testing.T) {
	t.Helper()
	for _, unused := range rights.Unused(r.policies, r.used, rights.Exceptions()) {
		t.Error(unused)
	}
}

// checkCall checks that a function may make a call, and returns the grants that allow
// it. Of calls without a table only the operation is known.
func checkCall(t *testing.T, function string, p iam.Policy, call awsapi.Call) (grants []iam.Grant) {
	t.Helper()
	if call.Input == nil {
		actions, err := rights.Actions(call.Service, call.Operation)
		if err != nil {
			t.Error(err)
		}
		for _, action := range actions {
			n := len(grants)
			for g := range p.Grants() {
				if g.Action == action {
					grants = append(grants, g)
				}
			}
			if len(grants) == n {
				t.Errorf("%s calls %s of %s, but is not allowed %s", function, call.Operation, call.Service, action)
			}
		}
		return grants
	}
	needs, err := rights.Needs(rights.Place{Account: laptop.Account, Region: laptop.Name}, call)
	if err != nil {
		t.Error(err)
	}
	for _, r := range needs {
		allowed, by := p.Decide(r)
		if !allowed {
			t.Errorf("%s is not allowed %s", function, r)
		}
		grants = append(grants, by...)
	}
	return grants
}

// recording is what the functions of a storm call: it reads the storm's log, and sees
// the requests to tables.
type recording struct {
	mu    sync.Mutex
	calls map[string]map[string]awsapi.Call // function -> text -> call
}

func newRecording() *recording { return &recording{calls: map[string]map[string]awsapi.Call{}} }

// add adds a call, unless there is one with the same key.
func (r *recording) add(function, key string, call func() awsapi.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls[function] == nil {
		r.calls[function] = map[string]awsapi.Call{}
	}
	if _, known := r.calls[function][key]; !known {
		r.calls[function][key] = call()
	}
}

// Write reads a line of a storm's log: time, invocation, operation, fate.
func (r *recording) Write(line []byte) (int, error) {
	words := bytes.SplitN(line, []byte(" "), 4)
	function, _, _ := strings.Cut(string(words[1]), "-")
	op := string(words[2])
	elsewhere := strings.HasPrefix(op, "DynamoDB:") || strings.HasPrefix(op, "Athena:") // recorded with their tables; by the role of a team
	if !elsewhere {
		r.add(function, op, func() awsapi.Call {
			service, operation, _ := strings.Cut(op, ":")
			return awsapi.Call{Service: service, Operation: operation}
		})
	}
	return len(line), nil
}

// tables makes the storm's tables record the requests of functions.
func (r *recording) tables(c *simulation.Config) {
	c.Table = func(db store.DB) store.DB { return &tables{db, r} }
}

// tables records requests.
type tables struct {
	store.DB
	to *recording
}

// record records the request of the function that ctx belongs to, with the names that
// tables have in the local stage. Requests to the same tables are equal.
func (d *tables) record(ctx context.Context, operation string, in any, tables ...*string) {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return // a test's own
	}
	function, _, _ := strings.Cut(lc.AwsRequestID, "-")
	key := operation
	for _, table := range tables {
		key += " " + aws.ToString(table)
	}
	d.to.add(function, key, func() awsapi.Call {
		call := awsapi.NewCall("DynamoDB", operation, in)
		for field, values := range call.Input {
			if strings.HasSuffix(field, "TableName") {
				for i := range values {
					values[i] = "ephemr-" + laptop.Stage + "-" + values[i]
				}
			}
		}
		return call
	})
}

func (d *tables) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	d.record(ctx, "GetItem", in, in.TableName)
	return d.DB.GetItem(ctx, in, o...)
}

func (d *tables) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	d.record(ctx, "PutItem", in, in.TableName)
	return d.DB.PutItem(ctx, in, o...)
}

func (d *tables) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	d.record(ctx, "UpdateItem", in, in.TableName)
	return d.DB.UpdateItem(ctx, in, o...)
}

func (d *tables) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	d.record(ctx, "DeleteItem", in, in.TableName)
	return d.DB.DeleteItem(ctx, in, o...)
}

func (d *tables) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	d.record(ctx, "Query", in, in.TableName, in.IndexName)
	return d.DB.Query(ctx, in, o...)
}

func (d *tables) Scan(ctx context.Context, in *dynamodb.ScanInput, o ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	d.record(ctx, "Scan", in, in.TableName)
	return d.DB.Scan(ctx, in, o...)
}

func (d *tables) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	var kinds []*string
	for _, item := range in.TransactItems {
		switch {
		case item.Put != nil:
			kinds = append(kinds, aws.String("put"), item.Put.TableName)
		case item.Update != nil:
			kinds = append(kinds, aws.String("update"), item.Update.TableName)
		case item.Delete != nil:
			kinds = append(kinds, aws.String("delete"), item.Delete.TableName)
		case item.ConditionCheck != nil:
			kinds = append(kinds, aws.String("check"), item.ConditionCheck.TableName)
		}
	}
	d.record(ctx, "TransactWriteItems", in, kinds...)
	return d.DB.TransactWriteItems(ctx, in, o...)
}
