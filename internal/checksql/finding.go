package checksql

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"ephemr/internal/athena"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// refused is a query that Athena did not start.
func refused(reason string) athena.Execution {
	return athena.Execution{State: types.QueryExecutionStateFailed, Reason: reason}
}

// finding is what a query that has ended says of the data. One that has failed decides nothing:
// the expectation is not met.
func finding(ctx context.Context, engine *athena.Engine, q pipeline.Query, x athena.Execution) (job.Finding, error) {
	f := job.Finding{
		Dataset: q.Dataset, Expect: "no rows of " + q.Name, Source: job.SourceAthena, Bytes: x.Scanned, Seconds: x.Took.Seconds(),
	}
	if f.Dataset == "" {
		f.Dataset = "database " + engine.Database
	}
	if q.AtMost > 0 {
		f.Expect = fmt.Sprintf("at most %d rows of %s", q.AtMost, q.Name)
	}
	var rows int64
	if x.State != types.QueryExecutionStateSucceeded {
		f.Found = "no result: " + reason(engine, q, x)
	} else {
		var err error
		if rows, f.Samples, err = read(ctx, engine, x); err != nil {
			return f, err
		}
		f.Found, f.OK = plural(rows), rows <= int64(q.AtMost)
	}
	f.Warn = !f.OK && q.Severity == job.SeverityWarn
	return f, nil
}

func plural(rows int64) string {
	if rows == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", rows)
}

// read returns how many rows a query has, and the first of them.
func read(ctx context.Context, engine *athena.Engine, x athena.Execution) (rows int64, samples []job.Sample, _ error) {
	page, err := engine.First(ctx, x, job.MaxSamples)
	if err != nil || len(page.Rows) == 0 {
		return 0, nil, err
	}
	first := page.Rows[0]
	if len(first) > 0 && first[0] != nil {
		rows, err = strconv.ParseInt(*first[0], 10, 64)
	}
	if err != nil || rows == 0 {
		return 0, nil, fault.New(fault.Internal, "result of query %s has no number of rows", x.ID)
	}
	for i, row := range page.Rows {
		s := job.Sample{Row: int64(i + 1), Values: map[string]string{}}
		for n, column := range page.Columns[1:] {
			if value := row[n+1]; value != nil {
				s.Values[column.Name] = *value
			}
		}
		samples = append(samples, s)
	}
	return rows, samples, nil
}

// reason says why a query has no result, where it is wrong, and what to do.
func reason(engine *athena.Engine, q pipeline.Query, x athena.Execution) string {
	failed := &athena.FailedError{Execution: x}
	text := failed.Text()
	if text == "" {
		text = failed.Error()
	}
	if line, column := failed.Position(); line > before {
		text = q.Statement.Place(line-before, column) + ": " + text
	}
	switch failed.Cause() {
	case athena.ScanLimit:
		text += "; read fewer partitions, or raise query.scanLimitGiB of the stage"
	case athena.Access:
		text += "; workgroup " + engine.Workgroup + " may read what users of the team may read (access in the stage file)"
	case athena.NoTable, athena.NoSchema, athena.NoColumn, athena.NoEngine, athena.NoGroup, athena.Other:
	}
	return text
}
