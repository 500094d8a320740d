package records

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// Unreadable is a record that was skipped because it cannot be decoded: it was
// changed by hand, or written by a newer version of ephemr.
type Unreadable struct {
	Key    Key
	Reason string
}

// Skips notes the records that cannot be decoded, so that a list goes on without
// them. Its zero value is ready for use.
type Skips struct {
	mu  sync.Mutex
	all map[Key]Unreadable
}

// Skip notes an item.
func (s *Skips) Skip(ctx context.Context, it Item, why error) {
	u := Unreadable{Key: Key{Text(it[PartitionName]), Text(it[SortName])}, Reason: why.Error()}
	slog.ErrorContext(ctx, "record unreadable: skipped", "partition", u.Key.Partition, "record", u.Key.Sort, "error", u.Reason)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[Key]Unreadable{}
	}
	s.all[u.Key] = u
}

// Skipped returns the records that were skipped since the last call.
func (s *Skips) Skipped() []Unreadable {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Collect(maps.Values(s.all))
	s.all = nil
	return all
}
