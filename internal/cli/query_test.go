package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/query"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

// lake is a world with Athena.
type lake struct {
	*world
	athena *awsfake.Athena
	stdin  string
}

func newLake(t *testing.T) *lake {
	t.Helper()
	w := newWorld(t)
	groups := map[string]stage.Workgroup{
		"default": {Name: "ephemr-dev-default", ScanLimit: 10 << 30, Policy: "ephemr-dev-query-default"},
		"data":    {Name: "ephemr-dev-data", ScanLimit: 100 << 30, Policy: "ephemr-dev-query-data"},
	}
	text, err := json.Marshal(stage.Query{Database: "ephemr_dev", Workgroups: groups})
	w.no(err)
	_, err = w.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new(stage.QueryParameter("dev")), Value: new(string(text))})
	w.no(err)
	w.settings.Account = "123456789012"
	return &lake{world: w, athena: awsfake.NewAthena(map[string]int64{"ephemr-dev-default": 10 << 30, "ephemr-dev-data": 100 << 30})}
}

// forget discards the output so far.
func (w *world) forget() { w.out = buffer{} }

func (l *lake) ask(ctx context.Context, o query.Options) error {
	if o.Team == "" {
		o.Team = stage.NoTeam
	}
	if o.Timeout == 0 {
		o.Timeout = time.Hour
	}
	if o.MaxRows == 0 {
		o.MaxRows = 100
	}
	return query.Run(ctx, o, l.io, strings.NewReader(l.stdin), l.settings, query.Clients{Parameters: l.ssm, Athena: l.athena})
}

func columns(pairs ...string) []types.ColumnInfo {
	var all []types.ColumnInfo
	for p := range slices.Chunk(pairs, 2) {
		all = append(all, types.ColumnInfo{Name: &p[0], Type: &p[1]})
	}
	return all
}

// everything is a result with values that are hard to format.
func everything() awsfake.AthenaAnswer {
	return awsfake.AthenaAnswer{
		Columns: columns("name", "varchar", "n", "bigint", "x", "double", "price", "decimal", "ok", "boolean", "day", "date", "tags", "array", "n", "integer"),
		Rows: [][]*string{
			{new("plain"), new("9223372036854775807"), new("1.0E10"), new("12.50"), new("true"), new("2013-01-02"), new("[1, 2]"), new("1")},
			{new(`<a>, "b" & 'c'`), new("-1"), new("NaN"), new("0.00"), new("false"), nil, nil, nil},
			{new(""), nil, new("Infinity"), nil, nil, new("2013-01-03"), new("[]"), new("0")},
			{new("two\nlines\tand\x1b[31m red"), new("0"), new("-0.5"), new("99999999999999999999999999999999.999999"), new("true"), nil, new("[ü]"), new("7")},
			{new(" NULL "), nil, nil, nil, nil, nil, nil, nil},
		},
		Scanned: 1536 << 20, Runs: 2 * time.Second,
	}
}

func atOnce(a awsfake.AthenaAnswer) awsfake.AthenaAnswer {
	a.Runs = 0
	return a
}

func TestQueryFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []string{query.FormatTable, query.FormatCSV, query.FormatJSON} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLake(t)
				l.athena.Answer("select", everything())
				l.no(l.ask(t.Context(), query.Options{SQL: "select 1", Format: format}))
				l.golden("query-" + format)
				if format == query.FormatJSON && !json.Valid([]byte(l.out.String())) {
					t.Error("this is no JSON")
				}
			})
		})
	}
}

// Control characters in values do not reach a terminal.
func TestQueryOnTerminal(t *testing.T) {
	t.Parallel()
	for _, format := range []string{query.FormatTable, query.FormatCSV, query.FormatJSON} {
		l := newLake(t)
		l.io.OutTTY = true
		l.athena.Answer("select", atOnce(everything()))
		l.no(l.ask(t.Context(), query.Options{SQL: "select 1", Format: format}))
		if strings.Contains(l.out.String(), "\x1b") || !strings.Contains(l.out.String(), "red") {
			t.Errorf("%s: %q", format, l.out.String())
		}
	}
}

