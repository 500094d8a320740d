package awsfake

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// athenaPage is the most rows of a page, its title included.
const athenaPage = 1000

// AthenaAnswer is the result of a statement. The zero value has no rows and
// returns at once.
type AthenaAnswer struct {
	Kind     types.StatementType // DML unless the statement begins like DDL or a utility
	Columns  []types.ColumnInfo
	Rows     [][]*string
	Row      func(i int) []*string // instead of Rows, for Count of them
	Count    int
	Scanned  int64
	Queued   time.Duration
	Runs     time.Duration
	Fails    string // the reason, if it does
	Refused  string // at once, as syntax errors are
	OneDatum bool   // rows come as DESCRIBE has them: in one value, with tabs
}

func (a AthenaAnswer) row(i int) []*string {
	if a.Row != nil {
		return a.Row(i)
	}
	return a.Rows[i]
}

// GetQueryResults reads a page of a result. That of a query begins with the
// names of the columns.
func (f *Athena) GetQueryResults(ctx context.Context, in *athena.GetQueryResultsInput, _ ...func(*athena.Options)) (*athena.GetQueryResultsOutput, error) {
	return call(ctx, &f.Control, "GetQueryResults", func() (*athena.GetQueryResultsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		x, err := f.execution(in.QueryExecutionId)
		if err != nil {
			return nil, err
		}
		most := int(aws.ToInt32(in.MaxResults))
		if most == 0 {
			most = athenaPage
		}
		state, _ := f.state(x)
		switch {
		case most < 0 || most > athenaPage:
			return nil, invalidQuery("INVALID_INPUT", "MaxResults is more than maximum allowed length %d.", athenaPage)
		case state == types.QueryExecutionStateQueued || state == types.QueryExecutionStateRunning:
			return nil, invalidQuery("INVALID_QUERY_EXECUTION_STATE", "Query has not yet finished. Current state: %s", state)
		case state != types.QueryExecutionStateSucceeded:
			return nil, invalidQuery("INVALID_QUERY_EXECUTION_STATE", "Query did not finish successfully. Final query state: %s", state)
		}
		return x.answer.page(aws.ToString(in.NextToken), most)
	})
}

func (a AthenaAnswer) page(token string, most int) (*athena.GetQueryResultsOutput, error) {
	from := 0
	if token != "" {
		var err error
		if from, err = strconv.Atoi(strings.TrimPrefix(token, "after-")); err != nil || from > a.Count {
			return nil, invalidQuery("INVALID_INPUT", "The token is not valid.")
		}
	}
	out := &athena.GetQueryResultsOutput{ResultSet: &types.ResultSet{ResultSetMetadata: &types.ResultSetMetadata{ColumnInfo: a.Columns}}}
	if token == "" && a.Kind == types.StatementTypeDml && len(a.Columns) > 0 {
		var title []*string
		for _, c := range a.Columns {
			title = append(title, c.Name)
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, a.datums(title))
		most--
	}
	to := min(from+most, a.Count)
	for i := from; i < to; i++ {
		out.ResultSet.Rows = append(out.ResultSet.Rows, a.datums(a.row(i)))
	}
	if to < a.Count {
		out.NextToken = new("after-" + strconv.Itoa(to))
	}
	return out, nil
}

func (a AthenaAnswer) datums(row []*string) types.Row {
	var r types.Row
	if a.OneDatum {
		var texts []string
		for _, v := range row {
			texts = append(texts, fmt.Sprintf("%-20s", aws.ToString(v)))
		}
		return types.Row{Data: []types.Datum{{VarCharValue: new(strings.Join(texts, "\t"))}}}
	}
	for _, v := range row {
		r.Data = append(r.Data, types.Datum{VarCharValue: v})
	}
	return r
}
