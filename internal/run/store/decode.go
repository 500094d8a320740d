package store

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

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

// Skipped returns the records that lists have skipped since the last call.
func (s *Runs) Skipped() []records.Unreadable { return s.skips.Skipped() }