// A table is limited in rows; a stream is not.
func TestQueryManyRows(t *testing.T) {
	t.Parallel()
	const count = 2500
	for name, c := range map[string]struct {
		o       query.Options
		lines   int
		summary string
		pages   int
	}{
		"table":     {query.Options{Format: query.FormatTable}, 1 + 100, "first 100 rows (for all rows: --max-rows 0 or --format csv), ", 1},
		"more rows": {query.Options{Format: query.FormatTable, MaxRows: 2000}, 1 + 2000, "first 2000 rows (", 3},
		"csv":       {query.Options{Format: query.FormatCSV}, 1 + count, "2500 rows, 0 B scanned, 0.000048 USD, ", 3},
		"json":      {query.Options{Format: query.FormatJSON}, count + 2, "2500 rows", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			l.athena.Answer("select", awsfake.AthenaAnswer{Columns: columns("n", "bigint"), Count: count, Row: func(i int) []*string { return []*string{new(fmt.Sprint(i))} }})
			c.o.SQL = "select n"
			l.no(l.ask(t.Context(), c.o))
			if got := strings.Count(l.out.String(), "\n"); got != c.lines {
				t.Errorf("got %d lines, want %d", got, c.lines)
			}
			contains(t, l.err.String(), c.summary)
			if n := l.athena.Calls("GetQueryResults"); n != c.pages {
				t.Errorf("%d pages were read, want %d", n, c.pages)
			}
		})
	}
}

// A file is run up to the first error, which is reported with its position.
func TestQueryStatements(t *testing.T) {
	t.Parallel()
	file := project(t, map[string]string{"q.sql": "-- Two and one\ncreate external table t (a int);\nselect 1 as one;\nselect\n  nope from t;\nselect 2;\n"}) + "/q.sql"
	l := newLake(t)
	l.athena.Answer("1 as one", awsfake.AthenaAnswer{Columns: columns("one", "integer"), Rows: [][]*string{{new("1")}}})
	l.athena.Answer("nope", awsfake.AthenaAnswer{Columns: columns("one", "integer"), Fails: "COLUMN_NOT_FOUND: line 2:3: Column 'nope' cannot be resolved"})
	err := l.ask(t.Context(), query.Options{File: file, Format: query.FormatJSON})
	want := file + ":5:3: COLUMN_NOT_FOUND: Column 'nope' cannot be resolved\n" + `ephemr query "describe TABLE" lists the columns` +
		"\nquery 00000000-0000-0000-0000-000000000003 in workgroup ephemr-dev-default"
	if err == nil || err.Error() != want || exit.CodeOf(err) != exit.CodeFailed {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if l.out.String() != "[\n  {\"one\": 1}\n]\n" {
		t.Errorf("stdout: %s", l.out.String())
	}
	contains(t, l.err.String(), file+":2:1: done, ", file+":3:1: 1 row, ")
	if got := l.athena.Started(); len(got) != 3 || got[0] != "create external table t (a int)" || got[2] != "select\n  nope from t" {
		t.Errorf("started %q", got)
	}
}

func TestQuerySources(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"queries/late.sql": "-- Late flights\n-- param origin: airport\n-- param n = 10\nselect * from flights where origin = {{.Params.origin}} limit {{int .Params.n}};",
	})
	for name, c := range map[string]struct {
		o     query.Options
		stdin string
		want  string
	}{
		"argument":  {query.Options{SQL: "select 1"}, "", "select 1"},
		"stdin":     {query.Options{SQL: "-"}, "select 2;", "select 2"},
		"-f stdin":  {query.Options{File: "-"}, "select 3", "select 3"},
		"file":      {query.Options{File: dir + "/queries/late.sql", Params: []string{"origin=JFK"}}, "", "select * from flights where origin = 'JFK' limit 10"},
		"saved":     {query.Options{Saved: "late", Project: dir, Params: []string{"origin=' or 1=1 --", "n=3"}}, "", "select * from flights where origin = ''' or 1=1 --' limit 3"},
		"templates": {query.Options{SQL: "select '{{.Lake.raw}}', '{{.Stage}}' from {{.Database}}.t"}, "", "select 's3://lake-raw', 'dev' from ephemr_dev.t"},
		"database":  {query.Options{SQL: "select '{{.Database}}'", Database: "other"}, "", "select 'other'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			l.stdin = c.stdin
			l.no(l.ask(t.Context(), c.o))
			if got := l.athena.Started(); len(got) != 1 || got[0] != c.want {
				t.Errorf("started %q, want %q", got, c.want)
			}
		})
	}
}

