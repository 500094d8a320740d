package ledger

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Take are the writes, for the transaction that creates a run, by which it takes an
// object without a batch. They fail if the pipeline has taken the object before.
func (s *Store) Take(e Entry) ([]types.TransactWriteItem, error) {
	put, err := s.entry(e)
	if err != nil {
		return nil, err
	}
	check, needed, err := s.unfed(e.Pipeline, e.Object)
	if err != nil || !needed {
		return []types.TransactWriteItem{put}, err
	}
	return []types.TransactWriteItem{put, check}, nil
}
