package generate

import (
	"fmt"
	"iter"
	"time"
)

// part is one file.
type part struct {
	name  string // dt=2026-01-01/part-00000.parquet
	date  int64  // of its partition, in microseconds since 1970
	first int64  // of its rows, numbered over the dataset
	rows  int64
}

// plan divides the rows equally among the dates, and those of a date equally
// among as few files as there must be.
func plan(s Spec) iter.Seq[part] {
	return func(yield func(part) bool) {
		first := int64(0)
		for d := range int64(s.Days) {
			rows := share(s.Rows, int64(s.Days), d)
			date := s.From.AddDate(0, 0, int(d))
			files := (rows + s.FileRows - 1) / s.FileRows
			for f := range files {
				p := part{
					name: fmt.Sprintf("dt=%s/part-%05d.%s", date.Format(time.DateOnly), f, s.Format),
					date: date.UnixMicro(), first: first, rows: share(rows, files, f),
				}
				if first += p.rows; !yield(p) {
					return
				}
			}
		}
	}
}

// share is the i-th of n almost equal shares of all.
func share(all, n, i int64) int64 {
	if i < all%n {
		return all/n + 1
	}
	return all / n
}