func TestQueryUsage(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"queries/late.sql": "select {{.Params.x}}", "big.sql": strings.Repeat("-", 5<<20)})
	for name, c := range map[string]struct {
		o    query.Options
		want string
	}{
		"nothing":       {query.Options{}, "no query; give SQL"},
		"too much":      {query.Options{SQL: "select 1", Saved: "late"}, "give only one of SQL, -f, --saved, --id and --list"},
		"list and more": {query.Options{SQL: "select 1", List: true}, "give only one of SQL"},
		"id and detach": {query.Options{ID: "x", Detach: true}, "--id cannot be combined with --detach"},
		"no statement":  {query.Options{SQL: " -- "}, "query: contains no statement"},
		"no file":       {query.Options{File: dir + "/none.sql"}, "no such file"},
		"big file":      {query.Options{File: dir + "/big.sql"}, "is larger than 4.0 MiB"},
		"no saved":      {query.Options{Saved: "early", Project: dir}, `saved query "early" not found; available: late`},
		"no project":    {query.Options{Saved: "late", Project: dir + "/queries"}, "no saved queries in queries/; set the project root with -p"},
		"elsewhere":     {query.Options{Saved: "../big", Project: dir}, "invalid name of a saved query"},
		"no value":      {query.Options{Saved: "late", Project: dir}, "queries/late.sql: param x has no value; give it one with --param x=…"},
		"no such param": {query.Options{SQL: "select 1", Params: []string{"y=1"}}, "query: unknown param y; it has none"},
		"param":         {query.Options{SQL: "select 1", Params: []string{"y"}}, "--param \"y\""},
		"in quotes":     {query.Options{SQL: "select '{{.Params.x}}'"}, "query:1:9: {{.Params.x}} is in quotes"},
		"format":        {query.Options{SQL: "select 1", Format: "xml"}, `invalid format "xml": use one of table, csv, json`},
		"database":      {query.Options{SQL: "select 1", Database: "a; drop table b"}, `invalid database name "a; drop table b"`},
		"rows":          {query.Options{SQL: "select 1", MaxRows: -1}, "invalid --max-rows -1"},
		"timeout":       {query.Options{SQL: "select 1", Timeout: -1}, "must be positive"},
		"team":          {query.Options{SQL: "select 1", Team: "etl"}, `team "etl" has no workgroup in stage dev; use --team with one of data, default, or add it to infra/config/dev.yaml`},
		"detach":        {query.Options{SQL: "select 1; select 2", Detach: true}, "--detach accepts one"},
		"id and params": {query.Options{ID: "x", Params: []string{"a=b"}}, "--id cannot be combined with --param"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			err := l.ask(t.Context(), c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) || exit.CodeOf(err) != exit.CodeUsage {
				t.Errorf("got %v (%d), want %q", err, exit.CodeOf(err), c.want)
			}
			if len(l.athena.Started()) > 0 {
				t.Error("something was started")
			}
		})
	}
}

