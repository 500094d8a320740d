package publish

import (
	"context"
	"fmt"
	"log/slog"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
)

// hasData is an error named fault.Data if there are no files at location, or only empty
// ones: readers would see nothing instead of the data before.
func (p *Publisher) hasData(ctx context.Context, location string) error {
	at, err := dataset.Parse(location)
	if err != nil {
		return fault.New(fault.InvalidInput, "%w", err)
	}
	found, err := dataset.HasData(ctx, p.S3, at)
	if err != nil {
		return fmt.Errorf("look for data at %s: %w", location, err)
	}
	if !found {
		return fault.New(fault.Data, "no data at %s: readers would see an empty partition instead of the data before; write the files to publish.location, or exit with 77 if there is nothing to do", location)
	}
	return nil
}

// effect calls the catalog and records that the claim of at has taken effect, or removes it
// if AWS has rejected the call and the catalog shows that it had no effect: the SDK repeats
// calls, and may have lost the first answer. Otherwise the claim stays, and the error is
// fault.Throttled: the next invocation reads the catalog again.
func (p *Publisher) effect(ctx context.Context, at *Pointer, call func() error) error {
	failed := call()
	if failed == nil {
		return p.Store.settle(ctx, at)
	}
	uri, found, err := p.Settler.seen(ctx, *at)
	switch {
	case err != nil:
		return unclear(fmt.Errorf("%w; then %w", failed, err))
	case found && same(uri, at.Claim.Target.Location):
		return p.Store.settle(ctx, at)
	case fault.IsRejected(failed):
		return withdrawn(ctx, p.Store, at, failed)
	}
	return unclear(failed)
}

func unclear(err error) error {
	return fault.New(fault.Throttled, "%w; whether the call took effect is not known yet", err)
}

func withdrawn(ctx context.Context, s *Store, at *Pointer, why error) error {
	if err := s.withdraw(ctx, at); err != nil {
		slog.WarnContext(ctx, "cannot withdraw publication: it is settled later", "table", at.Table, "partition", at.Partition, "error", err.Error())
	}
	return why
}
