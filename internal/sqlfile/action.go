package sqlfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// action is the content of {{…}}.
type action struct {
	source string
	param  string // of .Params
	kind   kind   // how its value is written
	field  string // Stage or Database
	zone   string // of .Lake
}

var (
	actionForm = regexp.MustCompile(`^(?:([a-z]+)\s+)?\.([A-Z][A-Za-z]*)(?:\.([A-Za-z][A-Za-z0-9_]*))?$`)
	integer    = regexp.MustCompile(`^-?[0-9]{1,38}$`)
	decimal    = regexp.MustCompile(`^-?[0-9]{1,38}(\.[0-9]{1,38})?$`)
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)
)

// place is the position of an action.
type place struct {
	quoted bool // within quotes
	glued  bool // right after a word
}

// readAction parses the content of {{…}}.
func readAction(text string, at place) (*action, error) {
	text = strings.TrimSpace(text)
	m := actionForm.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("cannot parse {{%s}}; write {{.Params.name}}, {{int .Params.name}}, '{{.Lake.zone}}/…' or {{.Database}}", text)
	}
	kind, field, key := m[1], m[2], m[3]
	switch {
	case field == "Params" && key != "":
		return readParam(text, kind, key, at)
	case kind != "":
		return nil, fmt.Errorf("{{%s}}: only params have a type; write {{.%s}}", text, field)
	case field == "Lake" && key != "":
		if !at.quoted {
			return nil, fmt.Errorf("{{%s}} is an address; write it in quotes: '{{%[1]s}}/…'", text)
		}
		return &action{source: text, zone: key}, nil
	case text == ".Stage", text == ".Database":
		return &action{source: text, field: field}, nil
	}
	return nil, fmt.Errorf("{{%s}} does not exist; use .Params.<name>, .Lake.<zone>, .Stage or .Database", text)
}

func readParam(text, name, key string, at place) (*action, error) {
	if name == "" {
		name = "text"
	}
	k, ok := kinds[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("{{%s}}: unknown type %s; use one of %s", text, name, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	case at.quoted:
		return nil, fmt.Errorf("{{%s}} is in quotes, but params are quoted automatically; remove the quotes", text)
	case at.glued && name != "name":
		return nil, fmt.Errorf("{{%s}} directly follows a word; put a space between them", text)
	}
	return &action{source: text, param: key, kind: k}, nil
}

// kind is a type of params.
type kind struct {
	want  string // what its values are
	fits  func(string) bool
	write func(string) string // as SQL
}

var kinds = map[string]kind{
	"text":      {"text", anything, literal},
	"list":      {"a list", anything, list},
	"int":       {"a whole number like 10", integer.MatchString, number},
	"number":    {"a number like 1.5", decimal.MatchString, number},
	"date":      {"a day like 2013-02-01", like(time.DateOnly), func(v string) string { return "DATE " + literal(v) }},
	"timestamp": {"a time like 2013-02-01 06:30:00", like(time.DateTime), func(v string) string { return "TIMESTAMP " + literal(v) }},
	"name":      {"a name of letters, digits and _", identifier.MatchString, strings.ToLower},
}

func anything(string) bool { return true }

func like(layout string) func(string) bool {
	return func(v string) bool {
		_, err := time.Parse(layout, v)
		return err == nil && len(v) == len(layout)
	}
}

// literal quotes a text as both of Athena's engines read it: a quote inside is
// doubled. Fill rejects all other characters with a meaning.
func literal(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }

func list(v string) string {
	var items []string
	for item := range strings.SplitSeq(v, ",") {
		items = append(items, literal(strings.TrimSpace(item)))
	}
	return strings.Join(items, ", ")
}

// number gives a negative one parentheses: 1 -{{int .Params.n}} would begin a
// comment.
func number(v string) string {
	if strings.HasPrefix(v, "-") {
		return "(" + v + ")"
	}
	return v
}
