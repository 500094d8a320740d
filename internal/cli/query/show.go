package query

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"ephemr/internal/athena"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/sqlfile"
)

// show writes the rows of a successful statement and a summary.
func (a *asking) show(ctx context.Context, x athena.Execution, s sqlfile.Statement) error {
	var w writer
	rows, shown := 0, 0
	for p, err := range a.engine.Results(ctx, x) {
		if err != nil {
			return a.explain(ctx, err, s)
		}
		if len(p.Columns) == 0 {
			break // not a query
		}
		if w == nil {
			w = a.writer()
		}
		more, err := w.page(p)
		if err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
		rows += len(p.Rows)
		a.progress.read(rows)
		if !more {
			break
		}
	}
	a.progress.line.Clear()
	if w == nil {
		a.summary(x, s, "done")
		return nil
	}
	if err := w.close(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	a.results++
	count := terminal.Count(rows, "row")
	if t, ok := w.(*asTable); ok && t.more {
		shown = len(t.rows)
		count = fmt.Sprintf("first %s (for all rows: --max-rows 0 or --format csv)", terminal.Count(shown, "row"))
	}
	a.summary(x, s, count)
	return nil
}

func (a *asking) writer() writer {
	if a.results > 0 && a.o.Format != FormatJSON {
		a.term.Printf("\n") // between two results
	}
	switch a.o.Format {
	case FormatCSV:
		return &asCSV{out: bufio.NewWriter(a.term.Out), clean: a.term.OutTTY}
	case FormatJSON:
		return &asJSON{out: bufio.NewWriter(a.term.Out)}
	}
	return &asTable{term: a.term, max: a.o.MaxRows}
}

// summary writes the number of rows and the cost of a statement.
func (a *asking) summary(x athena.Execution, s sqlfile.Statement, what string) {
	parts := []string{what}
	if usd := x.CostUSD(); usd > 0 {
		scanned := terminal.Bytes(x.Scanned) + " scanned"
		if a.stage.OnLaptop() {
			scanned += " (local region: size of the result)"
		}
		parts = append(parts, scanned, dollars(usd))
	}
	parts = append(parts, terminal.Duration(x.Took), x.ID)
	text := strings.Join(parts, ", ")
	if a.several {
		text = s.Where() + ": " + text
	}
	a.term.Notef("%s\n", a.term.ErrStyle().Dim(text))
}

// dollars formats an estimated cost, which is usually tiny.
func dollars(usd float64) string {
	if usd > 0 && usd < 0.01 {
		return fmt.Sprintf("%.6f USD", usd)
	}
	return fmt.Sprintf("%.2f USD", usd)
}
