package athena

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// Column is a column of a result.
type Column struct {
	Name string
	Type string // Athena's: varchar, bigint, double, decimal, array, …
}

// Page is a part of a result.
type Page struct {
	Columns []Column
	Rows    [][]*string // nil is NULL
}

// perPage is the most rows that Athena gives at once.
const perPage = 1000

// Results reads the result of a statement that has succeeded, in order, at most
// 1000 rows at a time. The first page is there even when there are no rows.
func (e *Engine) Results(ctx context.Context, x Execution) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		in := &athena.GetQueryResultsInput{QueryExecutionId: &x.ID, MaxResults: aws.Int32(perPage)}
		for first := true; first || in.NextToken != nil; first = false {
			var out *athena.GetQueryResultsOutput
			err := insist(ctx, nil, func() error {
				var err error
				out, err = e.API.GetQueryResults(ctx, in)
				return err
			})
			if err != nil {
				yield(Page{}, fmt.Errorf("read result of query %s: %w", x.ID, err))
				return
			}
			if !yield(page(out.ResultSet, first && x.titled()), nil) {
				return
			}
			in.NextToken = out.NextToken
		}
	}
}

// First reads the beginning of the result of a statement that has succeeded, at most 999 rows,
// with one call.
func (e *Engine) First(ctx context.Context, x Execution, rows int32) (Page, error) {
	out, err := e.API.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &x.ID, MaxResults: aws.Int32(rows + 1)}) // and the names
	if err != nil {
		return Page{}, fmt.Errorf("read result of query %s: %w", x.ID, err)
	}
	return page(out.ResultSet, x.titled()), nil
}

// titled reports whether the first row may hold the names of the columns: it
// does for queries and plans, but not for SHOW and DESCRIBE.
func (x Execution) titled() bool { return x.Statement == types.StatementTypeDml || x.Explains }

func page(set *types.ResultSet, titled bool) Page {
	var p Page
	if set == nil {
		return p
	}
	if set.ResultSetMetadata != nil {
		for _, c := range set.ResultSetMetadata.ColumnInfo {
			p.Columns = append(p.Columns, Column{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)})
		}
	}
	for i, r := range set.Rows {
		row := values(r.Data, len(p.Columns))
		if i == 0 && titled && isTitle(row, p.Columns) {
			continue
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// values returns the values of a row, as many as there are columns. DESCRIBE
// has all of them in one, with tabs between.
func values(data []types.Datum, columns int) []*string {
	row := make([]*string, columns)
	if len(data) == 1 && columns > 1 && data[0].VarCharValue != nil {
		for i, v := range strings.SplitN(*data[0].VarCharValue, "\t", columns) {
			row[i] = aws.String(strings.TrimSpace(v))
		}
		return row
	}
	for i, d := range data[:min(len(data), columns)] {
		row[i] = d.VarCharValue
	}
	return row
}

func isTitle(row []*string, columns []Column) bool {
	for i, c := range columns {
		if row[i] == nil || *row[i] != c.Name {
			return false
		}
	}
	return len(columns) > 0
}