func TestQueryFailures(t *testing.T) {
	t.Parallel()
	denied := &smithy.OperationError{ServiceID: "Athena", OperationName: "StartQueryExecution", Err: &smithy.GenericAPIError{
		Code: "AccessDeniedException", Message: "You are not authorized to perform: athena:StartQueryExecution on the resource.",
	}}
	for name, c := range map[string]struct {
		answer awsfake.AthenaAnswer
		err    error
		want   []string
	}{
		"syntax":     {awsfake.AthenaAnswer{Refused: "line 1:10: mismatched input 'form'"}, nil, []string{"query:1:10: mismatched input 'form'"}},
		"table":      {awsfake.AthenaAnswer{Fails: "TABLE_NOT_FOUND: line 1:15: Table 'x' does not exist"}, nil, []string{"query:1:15: TABLE_NOT_FOUND: Table 'x'", `ephemr query "show tables"`}},
		"scan limit": {awsfake.AthenaAnswer{Scanned: 101 << 30}, nil, []string{"query:1:1: Bytes scanned limit was exceeded", "a query of team data may scan 100.0 GiB (query in infra/config/dev.yaml)", "where dt = "}},
		"grants":     {awsfake.AthenaAnswer{Fails: "Insufficient Lake Formation permission(s): Required Select on delays"}, nil, []string{"ask the administrator of stage dev for the policy ephemr-dev-query-data", "SELECT grant"}},
		"rights":     {awsfake.AthenaAnswer{}, denied, []string{"StartQueryExecution: AccessDeniedException: You are not", "policy ephemr-dev-query-data"}},
		"no engine":  {awsfake.AthenaAnswer{Fails: "no duckdb: the emulator's Python has none"}, nil, []string{"run scripts/setup"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			l.athena.Answer("select", c.answer)
			if c.err != nil {
				l.athena.FailNext("StartQueryExecution", c.err)
			}
			err := l.ask(t.Context(), query.Options{SQL: "select * form x", Team: "data"})
			if exit.CodeOf(err) != exit.CodeFailed {
				t.Fatalf("got %v (%d)", err, exit.CodeOf(err))
			}
			contains(t, err.Error(), c.want...)
			if l.out.String() != "" {
				t.Errorf("stdout: %s", l.out.String())
			}
		})
	}
	l := newLake(t)
	l.settings.Stage = "old"
	if err := l.ask(t.Context(), query.Options{SQL: "select 1"}); err == nil || !strings.Contains(err.Error(), "stage old has no workgroups: it was deployed by an older version") {
		t.Errorf("got %v", err)
	}
}

// An interrupt or a time-out stops the query.
func TestQueryIsStopped(t *testing.T) {
	t.Parallel()
	const id = "00000000-0000-0000-0000-000000000001"
	synctest.Test(t, func(t *testing.T) {
		l := newLake(t)
		l.athena.Answer("select", awsfake.AthenaAnswer{Runs: time.Hour})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("interrupt"))
		defer cancel()
		err := l.ask(ctx, query.Options{SQL: "select 1"})
		if exit.CodeOf(err) != exit.CodeInterrupted || !exit.IsSilent(err) || !l.athena.Stopped(id) {
			t.Errorf("got %v, stopped: %t", err, l.athena.Stopped(id))
		}
		contains(t, l.err.String(), "stopped query "+id)
	})
	synctest.Test(t, func(t *testing.T) {
		l := newLake(t)
		l.athena.Answer("select", awsfake.AthenaAnswer{Runs: time.Hour})
		err := l.ask(t.Context(), query.Options{SQL: "select 1", Timeout: time.Minute})
		want := "query:1:1: stopped after 1m0s; set a longer --timeout (query " + id + ")"
		if err == nil || err.Error() != want || !l.athena.Stopped(id) {
			t.Errorf("got %v, stopped: %t", err, l.athena.Stopped(id))
		}
	})
	synctest.Test(t, func(t *testing.T) { // Athena has no room
		l := newLake(t)
		l.athena.Use(&awsfake.Hooks{Before: func(string) error { return awsfake.TooManyQueries() }})
		err := l.ask(t.Context(), query.Options{SQL: "select 1", Timeout: time.Minute})
		if err == nil || !strings.Contains(err.Error(), "Athena query limit reached for 1m0s") {
			t.Errorf("got %v", err)
		}
		contains(t, l.err.String(), "Athena query limit reached; waiting")
	})
}

