package checkdata

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/footer"
	"ephemr/internal/quality"
)

// Statistics and checks of the same dataset share what was read.
var _ quality.Data = (*reader)(nil)

type listing struct {
	files []dataset.Object
	more  bool
}

// key makes s3://bucket/prefix and s3://bucket/prefix/ the same.
func key(at dataset.Address) dataset.Address {
	at.Prefix = strings.TrimSuffix(at.Prefix, "/")
	return at
}

// FindTable finds the table that a dataset is, or is a part of.
func (r *reader) FindTable(ctx context.Context, at dataset.Address) (dataset.Table, error) {
	t, known := r.tables[key(at)]
	if known {
		return t, nil
	}
	t, err := dataset.FindTable(ctx, r.api, at)
	if err == nil {
		r.tables[key(at)] = t
	}
	return t, err
}

// List lists at most mostFiles files of a dataset, which may be one file: in records, addresses
// end in a slash.
func (r *reader) List(ctx context.Context, at dataset.Address) (all []dataset.Object, partial string, err error) {
	l, known := r.lists[key(at)]
	if !known {
		at.Prefix = key(at).Prefix + "/"
		if l.files, l.more, err = dataset.ListSome(ctx, r.api, at, mostFiles); err == nil && len(l.files) == 0 {
			l.files, l.more, err = dataset.ListSome(ctx, r.api, key(at), mostFiles)
		}
		if err != nil {
			return nil, "", err
		}
		r.lists[key(at)] = l
	}
	if l.more {
		partial = fmt.Sprintf("there are more than %d files", mostFiles)
	}
	return l.files, partial, nil
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
