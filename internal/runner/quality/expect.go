package quality

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/job"
)

// verdict is what was found, and whether it meets the expectation.
type verdict struct {
	text string
	ok   bool
}

func good(format string, args ...any) verdict { return verdict{fmt.Sprintf(format, args...), true} }
func bad(format string, args ...any) verdict  { return verdict{fmt.Sprintf(format, args...), false} }

// expectation is one line of a check.
type expectation struct {
	text string
	look func(context.Context, *Checker, *opened) (verdict, error)
}

// expectations returns the expectations of a valid check, cheap ones first.
func (c *Checker) expectations(check job.Check) (all []expectation) {
	add := func(text string, look func(context.Context, *Checker, *opened) (verdict, error)) {
		all = append(all, expectation{text, look})
	}
	if check.WrittenBy != "" {
		add(c.writtenBy(), func(_ context.Context, c *Checker, d *opened) (verdict, error) { return d.written(c.Began), nil })
	}
	if check.Freshness != "" {
		age, _ := time.ParseDuration(check.Freshness)
		add("newest file at most "+check.Freshness+" old", func(_ context.Context, c *Checker, d *opened) (verdict, error) {
			return d.fresh(c.Now(), age), nil
		})
	}
	if check.Rows != "" {
		cmp, _ := parseComparison(check.Rows)
		add("rows "+cmp.String(), func(_ context.Context, _ *Checker, d *opened) (verdict, error) {
			text := fmt.Sprintf("%d rows in %d files", d.rows(), len(d.files))
			return verdict{text, cmp.holds(d.rows())}, nil
		})
	}
	for _, name := range slices.Sorted(maps.Keys(check.Columns)) {
		want := check.Columns[name]
		add("column "+name+" is "+want, func(_ context.Context, _ *Checker, d *opened) (verdict, error) {
			return d.typed(name, want), nil
		})
	}
	for _, name := range check.NotNull {
		add("column "+name+" has no nulls", func(ctx context.Context, _ *Checker, d *opened) (verdict, error) {
			return d.notNull(ctx, name)
		})
	}
	if len(check.Unique) > 0 {
		add("unique "+strings.Join(check.Unique, ", "), func(ctx context.Context, c *Checker, d *opened) (verdict, error) {
			return d.unique(ctx, check.Unique, c.maxUnique())
		})
	}
	return all
}

func (c *Checker) maxUnique() int {
	if c.MaxUnique > 0 {
		return c.MaxUnique
	}
	return MaxUnique
}

// Validate returns what is wrong with a check, without reading data.
func Validate(check job.Check) error {
	var errs []error
	if _, err := dataset.Parse(check.Dataset); err != nil {
		errs = append(errs, err)
	}
	if check.Rows != "" {
		if _, err := parseComparison(check.Rows); err != nil {
			errs = append(errs, err)
		}
	}
	for name, want := range check.Columns {
		if _, ok := parseType(want); !ok {
			errs = append(errs, fmt.Errorf("column %s: type %q is unknown", name, want))
		}
	}
	if check.Freshness != "" {
		if age, err := time.ParseDuration(check.Freshness); err != nil || age <= 0 {
			errs = append(errs, fmt.Errorf("freshness %q is not a duration like 24h", check.Freshness))
		}
	}
	errs = append(errs, validWriter(check.WrittenBy))
	if err := errors.Join(errs...); err != nil {
		return &InvalidError{fmt.Errorf("check %s: %w", check.Dataset, err)}
	}
	return nil
}

func validWriter(name string) error {
	if name != "" && name != job.WrittenByRun {
		return fmt.Errorf("writtenBy %q is not run", name)
	}
	return nil
}
