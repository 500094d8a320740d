package awsfake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A transaction has at most 100 items, of 400 KB each and 4 MB together.
func TestTransactionLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		items, bytes int
		want         string
	}{
		"many":         {100, 1000, "<nil>"},
		"too many":     {101, 1000, "ValidationException"},
		"a large item": {1, 409_000, "<nil>"},
		"too large":    {1, 410_000, "TransactionCanceledException"},
		"4 MB":         {10, 409_000, "<nil>"},
		"over 4 MB":    {11, 409_000, "TransactionCanceledException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDB()
			in := &dynamodb.TransactWriteItemsInput{}
			for i := range tt.items {
				item := av(t, m{"pk": "r", "sk": fmt.Sprint(i), "text": strings.Repeat("x", tt.bytes)})
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: new("runs"), Item: item}})
			}
			if _, err := db.TransactWriteItems(t.Context(), in); code(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if n := len(db.Items("runs")); n != 0 && tt.want != "<nil>" {
				t.Errorf("%d items written", n)
			}
		})
	}
}
