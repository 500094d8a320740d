package awsfake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
)

func newDB() *awsfake.DynamoDB {
	return awsfake.NewDynamoDB(awsfake.Table{
		Name: "runs", PK: "pk", SK: "sk",
		Indexes: []awsfake.Index{
			{Name: "by-state", PK: "runState", SK: "prio:N"},
			{Name: "keys", PK: "owner1", KeysOnly: true},
		},
	})
}

func av(t testing.TB, v any) awsfake.Item {
	t.Helper()
	m, err := attributevalue.MarshalMap(v)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func plain(t testing.TB, item awsfake.Item) map[string]any {
	t.Helper()
	var out map[string]any
	if err := attributevalue.UnmarshalMap(item, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

type m = map[string]any

func put(t testing.TB, db *awsfake.DynamoDB, item m) {
	t.Helper()
	if _, err := db.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: new("runs"), Item: av(t, item)}); err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func wantMessage(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != "ValidationException" || !strings.Contains(e.ErrorMessage(), want) {
		t.Errorf("got error %v, want a ValidationException with %q", err, want)
	}
}

func TestConditionalPutReturnsOldItem(t *testing.T) {
	t.Parallel()
	db := newDB()
	put(t, db, m{"pk": "r1", "sk": "run", "n": 1})
	_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: new("runs"), Item: av(t, m{"pk": "r1", "sk": "run"}),
		ConditionExpression:                 new("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		t.Fatalf("got %v, want ConditionalCheckFailedException", err)
	}
	if d := cmp.Diff(m{"pk": "r1", "sk": "run", "n": 1.0}, plain(t, failed.Item)); d != "" {
		t.Error(d)
	}
	if got := db.Calls("PutItem"); got != 2 {
		t.Errorf("got %d calls", got)
	}
	if _, ok := errors.AsType[*smithy.OperationError](err); !ok {
		t.Errorf("error %T is not wrapped as the SDK does", err)
	}
}

func TestPutItemRefuses(t *testing.T) {
	t.Parallel()
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	ok := func(more string, v types.AttributeValue) awsfake.Item {
		return awsfake.Item{"pk": s("p"), "sk": s("s"), more: v}
	}
	tests := map[string]struct {
		item awsfake.Item
		want string
	}{
		"missing key":      {awsfake.Item{"pk": s("p")}, "Missing the key sk in the item"},
		"wrong key type":   {ok("pk", &types.AttributeValueMemberN{Value: "1"}), "Type mismatch for key pk expected: S actual: N"},
		"empty key":        {ok("pk", s("")), "cannot contain an empty string value. Key: pk"},
		"index key type":   {ok("prio", s("x")), "Type mismatch for Index Key prio Expected: N Actual: S IndexName: by-state"},
		"index key empty":  {ok("runState", s("")), "IndexName: by-state, IndexKey: runState"},
		"empty set":        {ok("x", &types.AttributeValueMemberSS{}), "set  may not be empty"},
		"doubled in set":   {ok("x", &types.AttributeValueMemberNS{Value: []string{"1", "1.0"}}), "contains duplicates"},
		"null false":       {ok("x", &types.AttributeValueMemberNULL{}), "must have the value of true"},
		"nil":              {ok("x", nil), "Supplied AttributeValue is empty"},
		"not a number":     {ok("x", &types.AttributeValueMemberN{Value: "x"}), "cannot be converted to a numeric value: x"},
		"39 digits":        {ok("x", &types.AttributeValueMemberN{Value: strings.Repeat("1", 39)}), "more than 38 significant digits"},
		"too large number": {ok("x", &types.AttributeValueMemberN{Value: "1e126"}), "Number overflow"},
		"too small number": {ok("x", &types.AttributeValueMemberN{Value: "1e-131"}), "Number underflow"},
		"too large":        {ok("x", s(strings.Repeat("x", 400<<10))), "Item size has exceeded"},
		"too long key":     {ok("sk", s(strings.Repeat("x", 1025))), "size limit of 1024 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("runs"), Item: tt.item})
			wantMessage(t, err, tt.want)
		})
	}
}

func TestUpdateItem(t *testing.T) {
	t.Parallel()
	db := newDB()
	update := func(expr string, values m, ret types.ReturnValue) (m, error) {
		in := &dynamodb.UpdateItemInput{TableName: new("runs"), Key: av(t, m{"pk": "r", "sk": "run"}), UpdateExpression: &expr, ReturnValues: ret}
		if values != nil {
			in.ExpressionAttributeValues = av(t, values)
		}
		out, err := db.UpdateItem(t.Context(), in)
		if err != nil {
			return nil, err
		}
		return plain(t, out.Attributes), nil
	}
	_, err := update("SET a = :a, b.c = :a", m{":a": 1}, types.ReturnValueAllNew)
	wantMessage(t, err, "document path provided in the update expression is invalid")
	if len(db.Items("runs")) != 0 {
		t.Errorf("a failed update left %v", db.Items("runs"))
	}
	got, err := update("SET a = :a, b = :m", m{":a": 1, ":m": m{"c": 1, "d": 2}}, types.ReturnValueAllNew)
	if d := cmp.Diff(m{"pk": "r", "sk": "run", "a": 1.0, "b": m{"c": 1.0, "d": 2.0}}, got); d != "" || err != nil {
		t.Error(err, d)
	}
	got, err = update("SET b.c = b.c + :a REMOVE a ADD n :a", m{":a": 2}, types.ReturnValueUpdatedNew)
	if d := cmp.Diff(m{"b": m{"c": 3.0}, "n": 2.0}, got); d != "" || err != nil {
		t.Error(err, d)
	}
	_, err = update("SET pk = :a", m{":a": 1}, "")
	wantMessage(t, err, "Cannot update attribute pk. This attribute is part of the key")
	_, err = update("SET a = :a", m{":a": 1, ":b": 2}, "")
	wantMessage(t, err, "ExpressionAttributeValues unused in expressions: keys: {:b}")
	_, err = update("SET a = :a", m{}, "")
	wantMessage(t, err, "ExpressionAttributeValues must not be empty")
	_, err = update("SET runState = :a", m{":a": 1}, "")
	wantMessage(t, err, "Type mismatch for Index Key runState")
}

func query(t *testing.T, db *awsfake.DynamoDB, in *dynamodb.QueryInput) ([]string, *dynamodb.QueryOutput) {
	t.Helper()
	in.TableName = new("runs")
	out, err := db.Query(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, i := range out.Items {
		ids = append(ids, fmt.Sprint(plain(t, i)["sk"]))
	}
	return ids, out
}

func TestQuerySortKeys(t *testing.T) {
	t.Parallel()
	db := newDB()
	for _, sk := range []string{"job#b", "job#a", "run", "job#c", "waiter"} {
		put(t, db, m{"pk": "r", "sk": sk})
	}
	put(t, db, m{"pk": "other", "sk": "job#a"})
	tests := map[string]struct {
		cond   string
		values m
		want   []string
	}{
		"all":         {"pk = :p", m{}, []string{"job#a", "job#b", "job#c", "run", "waiter"}},
		"prefix":      {"pk = :p AND begins_with(sk, :a)", m{":a": "job#"}, []string{"job#a", "job#b", "job#c"}},
		"equal":       {"pk = :p and sk = :a", m{":a": "run"}, []string{"run"}},
		"less":        {"(pk = :p) AND (sk < :a)", m{":a": "job#b"}, []string{"job#a"}},
		"less equal":  {"sk <= :a AND pk = :p", m{":a": "job#b"}, []string{"job#a", "job#b"}},
		"more":        {"pk = :p AND sk > :a", m{":a": "job#c"}, []string{"run", "waiter"}},
		"more equal":  {"pk = :p AND sk >= :a", m{":a": "job#c"}, []string{"job#c", "run", "waiter"}},
		"between":     {"pk = :p AND sk BETWEEN :a AND :b", m{":a": "job#b", ":b": "run"}, []string{"job#b", "job#c", "run"}},
		"none in gap": {"pk = :p AND sk BETWEEN :a AND :b", m{":a": "job#d", ":b": "job#e"}, []string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.values[":p"] = "r"
			got, _ := query(t, db, &dynamodb.QueryInput{KeyConditionExpression: &tt.cond, ExpressionAttributeValues: av(t, tt.values)})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestQueryPages(t *testing.T) {
	t.Parallel()
	db := newDB()
	for i := range 7 {
		put(t, db, m{"pk": "r", "sk": fmt.Sprint(i), "runState": "QUEUED", "prio": 10 - i/2, "odd": i%2 == 1})
	}
	for _, backward := range []bool{false, true} {
		var got []string
		var start awsfake.Item
		for pages := 0; pages < 9; pages++ {
			ids, out := query(t, db, &dynamodb.QueryInput{
				IndexName: new("by-state"), KeyConditionExpression: new("runState = :s"), FilterExpression: new("odd = :o"),
				ExpressionAttributeValues: av(t, m{":s": "QUEUED", ":o": false}), Limit: new(int32(2)), ExclusiveStartKey: start, ScanIndexForward: new(!backward),
			})
			got = append(got, ids...)
			if start = out.LastEvaluatedKey; start == nil {
				break
			}
			if len(start) != 4 {
				t.Errorf("got start key %v", start)
			}
		}
		want := []string{"6", "4", "2", "0"}
		if backward {
			want = []string{"0", "2", "4", "6"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(backward, d)
		}
	}
}

func TestQueryRefuses(t *testing.T) {
	t.Parallel()
	db := newDB()
	tests := map[string]struct {
		in   dynamodb.QueryInput
		want string
	}{
		"no condition":    {dynamodb.QueryInput{}, "must be specified in the request"},
		"no partition":    {dynamodb.QueryInput{KeyConditionExpression: new("sk = :v")}, "Query condition missed key schema element: pk"},
		"partition range": {dynamodb.QueryInput{KeyConditionExpression: new("pk > :v")}, "Query key condition not supported"},
		"or":              {dynamodb.QueryInput{KeyConditionExpression: new("pk = :v OR sk = :v")}, "Invalid operator used in KeyConditionExpression: OR"},
		"other attribute": {dynamodb.QueryInput{KeyConditionExpression: new("pk = :v AND x = :v")}, "Query condition missed key schema element: sk"},
		"filter on key":   {dynamodb.QueryInput{KeyConditionExpression: new("pk = :v"), FilterExpression: new("sk = :v")}, "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"},
		"consistent GSI":  {dynamodb.QueryInput{IndexName: new("keys"), ConsistentRead: new(true), KeyConditionExpression: new("owner1 = :v")}, "Consistent reads are not supported"},
		"no such index":   {dynamodb.QueryInput{IndexName: new("x"), KeyConditionExpression: new("owner1 = :v")}, "does not have the specified index: x"},
		"limit":           {dynamodb.QueryInput{KeyConditionExpression: new("pk = :v"), Limit: new(int32(0))}, "greater than or equal to 1"},
		"start key":       {dynamodb.QueryInput{KeyConditionExpression: new("pk = :v"), ExclusiveStartKey: av(t, m{"pk": "x"})}, "The provided starting key is invalid"},
		"reserved":        {dynamodb.QueryInput{KeyConditionExpression: new("state = :v")}, "reserved keyword; reserved keyword: state"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.in.TableName, tt.in.ExpressionAttributeValues = new("runs"), av(t, m{":v": "x"})
			_, err := db.Query(t.Context(), &tt.in)
			wantMessage(t, err, tt.want)
		})
	}
}

func TestIndexIsSparseAndProjects(t *testing.T) {
	t.Parallel()
	db := newDB()
	put(t, db, m{"pk": "r", "sk": "1", "owner1": "me", "x": 1})
	put(t, db, m{"pk": "r", "sk": "2", "x": 1})
	in := func() *dynamodb.QueryInput {
		return &dynamodb.QueryInput{IndexName: new("keys"), KeyConditionExpression: new("owner1 = :o"), ExpressionAttributeValues: av(t, m{":o": "me"})}
	}
	_, out := query(t, db, in())
	if d := cmp.Diff([]map[string]any{{"pk": "r", "sk": "1", "owner1": "me"}}, []map[string]any{plain(t, out.Items[0])}); d != "" || len(out.Items) != 1 {
		t.Error(d)
	}
	put(t, db, m{"pk": "r", "sk": "1"})
	if got, _ := query(t, db, in()); len(got) != 0 {
		t.Errorf("index still has %v", got)
	}
}

func TestDelayedIndex(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := newDB()
		db.DelayIndexes(1, time.Second)
		put(t, db, m{"pk": "r", "sk": "1", "owner1": "me"})
		in := dynamodb.QueryInput{IndexName: new("keys"), KeyConditionExpression: new("owner1 = :o"), ExpressionAttributeValues: av(t, m{":o": "me"})}
		if got, _ := query(t, db, &in); len(got) != 0 {
			t.Errorf("index already has %v", got)
		}
		time.Sleep(time.Second)
		if got, _ := query(t, db, &in); len(got) != 1 {
			t.Errorf("index still has %v", got)
		}
	})
}

func TestScanPagesSeeEverythingOnce(t *testing.T) {
	t.Parallel()
	db := newDB()
	want := map[string]int{}
	for i := range 50 {
		put(t, db, m{"pk": fmt.Sprint(i), "sk": "run"})
		want[fmt.Sprint(i)] = 1
	}
	got := map[string]int{}
	for segment := range int32(2) {
		p := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: new("runs"), Limit: new(int32(7)), Segment: new(segment), TotalSegments: new(int32(2))})
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range out.Items {
				got[plain(t, i)["pk"].(string)]++
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTransactWriteItems(t *testing.T) {
	t.Parallel()
	db := newDB()
	put(t, db, m{"pk": "r", "sk": "1", "n": 1})
	add := func(sk string, cond *string) types.TransactWriteItem {
		return types.TransactWriteItem{Update: &types.Update{
			TableName: new("runs"), Key: av(t, m{"pk": "r", "sk": sk}), UpdateExpression: new("ADD n :one"),
			ConditionExpression: cond, ExpressionAttributeValues: av(t, m{":one": 1}),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}}
	}
	do := func(token *string, items ...types.TransactWriteItem) error {
		_, err := db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: items, ClientRequestToken: token})
		return err
	}
	err := do(nil, add("2", nil), add("1", new("attribute_not_exists(pk)")))
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || *cancelled.CancellationReasons[0].Code != "None" || *cancelled.CancellationReasons[1].Code != "ConditionalCheckFailed" || cancelled.CancellationReasons[1].Item == nil {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "[None, ConditionalCheckFailed]") || len(db.Items("runs")) != 1 {
		t.Errorf("got %v and %d items", err, len(db.Items("runs")))
	}
	wantMessage(t, do(nil, add("1", nil), add("1", nil)), "multiple operations on one item")
	for range 2 {
		if err := do(new("token"), add("1", nil), add("2", nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := do(new("token"), add("1", nil)); code(err) != "IdempotentParameterMismatchException" {
		t.Errorf("got %v", err)
	}
	if got := plain(t, db.Items("runs")[0])["n"]; got != 2.0 {
		t.Errorf("got n = %v: a repeated token wrote again", got)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	db := newDB()
	var writes []types.WriteRequest
	var keys []awsfake.Item
	for i := range 25 {
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: av(t, m{"pk": fmt.Sprint(i), "sk": "run"})}})
		keys = append(keys, av(t, m{"pk": fmt.Sprint(i), "sk": "run"}))
	}
	db.LeaveUnprocessed("BatchWriteItem", 5)
	out, err := db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"runs": writes}})
	if err != nil || len(out.UnprocessedItems["runs"]) != 5 {
		t.Fatalf("got %v, %v", out, err)
	}
	got, err := db.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"runs": {Keys: keys}}})
	if err != nil || len(got.Responses["runs"]) != 20 {
		t.Fatalf("got %v, %v", got, err)
	}
	writes = append(writes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: keys[0]}})
	_, err = db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"runs": writes}})
	wantMessage(t, err, "duplicates")
}

