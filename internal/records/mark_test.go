package records_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
)

// A write whose answer is lost, and which the SDK repeats, succeeds once: DynamoDB
// refuses the condition that the write itself has made false.
func TestRepeatedWrites(t *testing.T) {
	t.Parallel()
	const table = "t"
	key := records.Key{Partition: "p", Sort: "s"}
	before := key.Attributes()
	before["state"], before["n"] = records.String("a"), &types.AttributeValueMemberN{Value: "1"}
	after := key.Attributes()
	after["state"] = records.String("b")
	toB := expression.Set(expression.Name("state"), expression.Value("b"))
	more := expression.Add(expression.Name("n"), expression.Value(1))
	for _, tt := range []struct {
		name  string
		op    string
		write func(db *awsfake.DynamoDB) (bool, error)
		want  string // n afterwards
	}{
		{"put", "PutItem", func(db *awsfake.DynamoDB) (bool, error) {
			return records.Put(t.Context(), db, table, after, records.Is("state", "a"))
		}, ""},
		{"update", "UpdateItem", func(db *awsfake.DynamoDB) (bool, error) {
			return records.Update(t.Context(), db, table, key, toB, records.Is("state", "a"))
		}, "1"},
		{"update that removes", "UpdateItem", func(db *awsfake.DynamoDB) (bool, error) {
			return records.Update(t.Context(), db, table, key, expression.Remove(expression.Name("state")), records.Is("state", "a"))
		}, "1"},
		{"update that adds", "UpdateItem", func(db *awsfake.DynamoDB) (bool, error) {
			return records.Update(t.Context(), db, table, key, more, records.Present())
		}, "2"},
		{"delete", "DeleteItem", func(db *awsfake.DynamoDB) (bool, error) {
			return records.Delete(t.Context(), db, table, key, records.Is("state", "a"))
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := awsfake.NewDynamoDB(awsfake.Table{Name: table, PK: "pk", SK: "sk"})
			if ok, err := records.Put(t.Context(), db, table, before, records.Absent()); !ok || err != nil {
				t.Fatal(ok, err)
			}
			db.RepeatNext(tt.op, 1)
			if changed, err := tt.write(db); !changed || err != nil {
				t.Errorf("repeated by the SDK: changed %t, %v", changed, err)
			}
			counted(t, db.Items(table), tt.want)
			if tt.want == "" { // what another writer finds changed is still refused
				return
			}
			if changed, err := records.Update(t.Context(), db, table, key, toB, records.Is("state", "z")); changed || err != nil {
				t.Errorf("a condition that does not hold: changed %t, %v", changed, err)
			}
		})
	}
}

// counted holds that an update that adds was applied once.
func counted(t *testing.T, items []awsfake.Item, want string) {
	t.Helper()
	for _, it := range items {
		if n, _ := it["n"].(*types.AttributeValueMemberN); n != nil && n.Value != want {
			t.Errorf("n is %s, want %s", n.Value, want)
		}
	}
}
