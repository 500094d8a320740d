package sqlfile_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/sqlfile"
)

var values = sqlfile.Values{
	Params: map[string]string{}, Lake: map[string]string{"curated": "s3://lake-curated"}, Stage: "dev", Database: "ephemr_dev",
}

func with(params ...string) sqlfile.Values {
	v := values
	v.Params = map[string]string{}
	for p := range slices.Chunk(params, 2) {
		v.Params[p[0]] = p[1]
	}
	return v
}

func parse(t *testing.T, text string) *sqlfile.File {
	t.Helper()
	f, err := sqlfile.Parse("q.sql", text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestStatements(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string // where: text
	}{
		"nothing":               {"", nil},
		"only comments":         {"-- a\n/* b; */\n ; ;\n", nil},
		"one":                   {"select 1", []string{"q.sql:1:1: select 1"}},
		"several":               {"select 1;\n  select 2 ;select 3;", []string{"q.sql:1:1: select 1", "q.sql:2:3: select 2", "q.sql:2:13: select 3"}},
		"semicolons in quotes":  {`select ';''', ";""", 1 ; select 2`, []string{`q.sql:1:1: select ';''', ";""", 1`, "q.sql:1:26: select 2"}},
		"semicolons in comment": {"select 1 -- a; b\n, 2 /* ; */ ; select 3", []string{"q.sql:1:1: select 1 -- a; b\n, 2 /* ; */", "q.sql:2:15: select 3"}},
		"quotes in comments":    {"select 1 -- it's\n; select 2 /* don't */", []string{"q.sql:1:1: select 1 -- it's", "q.sql:2:3: select 2 /* don't */"}},
		"braces in comments":    {"-- {{.Nothing}}\nselect 1 -- {{\n", []string{"q.sql:2:1: select 1 -- {{"}},
		"leading comment":       {"-- what it is\n/* by\nwhom */ select 1", []string{"q.sql:3:9: select 1"}},
		"no escape in SQL":      {`select '\'; select 2`, []string{`q.sql:1:1: select '\'`, "q.sql:1:13: select 2"}},
		"an escape in Hive":     {`create table t (a int) location '\';' ; show tables`, []string{`q.sql:1:1: create table t (a int) location '\';'`, "q.sql:1:41: show tables"}},
		"no escape in a CTAS":   {"create table t as select split(p, '\\') as p from s; select 2", []string{"q.sql:1:1: create table t as select split(p, '\\') as p from s", "q.sql:1:53: select 2"}},
		"no escape in a view":   {`create or replace view v as select '\' as p; select 2`, []string{`q.sql:1:1: create or replace view v as select '\' as p`, "q.sql:1:46: select 2"}},
		"no escape, far away":   {"( /* don't */" + strings.Repeat(" ", 50) + `select '\'); select 2`, []string{"q.sql:1:1: ( /* don't */" + strings.Repeat(" ", 50) + `select '\')`, "q.sql:1:77: select 2"}},
		"no escape in backtick": {"drop table `a\\`; select 2", []string{"q.sql:1:1: drop table `a\\`", "q.sql:1:18: select 2"}},
		"backticks":             {"drop table `a;b`", []string{"q.sql:1:1: drop table `a;b`"}},
		"wide letters":          {"select 'ß„🙂'; select 2", []string{"q.sql:1:1: select 'ß„🙂'", "q.sql:1:15: select 2"}},
		"byte order mark":       {"\ufeffselect 1; select 2", []string{"q.sql:1:1: select 1", "q.sql:1:11: select 2"}},
		"windows":               {"select 1\r\n;\r\nselect 2\r\n", []string{"q.sql:1:1: select 1", "q.sql:3:1: select 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := parse(t, c.text)
			texts, err := f.Fill(values)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, s := range f.Statements {
				got = append(got, s.Where()+": "+texts[i])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What an engine says of a statement is found in the file.
func TestPlace(t *testing.T) {
	t.Parallel()
	f := parse(t, "-- x\nselect 1;\n  select a\nfrom b")
	s := f.Statements[1]
	for _, c := range []struct {
		line, column int
		want         string
	}{{1, 8, "q.sql:3:10"}, {2, 6, "q.sql:4:6"}, {2, 0, "q.sql:4"}, {1, 0, "q.sql:3"}, {0, 0, "q.sql:2"}} {
		if got := s.Place(c.line, c.column); got != c.want {
			t.Errorf("%d:%d is %s, want %s", c.line, c.column, got, c.want)
		}
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	f := parse(t, "\ufeff"+`-- Delays of a carrier
-- and more of it
-- param carrier: two letters
-- param month = 2013-01: year-month: like that
-- param note =
-- param carrier: again
select {{.Params.carrier}}, {{.Params.month}}, {{.Params.note}}, {{int .Params.limit}}
-- param late: not of the header
`)
	month, none := "2013-01", ""
	want := []sqlfile.Param{
		{Name: "carrier", Description: "two letters"},
		{Name: "month", Default: &month, Description: "year-month: like that"},
		{Name: "note", Default: &none},
		{Name: "limit"},
	}
	if diff := cmp.Diff(want, f.Params); diff != "" || f.Description != "Delays of a carrier" {
		t.Errorf("description %q, params\n%s", f.Description, diff)
	}
	texts, err := f.Fill(with("carrier", "UA", "limit", "3"))
	if err != nil || !strings.HasPrefix(texts[0], "select 'UA', '2013-01', '', 3\n") {
		t.Errorf("got %q, %v", texts, err)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, value, want string }{
		"text":             {"select {{.Params.v}}", "JFK", "select 'JFK'"},
		"text by its name": {"select {{ text .Params.v }}", "JFK", "select 'JFK'"},
		"quotes":           {"select {{.Params.v}}", "O'Hare", "select 'O''Hare'"},
		"backslash":        {"select {{.Params.v}}", `a\`, `select 'a\'`},
		"braces":           {"select {{.Params.v}}", "{{.Stage}}", "select '{{.Stage}}'"},
		"semicolon":        {"select {{.Params.v}}", "a;b", "select 'a;b'"},
		"empty":            {"select {{.Params.v}}", "", "select ''"},
		"wide":             {"select {{.Params.v}}", "ʼ＇🙂", "select 'ʼ＇🙂'"},
		"list":             {"select 1 in ({{list .Params.v}})", "UA, A'A", "select 1 in ('UA', 'A''A')"},
		"int":              {"select 1 {{int .Params.v}}", "007", "select 1 007"},
		"negative":         {"select 1 -{{int .Params.v}}", "-7", "select 1 -(-7)"},
		"big":              {"select {{int .Params.v}}", "99999999999999999999", "select 99999999999999999999"},
		"number":           {"select {{number .Params.v}}", "-1.50", "select (-1.50)"},
		"date":             {"select {{date .Params.v}}", "2013-02-28", "select DATE '2013-02-28'"},
		"timestamp":        {"select {{timestamp .Params.v}}", "2013-02-28 06:30:00", "select TIMESTAMP '2013-02-28 06:30:00'"},
		"name":             {"select x_{{name .Params.v}}", "Dep_Delay", "select x_dep_delay"},
		"explain":          {"explain select {{.Params.v}}", "it's", "explain select 'it''s'"},
		"Hive":             {"show tables {{.Params.v}}", "fli*", "show tables 'fli*'"},
		"stage":            {"select '{{.Stage}}', 1 from {{.Database}}.t -- {{.Params.x}}", "", "select 'dev', 1 from ephemr_dev.t -- {{.Params.x}}"},
		"lake":             {"create external table t (a int) location '{{.Lake.curated}}/t/'", "", "create external table t (a int) location 's3://lake-curated/t/'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := values
			if strings.Contains(c.text, ".Params.v}}") || strings.Contains(c.text, ".Params.v }}") {
				v = with("v", c.value)
			}
			texts, err := parse(t, c.text).Fill(v)
			if err != nil || len(texts) != 1 || texts[0] != c.want {
				t.Errorf("got %q, %v, want %q", texts, err, c.want)
			}
		})
	}
}

func TestFillRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		value string
		want  string
	}{
		"no value":           {"-- param v: what it is\nselect {{.Params.v}}", "none", "q.sql: param v (what it is) has no value; give it one with --param v=…"},
		"not a number":       {"select {{int .Params.v}}", "1 or 1=1", `q.sql:1:8: param v: "1 or 1=1" is not a whole number`},
		"exponent":           {"select {{number .Params.v}}", "1e5", "is not a number"},
		"not a day":          {"select {{date .Params.v}}", "2013-02-30", "is not a day"},
		"not a time":         {"select {{timestamp .Params.v}}", "2013-02-01", "is not a time"},
		"not a name":         {"select {{name .Params.v}}", `a" from x --`, "is not a name"},
		"two lines":          {"select {{.Params.v}}", "a\nb", "contains characters that cannot be used"},
		"not text":           {"select {{.Params.v}}", "\xff", "contains characters that cannot be used"},
		"backslash in Hive":  {"drop table t; create external table t (a int) location {{.Params.v}}", `s3://a/\`, "q.sql:1:56: param v contains a quote or a backslash"},
		"quote in Hive":      {"show tables {{.Params.v}}", "a'", "contains a quote or a backslash"},
		"a list in Hive":     {"show tables {{list .Params.v}}", "a,b'", "contains a quote or a backslash"},
		"no such zone":       {"select '{{.Lake.gold}}'", "none", "the stage has no zone gold"},
		"longer than Athena": {"select {{.Params.v}}", strings.Repeat("x", 262_144), "q.sql:1:1: the statement has 262153 bytes, Athena takes 262144"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := with("v", c.value)
			if c.value == "none" {
				v = values
			}
			texts, err := parse(t, c.text).Fill(v)
			if err == nil || !strings.Contains(err.Error(), c.want) || texts != nil {
				t.Errorf("got %q, %v, want %q", texts, err, c.want)
			}
		})
	}
	_, err := parse(t, "select {{.Params.a}}, {{.Params.b}}").Fill(with("c", "1"))
	want := "q.sql: param a has no value; give it one with --param a=…\nq.sql: param b has no value; give it one with --param b=…\nq.sql: unknown param c; it has a, b"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"select 'a":                          "q.sql:1:8: the quote ' is not closed",
		"select 1;\n select \"a":             `q.sql:2:9: the quote " is not closed`,
		"select 1 /* a":                      "q.sql:1:10: the comment is not closed",
		"select {{.Params.a":                 "q.sql:1:8: {{ is not closed",
		"select '{{.Params.a}}'":             "q.sql:1:9: {{.Params.a}} is in quotes, but params are quoted automatically; remove the quotes",
		"select \"{{name .Params.a}}\"":      "is in quotes",
		"select U&{{.Params.a}}":             "q.sql:1:10: {{.Params.a}} directly follows a word; put a space between them",
		"select 'a'{{.Params.a}}":            "directly follows a word",
		"select 1{{int .Params.a}}":          "directly follows a word",
		"select {{.Lake.curated}}":           "write it in quotes: '{{.Lake.curated}}/…'",
		"select {{.Lake}}":                   "{{.Lake}} does not exist; use .Params.<name>",
		"select {{.Jobs.a}}":                 "{{.Jobs.a}} does not exist; use",
		"select {{money .Params.a}}":         "unknown type money; use one of date, int, list, name, number, text, timestamp",
		"select {{int .Stage}}":              "only params have a type; write {{.Stage}}",
		"select {{if .Params.a}}1{{end}}":    "{{if .Params.a}}: unknown type if",
		"select {{printf \"%s\" .Params.a}}": "cannot parse",
		"select {{.Params.a | html}}":        "cannot parse",
		"select {{}}":                        "cannot parse",
		"select 1;\nselect 'S\xe3o'":         "q.sql:2: the line is not UTF-8 text; save the file as UTF-8",
		"\xff\xfes\x00e\x00l\x00":            "q.sql:1: the line is not UTF-8 text; save the file as UTF-8",
		"select '\x00'":                      "q.sql:1: the line is not UTF-8 text",
	} {
		if _, err := sqlfile.Parse("q.sql", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// Whatever is given as a value, the statement has as many texts, words and
// comments as before: the value is one literal.
func FuzzFill(f *testing.F) {
	for _, seed := range []string{"", "'", "''", `\'`, "' or 1=1 --", "*/", "{{.Stage}}", "a,b", "2013-01-01", "-1", "'; drop table x; --", "＇"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, kind := range []string{"text", "list", "int", "number", "date", "timestamp", "name"} {
			for _, begin := range []string{"select", "show tables like", "create table t as select '\\',"} {
				file := parse(t, fmt.Sprintf("%s {{%s .Params.v}} , 'end' ; select 2", begin, kind))
				texts, err := file.Fill(with("v", value))
				if err != nil {
					continue
				}
				filled := strings.TrimSuffix(strings.TrimPrefix(texts[0], begin+" "), " , 'end'")
				if len(texts) != 2 || !plain(filled, kind, strings.HasPrefix(begin, "show")) {
					t.Errorf("%s %q became %q", kind, value, texts)
				}
			}
		}
	})
}

// plain says whether sql is what kind may become, as an engine reads it.
func plain(sql, kind string, backslashes bool) bool {
	text := `'([^']|\'\')*'`
	if backslashes {
		text = `'([^'\\]|\'\')*'`
	}
	form := map[string]string{
		"text": text, "list": text + "(, " + text + ")*", "date": "DATE " + text, "timestamp": "TIMESTAMP " + text,
		"int": `(\d+|\(-\d+\))`, "number": `([\d.]+|\(-[\d.]+\))`, "name": `\w+`,
	}[kind]
	return regexp.MustCompile(`\A` + form + `\z`).MatchString(sql)
}
