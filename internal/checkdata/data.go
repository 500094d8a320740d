package checkdata

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
	"ephemr/internal/footer"
	"ephemr/internal/quality"
	"ephemr/internal/snapshot"
)

// Statistics and checks of the same dataset share what was read.
var _ quality.Data = (*reader)(nil)

// key makes s3://bucket/prefix and s3://bucket/prefix/ the same.
func key(at dataset.Address) dataset.Address {
	at.Prefix = strings.TrimSuffix(at.Prefix, "/")
	return at
}

// List lists at most mostFiles files of a dataset, which may be one file: in records, addresses
// end in a slash.
func (r *reader) List(ctx context.Context, at dataset.Address) (found snapshot.Files, partial string, err error) {
	found, known := r.lists[key(at)]
	if !known {
		at.Prefix = key(at).Prefix + "/"
		found, err = snapshot.Source{S3: r.api, Catalog: r.catalog, Branch: r.branch}.ListSome(ctx, at, mostFiles)
		if err == nil && len(found.Objects) == 0 && found.Table == nil {
			found.Objects, found.More, err = dataset.ListSome(ctx, r.api, key(at), mostFiles)
		}
		if err == nil {
			err = r.inLake(found.Objects)
		}
		if err != nil {
			return snapshot.Files{}, "", err
		}
		r.lists[key(at)] = found
	}
	if found.More {
		partial = fmt.Sprintf("there are more than %d files", mostFiles)
	}
	return found, partial, nil
}

// branched are the snapshots of the run's branch that were read.
func (r *reader) branched() (all []string) {
	for _, found := range r.lists {
		if found.Table != nil && found.Table.Branch != "" {
			all = append(all, found.Table.Snapshot)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// inLake refuses files in other buckets: a table may have files anywhere.
func (r *reader) inLake(files []dataset.Object) error {
	for _, o := range files {
		if !slices.Contains(r.buckets, o.Bucket) {
			return fault.New(fault.Permission, "bucket %s of a file of the table is not in the lake of the stage, and is not read", o.Bucket)
		}
	}
	return nil
}

// Footers reads the footers of files within the time of the invocation and the bytes of a run.
func (r *reader) Footers(ctx context.Context, at dataset.Address, all []dataset.Object) (f footer.Summary, partial string, err error) {
	f, known := r.footers[key(at)]
	if !known {
		f, err = footer.Until(ctx, all, func(read int64) bool {
			return r.bytes+read > mostBytes || !r.until.IsZero() && time.Now().After(r.until)
		})
		if err != nil {
			return f, "", err
		}
		r.bytes += f.BytesRead
		r.footers[key(at)] = f
	}
	if f.Unread > 0 {
		partial = fmt.Sprintf("%d of %d footers were read in the time and bytes of a check", f.Files-f.Unread, f.Files)
	}
	return f, partial, nil
}
