package athena_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/athena"
	"ephemr/internal/proof/awsfake"
)

var _ athena.API = (*awsfake.Athena)(nil)

func column(name, kind string) types.ColumnInfo {
	return types.ColumnInfo{Name: &name, Type: &kind}
}

func newEngine() (*athena.Engine, *awsfake.Athena) {
	f := awsfake.NewAthena(map[string]int64{"ephemr-dev-default": 10 << 30})
	return &athena.Engine{API: f, Workgroup: "ephemr-dev-default", Database: "ephemr_dev"}, f
}

// run starts a statement, waits for it and reads its result.
func run(ctx context.Context, e *athena.Engine, sql string, seen func(athena.Execution)) (athena.Execution, []string, error) {
	id, err := e.Start(ctx, sql)
	if err != nil {
		return athena.Execution{}, nil, err
	}
	x, err := e.Wait(ctx, id, seen)
	if err != nil {
		return x, nil, err
	}
	var rows []string
	for p, err := range e.Results(ctx, x) {
		if err != nil {
			return x, rows, err
		}
		for _, r := range p.Rows {
			rows = append(rows, show(r))
		}
	}
	return x, rows, nil
}

func show(row []*string) string {
	var cells []string
	for _, v := range row {
		if v == nil {
			cells = append(cells, "NULL")
			continue
		}
		cells = append(cells, fmt.Sprintf("%q", *v))
	}
	return strings.Join(cells, " ")
}

