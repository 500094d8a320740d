package store

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// Unreadable is a record that was skipped because it cannot be decoded: it was
// changed by hand, or written by a newer version of ephemr.
type Unreadable struct {
	RunID  string `json:"runId"`
	Record string `json:"record"` // sort key
	Reason string `json:"reason"`
}

// format is the newest format of records that this version reads. A record without
// the attribute has format 1.
const (
	format     = 1
	formatName = "format"
)

// decode reads a record into v.
func decode(it item, v any) error {
	if n, ok := it[formatName].(*types.AttributeValueMemberN); ok {
		if f, err := strconv.Atoi(n.Value); err != nil || f > format {
			return fmt.Errorf("format %s is newer than %d: a newer version of ephemr wrote it", n.Value, format)
		}
	}
	return attributevalue.UnmarshalMap(it, v)
}

// skip notes a record that cannot be decoded, so that a list goes on without it.
func (s *Runs) skip(ctx context.Context, it item, why error) {
	u := Unreadable{RunID: records.Text(it[records.PartitionName]), Record: records.Text(it[records.SortName]), Reason: why.Error()}
	slog.ErrorContext(ctx, "record unreadable: skipped", "runId", u.RunID, "record", u.Record, "error", u.Reason)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unreadable == nil {
		s.unreadable = map[string]Unreadable{}
	}
	s.unreadable[u.RunID+" "+u.Record] = u
}

// Skipped returns the records that lists have skipped since the last call.
func (s *Runs) Skipped() []Unreadable {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Unreadable
	for _, u := range s.unreadable {
		all = append(all, u)
	}
	s.unreadable = nil
	return all
}
