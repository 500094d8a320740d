package quality

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ephemr/internal/expectation"
	"ephemr/internal/job"
)

// verdict is what was found, and whether it meets the expectation.
type verdict struct {
	text string
	ok   bool
}

func good(format string, args ...any) verdict { return verdict{fmt.Sprintf(format, args...), true} }
func bad(format string, args ...any) verdict  { return verdict{fmt.Sprintf(format, args...), false} }

// expected is one expectation of a check and what is found of it.
type expected struct {
	text    string
	listing bool                         // known is about the listing
	known   func(*files) (verdict, bool) // without reading values; false = not known; nil = never
	rule    *rule                        // evaluates it by reading
	prepare func(context.Context) error  // reads another dataset before; nil = nothing to read
	full    func() error                 // why the rule could not evaluate all rows; nil = it always can

	verdict

	decided bool
	source  string
	bytes   int64
	seconds float64
	samples []job.Sample
}

// look decides the expectation if that is possible without reading values of the dataset.
func (e *expected) look(ctx context.Context, f *files) error {
	if e.prepare != nil {
		if err := e.prepare(ctx); err != nil {
			return err
		}
	}
	if e.known == nil {
		return nil
	}
	e.verdict, e.decided = e.known(f)
	if e.source = job.SourceListing; !e.listing {
		e.source, e.bytes, e.seconds = f.source(), f.bytesRead, f.seconds
	}
	return nil
}

// unevaluated is what is found if a check is invalid for the data that there is; "" for
// errors of other kinds. The findings of other checks stay.
func unevaluated(err error) string {
	if _, ok := errors.AsType[*InvalidError](err); !ok {
		return ""
	}
	return "could not be evaluated: " + err.Error()
}

// excuse decides an expectation that cannot be evaluated, and reports whether err says so.
func (e *expected) excuse(err error) bool {
	why := unevaluated(err)
	if why != "" && !e.decided {
		e.verdict, e.decided, e.source = bad("%s", why), true, job.SourceRead
	}
	return why != ""
}

func (e *expected) finding(check job.Check) job.Finding {
	return job.Finding{
		Dataset: check.Dataset, Expect: e.text, Found: e.verdict.text, OK: e.ok, Warn: !e.ok && check.Severity == job.SeverityWarn,
		Source: e.source, Bytes: e.bytes, Seconds: e.seconds, Samples: e.samples,
	}
}

// expectations returns the expectations of a valid check, cheap ones first.
func (c *Checker) expectations(check job.Check) ([]*expected, error) {
	b := &builder{checker: c, check: check}
	b.listing()
	b.shape()
	share, err := expectation.ParseShare(check.AtMost)
	if err != nil {
		return nil, err
	}
	b.share = share
	b.values()
	b.aggregates()
	return b.all, nil
}

// builder collects the expectations of a check.
type builder struct {
	checker *Checker
	check   job.Check
	share   expectation.Share
	all     []*expected
}

func (b *builder) add(e *expected) { b.all = append(b.all, e) }

// list adds an expectation that the listing decides.
func (b *builder) list(text string, look func(*files) verdict) {
	b.add(&expected{text: text, listing: true, known: func(f *files) (verdict, bool) { return look(f), true }})
}

func (b *builder) listing() {
	c := b.check
	if c.WrittenBy != "" {
		b.list(b.checker.writtenBy(), func(f *files) verdict { return written(f.objects, b.checker.Began) })
	}
	if c.Partition != "" {
		b.list("partition "+c.Partition, func(f *files) verdict { return good("%d files", len(f.objects)) })
	}
	if c.Freshness != "" {
		age, _ := expectation.ParseAge(c.Freshness)
		b.list("newest file at most "+c.Freshness+" old", func(f *files) verdict { return f.fresh(b.checker.Now(), age) })
	}
	if c.Files != "" {
		n, _ := expectation.ParseComparison(c.Files)
		b.list("files "+n.String(), func(f *files) verdict {
			return verdict{fmt.Sprintf("%d files", len(f.objects)), n.Holds(int64(len(f.objects)))}
		})
	}
	if c.FileSize != "" {
		size, _ := expectation.ParseSize(c.FileSize)
		b.list("size of each file "+size.String(), func(f *files) verdict { return f.sized(size) })
	}
}

// shape adds what is expected of the number of rows and of the columns' types.
func (b *builder) shape() {
	c := b.check
	if c.Rows != "" {
		n, _ := expectation.ParseComparison(c.Rows)
		text := "rows " + n.String()
		if c.Where != "" {
			text = "rows where " + c.Where + " " + n.String()
		}
		b.add(&expected{text: text, known: footers(c, func(f *files) (verdict, bool) {
			return verdict{fmt.Sprintf("%d rows in %d files", f.summary.Rows, len(f.objects)), n.Holds(f.summary.Rows)}, true
		}), rule: &rule{finish: func(t tally) verdict {
			return verdict{fmt.Sprintf("%d rows in %d files", t.rows, t.files), n.Holds(t.rows)}
		}}})
	}
	for _, name := range sorted(c.Columns) {
		b.typed(name, c.Columns[name])
	}
	if c.OnlyColumns {
		b.only()
	}
}

// footers is a function that is not asked if footers cannot decide: of rows that are
// selected, or of files without footers.
func footers(c job.Check, look func(*files) (verdict, bool)) func(*files) (verdict, bool) {
	return func(f *files) (verdict, bool) {
		if f.summary == nil || c.Where != "" {
			return verdict{}, false
		}
		return look(f)
	}
}

// onFiles reports whether the check expects nothing of the files' content, so that they
// may have any format.
func onFiles(c job.Check) bool {
	return !expectation.OnValues(c) && c.Rows == "" && len(c.Columns)+len(c.FreshnessOf) == 0 && c.Reconcile == nil &&
		c.WrittenBy+c.Freshness+c.Files+c.FileSize+c.Partition != ""
}

func named(columns []string) string { return strings.Join(columns, ", ") }