func TestRun(t *testing.T) {
	t.Parallel()
	two := []types.ColumnInfo{column("a", "varchar"), column("b", "bigint")}
	for name, c := range map[string]struct {
		sql    string
		answer awsfake.AthenaAnswer
		want   []string
	}{
		"rows":     {"select a, b", awsfake.AthenaAnswer{Columns: two, Rows: [][]*string{{new("x"), new("1")}, {new(""), nil}}}, []string{`"x" "1"`, `"" NULL`}},
		"no rows":  {"select a, b", awsfake.AthenaAnswer{Columns: two}, nil},
		"names":    {"select a, b", awsfake.AthenaAnswer{Columns: two, Rows: [][]*string{{new("a"), new("b")}}}, []string{`"a" "b"`}}, // only the title goes
		"DDL":      {"create external table t", awsfake.AthenaAnswer{}, nil},
		"utility":  {"show tables", awsfake.AthenaAnswer{Columns: two[:1], Rows: [][]*string{{new("a")}, {new("t")}}}, []string{`"a"`, `"t"`}},
		"describe": {"describe t", awsfake.AthenaAnswer{Columns: two, OneDatum: true, Rows: [][]*string{{new("id"), new("string")}}}, []string{`"id" "string"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, f := newEngine()
				c.answer.Queued, c.answer.Runs, c.answer.Scanned = time.Second, 3*time.Second, 123
				f.Answer(c.sql, c.answer)
				var states []string
				x, rows, err := run(t.Context(), e, c.sql, func(x athena.Execution) {
					if n := len(states); n == 0 || states[n-1] != string(x.State) {
						states = append(states, string(x.State))
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, rows); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff([]string{"QUEUED", "RUNNING", "SUCCEEDED"}, states); diff != "" {
					t.Error(diff)
				}
				if x.Scanned != 123 || x.Took != 4*time.Second {
					t.Errorf("scanned %d in %s", x.Scanned, x.Took)
				}
			})
		})
	}
}

// A large result comes in pages, and is never whole in memory.
func TestPages(t *testing.T) {
	t.Parallel()
	e, f := newEngine()
	const count = 12_345
	f.Answer("big", awsfake.AthenaAnswer{
		Columns: []types.ColumnInfo{column("n", "bigint")}, Count: count,
		Row: func(i int) []*string { return []*string{new(fmt.Sprint(i))} },
	})
	id, err := e.Start(t.Context(), "select big")
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.Wait(t.Context(), id, func(athena.Execution) {})
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for p, err := range e.Results(t.Context(), x) {
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Rows) > 1000 {
			t.Fatalf("%d rows at once", len(p.Rows))
		}
		for _, r := range p.Rows {
			if *r[0] != fmt.Sprint(next) {
				t.Fatalf("got row %s after %d", *r[0], next)
			}
			next++
		}
	}
	if next != count {
		t.Errorf("got %d rows, want %d", next, count)
	}
	for range e.Results(t.Context(), x) {
		break // further pages must not be requested
	}
	if n := f.Calls("GetQueryResults"); n != 13+1 {
		t.Errorf("%d pages were read", n)
	}
}

// Athena is busy, ill, or its answers get lost: every statement runs once.
func TestTrouble(t *testing.T) {
	t.Parallel()
	ill := &smithy.GenericAPIError{Code: "InternalServerException", Message: "x"}
	synctest.Test(t, func(t *testing.T) {
		e, f := newEngine()
		told := 0
		e.Busy = func() { told++ }
		f.Answer("select", awsfake.AthenaAnswer{Columns: []types.ColumnInfo{column("a", "integer")}, Rows: [][]*string{{new("1")}}, Runs: time.Second})
		f.FailNext("StartQueryExecution", awsfake.TooManyQueries(), awsfake.TooManyQueries(), ill)
		f.LoseNext("StartQueryExecution", io.ErrUnexpectedEOF)
		f.FailNext("GetQueryExecution", awsfake.Throttled(), nil, ill)
		f.FailNext("GetQueryResults", awsfake.Throttled())
		_, rows, err := run(t.Context(), e, "select 1", func(athena.Execution) {})
		if err != nil || len(rows) != 1 {
			t.Errorf("got %q, %v", rows, err)
		}
		if n := len(f.Started()); n != 1 || told != 1 {
			t.Errorf("%d statements ran, %d times was told to wait", n, told)
		}
	})
}

// What will not pass ends a query, and what does not pass does so after a while.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
	synctest.Test(t, func(t *testing.T) {
		e, f := newEngine()
		f.FailNext("StartQueryExecution", denied)
		if _, err := e.Start(t.Context(), "select 1"); err == nil || !strings.Contains(err.Error(), "start query: ") {
			t.Errorf("got %v", err)
		}
		f.Use(&awsfake.Hooks{Before: func(string) error { return io.ErrUnexpectedEOF }})
		began := time.Now()
		_, err := e.Start(t.Context(), "select 1")
		if took := time.Since(began); err == nil || took < time.Minute || took > 5*time.Minute {
			t.Errorf("got %v after %s", err, took)
		}
		f.Use(&awsfake.Hooks{Before: func(string) error { return awsfake.TooManyQueries() }})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := e.Start(ctx, "select 1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// An interrupt while a statement is being started does not lose it.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, f := newEngine()
		f.Answer("select", awsfake.AthenaAnswer{Runs: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		f.Use(&awsfake.Hooks{Before: func(op string) error {
			if op == "Athena:StartQueryExecution" {
				cancel()
			}
			return nil
		}})
		id, err := e.Start(ctx, "select 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Wait(ctx, id, func(athena.Execution) {}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := e.Stop(ctx, id); err != nil || !f.Stopped(id) {
			t.Errorf("%v, stopped: %t", err, f.Stopped(id))
		}
	})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer       awsfake.AthenaAnswer
		cause        athena.Cause
		line, column int
		text         string
	}{
		"refused":       {awsfake.AthenaAnswer{Refused: "line 1:8: mismatched input 'form'. Expecting: 'FROM'"}, athena.Other, 1, 8, "mismatched input 'form'. Expecting: 'FROM'"},
		"column":        {awsfake.AthenaAnswer{Fails: "COLUMN_NOT_FOUND: line 12:8: Column 'nope' cannot be resolved or requester is not authorized to access requested resources"}, athena.NoColumn, 12, 8, "COLUMN_NOT_FOUND: Column 'nope' cannot be resolved or requester is not authorized to access requested resources"},
		"table":         {awsfake.AthenaAnswer{Fails: "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.ephemr_dev.x' does not exist"}, athena.NoTable, 1, 15, "TABLE_NOT_FOUND: Table 'awsdatacatalog.ephemr_dev.x' does not exist"},
		"database":      {awsfake.AthenaAnswer{Fails: "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"}, athena.NoSchema, 1, 15, "SCHEMA_NOT_FOUND: Schema 'nope' does not exist"},
		"scan limit":    {awsfake.AthenaAnswer{Scanned: 11 << 30}, athena.ScanLimit, 0, 0, "Bytes scanned limit was exceeded"},
		"objects":       {awsfake.AthenaAnswer{Fails: "Access Denied (Service: Amazon S3; Status Code: 403)"}, athena.Access, 0, 0, "Access Denied (Service: Amazon S3; Status Code: 403)"},
		"grants":        {awsfake.AthenaAnswer{Fails: "Insufficient Lake Formation permission(s): Required Select on delays"}, athena.Access, 0, 0, "Insufficient Lake Formation permission(s): Required Select on delays"},
		"DuckDB":        {awsfake.AthenaAnswer{Fails: "Parser Error: syntax error\n\nLINE 2: from x\n   ^"}, athena.Other, 2, 0, "Parser Error: syntax error\nLINE 2: from x\n   ^"},
		"DuckDB's own":  {awsfake.AthenaAnswer{Fails: "Catalog Error: Table with name nowhere does not exist!"}, athena.NoTable, 0, 0, "Catalog Error: Table with name nowhere does not exist!"},
		"without it":    {awsfake.AthenaAnswer{Fails: "no duckdb"}, athena.NoEngine, 0, 0, "no duckdb"},
		"anything else": {awsfake.AthenaAnswer{Fails: "GENERIC_INTERNAL_ERROR: x"}, athena.Other, 0, 0, "GENERIC_INTERNAL_ERROR: x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, f := newEngine()
			f.Answer("select", c.answer)
			_, _, err := run(t.Context(), e, "select 1", func(athena.Execution) {})
			failed, ok := errors.AsType[*athena.FailedError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			line, col := failed.Position()
			if failed.Cause() != c.cause || line != c.line || col != c.column || failed.Text() != c.text {
				t.Errorf("got cause %q at %d:%d: %s", failed.Cause(), line, col, failed.Text())
			}
		})
	}
	e, _ := newEngine()
	e.Workgroup = "elsewhere"
	_, _, err := run(t.Context(), e, "select 1", nil)
	if failed, ok := errors.AsType[*athena.FailedError](err); !ok || failed.Cause() != athena.NoGroup {
		t.Errorf("got %v", err)
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	const mb, tb = int64(1) << 20, int64(1) << 40
	for _, c := range []struct {
		x    athena.Execution
		want float64
	}{
		{athena.Execution{Statement: types.StatementTypeDml, State: types.QueryExecutionStateSucceeded, Scanned: tb}, 5},
		{athena.Execution{Statement: types.StatementTypeDml, State: types.QueryExecutionStateSucceeded, Scanned: 1}, 5.0 * 10 / (1 << 20)},
		{athena.Execution{Statement: types.StatementTypeDml, State: types.QueryExecutionStateSucceeded, Scanned: 100*mb + 1}, 5.0 * 101 / (1 << 20)},
		{athena.Execution{Statement: types.StatementTypeDml, State: types.QueryExecutionStateCancelled, Scanned: 100 * mb}, 5.0 * 100 / (1 << 20)},
		{athena.Execution{Statement: types.StatementTypeDml, State: types.QueryExecutionStateCancelled}, 0},
		{athena.Execution{Statement: types.StatementTypeDml, State: types.QueryExecutionStateFailed, Scanned: tb}, 0},
		{athena.Execution{Statement: types.StatementTypeDdl, State: types.QueryExecutionStateSucceeded}, 0},
		{athena.Execution{Statement: types.StatementTypeUtility, State: types.QueryExecutionStateSucceeded, Scanned: 16}, 0},
		{athena.Execution{Statement: types.StatementTypeUtility, Explains: true, State: types.QueryExecutionStateSucceeded}, 0},
		{athena.Execution{Statement: types.StatementTypeUtility, Explains: true, State: types.QueryExecutionStateSucceeded, Scanned: tb}, 5},
	} {
		if got := c.x.CostUSD(); got != c.want {
			t.Errorf("%+v costs %g, want %g", c.x, got, c.want)
		}
	}
}
