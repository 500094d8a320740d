package quality

import (
	"context"

	"ephemr/internal/dataset"
	"ephemr/internal/footer"
	"ephemr/internal/snapshot"
)

// Data lists datasets and reads their footers. It may have bounds: the reason why a result is
// not complete is "" if it is.
type Data interface {
	List(ctx context.Context, at dataset.Address) (_ snapshot.Files, partial string, _ error)
	Footers(ctx context.Context, at dataset.Address, all []dataset.Object) (_ footer.Summary, partial string, _ error)
}

// unbounded reads all, each time.
type unbounded struct {
	snapshot.Source

	branched *[]string
}

func (u unbounded) List(ctx context.Context, at dataset.Address) (found snapshot.Files, partial string, err error) {
	found, err = u.Source.List(ctx, at)
	if err == nil && found.Table != nil && found.Table.Branch != "" {
		*u.branched = append(*u.branched, found.Table.Snapshot)
	}
	return found, "", err
}

func (u unbounded) Footers(ctx context.Context, _ dataset.Address, all []dataset.Object) (s footer.Summary, partial string, err error) {
	s, err = footer.Summarize(ctx, all)
	return s, "", err
}

func (c *Checker) data() Data {
	if c.Data != nil {
		return c.Data
	}
	return unbounded{snapshot.Source{S3: c.S3, Catalog: c.Catalog, Branch: c.Branch}, &c.branched}
}