func TestHooksAndInjectedErrors(t *testing.T) {
	t.Parallel()
	db := newDB()
	lost, crash := errors.New("connection reset"), errors.New("crash")
	db.FailNext("PutItem", awsfake.Throttled())
	db.LoseNext("PutItem", lost)
	put1 := func() error {
		_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("runs"), Item: av(t, m{"pk": "r", "sk": "1"})})
		return err
	}
	if err := put1(); code(err) != "ThrottlingException" {
		t.Errorf("got %v", err)
	}
	if len(db.Items("runs")) != 0 {
		t.Error("a failed call had an effect")
	}
	db.FailNext("PutItem", nil)
	if err := put1(); !errors.Is(err, lost) || len(db.Items("runs")) != 1 {
		t.Errorf("got %v with %d items, want a lost answer after the effect", err, len(db.Items("runs")))
	}
	var ops []string
	db.Use(&awsfake.Hooks{Before: func(op string) error {
		ops = append(ops, op)
		return crash
	}})
	if err := put1(); !errors.Is(err, crash) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff([]string{"DynamoDB:PutItem"}, ops); d != "" {
		t.Error(d)
	}
}

func TestUnknownTable(t *testing.T) {
	t.Parallel()
	_, err := newDB().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("nope"), Key: av(t, m{"pk": "1"})})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("got %v", err)
	}
}

func BenchmarkDynamoDB(b *testing.B) {
	db := newDB()
	put(b, db, m{"pk": "r", "sk": "1", "owner1": "me", "runState": "QUEUED", "prio": 1, "n": 0})
	key, values := av(b, m{"pk": "r", "sk": "1"}), av(b, m{":one": 1, ":s": "QUEUED"})
	for b.Loop() {
		_, err := db.UpdateItem(b.Context(), &dynamodb.UpdateItemInput{
			TableName: new("runs"), Key: key, UpdateExpression: new("ADD n :one"), ConditionExpression: new("runState = :s"), ExpressionAttributeValues: values,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
