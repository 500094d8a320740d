package pipeline

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/sqlfile"
)

// Query is the SQL of a check, filled in.
type Query struct {
	Check     int    // index in Spec.Checks
	SQL       string // returns the rows that are wrong
	Name      string // of the check
	Dataset   string // that it is about; "" = not said
	AtMost    int    // rows that it may return
	Severity  string
	Statement sqlfile.Statement // to find places that Athena reports
}

// OnAthena reports whether Athena decides any of the checks.
func (s Spec) OnAthena() bool { return slices.ContainsFunc(s.Checks, job.Check.OnAthena) }

// RenderSQL returns the queries of the checks. The error joins one for each that cannot be filled in.
func (s Spec) RenderSQL(c Context, database string) (all []Query, _ error) {
	var errs []error
	for i, check := range s.Checks {
		if !check.OnAthena() {
			continue
		}
		at := root("checks").index(i)
		q, err := s.renderQuery(at, check, c, database)
		if err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: render %s: %w", s.Name, at.key("sql"), c.hide(err)))
			continue
		}
		q.Check = i
		all = append(all, q)
	}
	return all, errors.Join(errs...)
}

func (s Spec) renderQuery(at *place, check job.Check, c Context, database string) (Query, error) {
	checked := job.Check{Dataset: check.Dataset, Partition: check.Partition}
	if err := s.fill(at, fieldsOfCheck(at, &checked), c); err != nil {
		return Query{}, err
	}
	t := newSQL(check.SQL)
	if t.err != nil {
		return Query{}, t.err
	}
	values := map[string]string{}
	fields := t.fields(at.key("sql"))
	for i, f := range fields {
		fields[i].set = func(value string) { values[f.name] = value }
	}
	if err := s.fill(at, fields, c); err != nil {
		return Query{}, err
	}
	texts, err := t.file.Fill(sqlfile.Values{Params: values, Lake: c.Lake, Stage: c.Stage, Database: database})
	if err != nil {
		return Query{}, t.explain(err)
	}
	atMost, _ := strconv.Atoi(check.AtMost) // which is validated
	name := check.Name
	if name == "" {
		name = job.Clip(strings.Join(strings.Fields(texts[0]), " "), maxSQLName)
	}
	if checked.Dataset != "" {
		checked.Dataset = OutputAt(checked.Dataset, checked.Partition).Address()
	}
	return Query{
		SQL: texts[0], Name: name, Dataset: checked.Dataset, AtMost: atMost, Severity: check.Severity, Statement: t.file.Statements[0],
	}, nil
}

// maxSQLName is the length of the beginning of a query that names it, in bytes.
const maxSQLName = 80

// sqlAction is a template in SQL: a type, and what gives the value.
var sqlAction = regexp.MustCompile(`(?s)\{\{-?\s*(.*?)\s*-?\}\}`)

// sqlType is a type of package sqlfile before a value.
var sqlType = regexp.MustCompile(`^(list|int|number|date|timestamp|name)\s+(.+)$`)

// noValue are the actions that give no value.
var noValue = regexp.MustCompile(`^((if|else|end|range|with|define|block|template|break|continue)\b|/\*|\$\w+\s*:?=)`)

// verbatim are the actions that package sqlfile fills in itself.
var verbatim = regexp.MustCompile(`^\.(Database|Stage|Lake\.\w+)$`)

// sqlText is SQL whose templates are values: package sqlfile writes each as a literal, so
// that no value becomes SQL.
type sqlText struct {
	file    *sqlfile.File // nil if err is not
	actions []string      // by the number in their name
	values  []string      // the templates that give their values
	err     error
}

func newSQL(text string) *sqlText {
	t := &sqlText{}
	for _, m := range sqlAction.FindAllStringSubmatch(text, -1) {
		if noValue.MatchString(m[1]) {
			t.err = fmt.Errorf("%s is not a value: SQL has no conditions, loops and variables of templates; write two checks, or CASE in SQL", m[0])
			return t
		}
	}
	translated := sqlAction.ReplaceAllStringFunc(text, func(action string) string {
		inner := sqlAction.FindStringSubmatch(action)[1]
		if verbatim.MatchString(inner) {
			return "{{" + inner + "}}"
		}
		kind, value := "", inner
		if m := sqlType.FindStringSubmatch(inner); m != nil {
			kind, value = m[1]+" ", m[2]
		}
		t.actions = append(t.actions, action)
		t.values = append(t.values, "{{"+value+"}}")
		return "{{" + kind + ".Params." + t.name(len(t.actions)-1) + "}}"
	})
	t.file, t.err = sqlfile.Parse("sql", translated)
	t.err = t.explain(t.err)
	if t.err == nil {
		t.err = t.shape()
	}
	return t
}

// name is the param of an action.
func (t *sqlText) name(i int) string { return "value" + strconv.Itoa(i+1) }

// shape refuses what is not one query.
func (t *sqlText) shape() error {
	switch {
	case len(t.file.Statements) != 1:
		return fmt.Errorf("%d statements; write one query that returns the rows that are wrong", len(t.file.Statements))
	case !t.file.Statements[0].IsQuery():
		return errors.New("not a query; begin it with SELECT or WITH: a check reads, and its rows are those that are wrong")
	case slices.ContainsFunc(t.file.Params, func(p sqlfile.Param) bool { return !t.knows(p.Name) }):
		return errors.New("a check declares no params; use those of the pipeline")
	}
	return nil
}

func (t *sqlText) knows(param string) bool {
	for i := range t.actions {
		if t.name(i) == param {
			return true
		}
	}
	return false
}

// explain names the actions as the author wrote them.
func (t *sqlText) explain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for i := len(t.actions) - 1; i >= 0; i-- { // value12 before value1
		for _, kind := range []string{"", "list ", "int ", "number ", "date ", "timestamp ", "name "} {
			text = strings.ReplaceAll(text, "{{"+kind+".Params."+t.name(i)+"}}", t.actions[i])
		}
		text = strings.ReplaceAll(text, "param "+t.name(i), t.actions[i])
	}
	return errors.New(text)
}

// fields are the templates of the values that the query uses; set does nothing. Those in comments are not among them.
func (t *sqlText) fields(at *place) (all []field) {
	for i, value := range t.values {
		used := slices.ContainsFunc(t.file.Params, func(p sqlfile.Param) bool { return p.Name == t.name(i) })
		if used {
			all = append(all, field{at: at, get: value, set: func(string) {}, name: t.name(i)})
		}
	}
	return all
}

// fieldsOfSQL returns the templates of the values in a check's SQL. They are not set.
func fieldsOfSQL(p *place, c job.Check) []field {
	if !c.OnAthena() {
		return nil
	}
	t := newSQL(c.SQL)
	if t.err != nil {
		return nil // reported by the rules
	}
	return t.fields(p.key("sql"))
}

// sqlChecks applies the rules to the SQL of a check.
func (r *rules) sqlChecks(p *place, c job.Check) {
	if !c.OnAthena() {
		return
	}
	at := p.key("sql")
	if err := newSQL(c.SQL).err; err != nil {
		r.fault(at, "%v", err)
	}
	first := slices.IndexFunc(r.spec.Checks, job.Check.OnAthena)
	if r.spec.Publish != nil && at.String() == root("checks").index(first).key("sql").String() {
		r.fault(at, "Athena reads tables as readers see them, and the data of the run is published after its checks; use other checks, or check it in a pipeline with a trigger after: {pipeline: %s}", r.spec.Name)
	}
}