// A detached query continues, and its rows can be read later.
func TestQueryDetached(t *testing.T) {
	t.Parallel()
	const id = "00000000-0000-0000-0000-000000000001"
	synctest.Test(t, func(t *testing.T) {
		l := newLake(t)
		l.athena.Answer("select", awsfake.AthenaAnswer{Runs: time.Hour, Columns: columns("a", "integer"), Rows: [][]*string{{new("1")}}})
		l.no(l.ask(t.Context(), query.Options{SQL: "select 1", Detach: true, Team: "data"}))
		if l.out.String() != id+"\n" {
			t.Errorf("stdout: %s", l.out.String())
		}
		contains(t, l.err.String(), "ephemr query --id "+id+" --team data")

		l.forget()
		l.no(l.ask(t.Context(), query.Options{SQL: "select 1", Detach: true, Format: query.FormatJSON}))
		contains(t, l.out.String(), `"queryExecutionId": "`, `"workgroup": "ephemr-dev-default"`, `"database": "ephemr_dev"`)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := l.ask(ctx, query.Options{ID: id, Team: "data"})
		if exit.CodeOf(err) != exit.CodeInterrupted || l.athena.Stopped(id) {
			t.Errorf("got %v, stopped: %t", err, l.athena.Stopped(id))
		}
		contains(t, l.err.String(), "the query continues; get its rows with: ephemr query --id "+id+" --team data")

		l.forget()
		l.no(l.ask(t.Context(), query.Options{ID: id, Team: "data", Format: query.FormatCSV}))
		if l.out.String() != "a\n1\n" {
			t.Errorf("stdout: %s", l.out.String())
		}
		if err := l.ask(t.Context(), query.Options{ID: id}); exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), "ran in workgroup ephemr-dev-data") {
			t.Errorf("got %v", err)
		}
	})
}

// A terminal shows the progress.
func TestQueryProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLake(t)
		l.io.ErrTTY, l.io.Color, l.io.Width = true, true, 100
		l.athena.Answer("select", awsfake.AthenaAnswer{Queued: time.Second, Runs: 9 * time.Second, Scanned: 3 << 30, Columns: columns("a", "integer")})
		l.no(l.ask(t.Context(), query.Options{SQL: "select 1"}))
		contains(t, l.err.String(), "queued 0.0s; Ctrl-C to stop", "running ", "3.0 GiB scanned; Ctrl-C to stop", "reading, 0 rows", "\r\x1b[K\x1b[2m0 rows, 3.0 GiB scanned, 0.01 USD, 10.0s, ")
	})
}

// JSON output is valid also without rows.
func TestQueryWithoutRows(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{"drop table t": "[]\n", "select 1": "[]\n", "drop table t; select 1": "[]\n"} {
		l := newLake(t)
		l.athena.Answer("select", awsfake.AthenaAnswer{Columns: columns("a", "integer")})
		l.no(l.ask(t.Context(), query.Options{SQL: sql, Format: query.FormatJSON}))
		if l.out.String() != want {
			t.Errorf("%s: %q", sql, l.out.String())
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestQueryCannotWrite(t *testing.T) {
	t.Parallel()
	for _, format := range []string{query.FormatTable, query.FormatCSV, query.FormatJSON} {
		l := newLake(t)
		l.io.Out = broken{}
		l.athena.Answer("select", atOnce(everything()))
		if err := l.ask(t.Context(), query.Options{SQL: "select 1", Format: format}); err == nil || !strings.Contains(err.Error(), "write rows: no space left") {
			t.Errorf("%s: got %v", format, err)
		}
	}
}

func TestQueryList(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"queries/late.sql": "-- Late flights\n-- param origin: airport\n-- param n = 10\nselect {{.Params.origin}}, {{int .Params.n}}", "queries/all.sql": "select 1", "queries/x.txt": "",
		"broken/queries/bad.sql": "-- Bad\nselect 'a", "broken/queries/good.sql": "-- Good\nselect 1",
	})
	w := newWorld(t)
	w.no(query.List(query.Options{Project: dir}, w.io))
	w.golden("query-list")
	w.forget()
	w.no(query.List(query.Options{Project: dir, JSON: true}, w.io))
	var found []query.Saved
	w.no(json.Unmarshal([]byte(w.out.String()), &found))
	if len(found) != 2 || found[1].Description != "Late flights" || found[1].File != "queries/late.sql" || *found[1].Params[1].Default != "10" || found[0].Params == nil {
		t.Errorf("got %+v", found)
	}
	w.forget()
	if err := query.List(query.Options{Project: dir + "/broken"}, w.io); err == nil || !strings.Contains(err.Error(), "queries/bad.sql:2:8: the quote ' is not closed") {
		t.Errorf("got %v", err)
	}
	contains(t, w.out.String(), "good  ", "Good")
	w.no(query.List(query.Options{Project: dir + "/queries"}, w.io))
	contains(t, w.err.String(), "no saved queries in ")
}
