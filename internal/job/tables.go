package job

import (
	"cmp"
	"slices"
)

// Table is a table of the catalog that a program says it has read or written.
type Table struct {
	Name    string   `dynamodbav:"name" json:"name"`                           // database.table
	Written bool     `dynamodbav:"written,omitempty" json:"written,omitempty"` // false = it was only read
	Rows    *int64   `dynamodbav:"rows,omitempty" json:"rows,omitempty"`       // written; nil = not known
	Columns []Column `dynamodbav:"columns,omitempty" json:"columns,omitempty"` // whose types are known
}

// Column is a column of a Table; its type is in the words of the program.
type Column struct {
	Name string `dynamodbav:"name" json:"name"`
	Type string `dynamodbav:"type" json:"type"`
}

const (
	maxTables   = 64 << 10 // bytes of all tables
	maxDatabase = 2 * 255  // bytes of a name: Glue allows 255 for a database and for a table
	perTable    = 60       // bytes of the names of attributes
	perColumn   = 20
)

// FitTables returns those that fit into a record and into a Result: what was written goes
// before what was read, and a table loses its columns before it is left out.
func FitTables(all []Table) []Table {
	all = slices.DeleteFunc(slices.Clone(all), func(t Table) bool { return t.Name == "" || len(t.Name) > maxDatabase })
	slices.SortStableFunc(all, func(a, b Table) int { return cmp.Compare(rank(a), rank(b)) })
	var kept []Table
	size := 0
	for _, t := range all {
		t.Name, t.Columns = Clip(t.Name, maxDatabase), slices.Clone(t.Columns)
		schema := 0
		for i, c := range t.Columns {
			t.Columns[i] = Column{Name: Clip(c.Name, maxName), Type: Clip(c.Type, maxName)}
			schema += len(t.Columns[i].Name) + len(t.Columns[i].Type) + perColumn
		}
		bare := len(t.Name) + perTable
		if size+bare > maxTables {
			break
		}
		if size+bare+schema > maxTables/2 {
			t.Columns, schema = nil, 0 // the other half is left for names
		}
		size += bare + schema
		kept = append(kept, t)
	}
	return kept
}

func rank(t Table) int {
	if t.Written {
		return 0
	}
	return 1
}
