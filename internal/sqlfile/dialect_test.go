package sqlfile_test

import (
	"strings"
	"testing"

	"ephemr/internal/sqlfile"
)

// What CREATE begins is Hive's or Trino's, and a backslash means something else to
// each of them.
func TestDialects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want string // filled in with it's, or the error
	}{
		"CTAS":                    {`create table t as select split(p, '\') as p, {{.Params.v}} from s`, `create table t as select split(p, '\') as p, 'it''s' from s`},
		"CTAS with properties":    {"create table if not exists \"a;b\" comment 'as (' with (format = 'ORC') AS\n(select {{.Params.v}})", "create table if not exists \"a;b\" comment 'as (' with (format = 'ORC') AS\n(select 'it''s')"},
		"CTAS with comments":      {"create /* don't */ table t -- it's\nas -- don't\nselect '\\', {{.Params.v}}", "create /* don't */ table t -- it's\nas -- don't\nselect '\\', 'it''s'"},
		"CTAS of a CTE":           {`create table t as with a as (select '\' as p) select {{.Params.v}}`, `create table t as with a as (select '\' as p) select 'it''s'`},
		"CTAS by a given name":    {`create table {{name .Params.n}} as select '\', {{.Params.v}}`, `create table tab as select '\', 'it''s'`},
		"param in a CTAS's text":  {"create table t as select replace(p, '\\', '/') as p, 'carrier {{.Params.v}}' as y\n-- don't ask\nfrom s", "q.sql:1:62: {{.Params.v}} is in quotes"},
		"param in a view's text":  {"create view t as select replace(p, '\\', '/') as p, 'carrier {{.Params.v}}' as y\n-- don't ask\nfrom s", "q.sql:1:61: {{.Params.v}} is in quotes"},
		"param after a return":    {"select 1 -- it\r, '\n{{.Params.v}} '", "q.sql:2:1: {{.Params.v}} is in quotes"},
		"param after parenthesis": {"(/**/select replace(p, '\\', '/'), 'x {{.Params.v}}'\n-- don't\n)", "is in quotes"},
		"view":                    {`CREATE VIEW v AS SELECT '\' AS p, {{.Params.v}} AS q`, `CREATE VIEW v AS SELECT '\' AS p, 'it''s' AS q`},
		"prepared":                {`prepare p from select '\', {{.Params.v}}`, `prepare p from select '\', 'it''s'`},
		"Hive":                    {`create table t (a int comment 'it\'s') stored as parquet tblproperties ('q'='\'', 'e'='\\')`, `create table t (a int comment 'it\'s') stored as parquet tblproperties ('q'='\'', 'e'='\\')`},
		"Hive, before a CTAS":     {`create table t (a int comment 'it\'s'); create table u as select 'b'`, `create table t (a int comment 'it\'s')`},
		"Hive, external":          {`create external table t (a int comment 'x\' as select ') location {{list .Params.n}}; select 1`, "q.sql:1:67: {{list .Params.n}}: a backslash before a quote makes it ambiguous"},
		"Hive, Iceberg":           {"create table t (a int) partitioned by (day(b)) location {{.Params.n}} tblproperties ('table_type'='ICEBERG')", "create table t (a int) partitioned by (day(b)) location 'tab' tblproperties ('table_type'='ICEBERG')"},
		"Hive, a value's quote":   {"create table t (a int) location {{.Params.v}}", "param v contains a quote or a backslash"},
		"AS for Trino alone":      {`create table t comment 'a\' as select 'b', 'c\' as d`, "q.sql:1:1: a backslash before a quote makes it ambiguous whether this is CREATE TABLE AS SELECT"},
		"AS for Hive alone":       {`create table t (a int comment 'it\'s') as select 1`, "makes it ambiguous whether this is CREATE TABLE AS SELECT"},
		"quotes for Trino alone":  {`create table t (a int comment 'it\'s') location {{.Params.n}} tblproperties ('a'='b')`, "q.sql:1:49: {{.Params.n}}: a backslash before a quote makes it ambiguous whether this is in quotes"},
		"comment for Trino alone": {`alter table t set tblproperties ('a'='\'--', 'b'={{.Params.n}})`, "makes it ambiguous whether this is in quotes"},
		"end for Trino alone":     {`alter table t set tblproperties ('a'='\';', 'b'={{.Params.n}})`, "makes it ambiguous whether this is in quotes"},
		"a word that is given":    {`{{name .Params.n}} replace(p, '\', '/'), 'x', {{.Params.n}} '`, "is in quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := map[string]string{"v": "it's", "n": "tab"}
			f, err := sqlfile.Parse("q.sql", c.text)
			v := values
			v.Params = map[string]string{}
			for _, p := range f.Params {
				v.Params[p.Name] = given[p.Name]
			}
			got := ""
			if err == nil {
				var texts []string
				if texts, err = f.Fill(v); err == nil {
					got = texts[0]
				}
			}
			if err != nil && strings.Contains(err.Error(), c.want) || err == nil && got == c.want {
				return
			}
			t.Errorf("got %q, %v, want %q", got, err, c.want)
		})
	}
}
