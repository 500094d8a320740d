package dbt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// node is one of manifest.json: https://docs.getdbt.com/reference/artifacts/manifest-json
type node struct {
	Relation *string `json:"relation_name"`
	Depends  struct {
		Nodes []string `json:"nodes"`
	} `json:"depends_on"`
	Columns map[string]struct {
		Name string  `json:"name"`
		Type *string `json:"data_type"`
	} `json:"columns"`
}

// manifest are the nodes of a project by id.
type manifest struct {
	Nodes   map[string]node `json:"nodes"`
	Sources map[string]node `json:"sources"`
}

// Tables are what a run has written, and what it has read without writing it: sources, and
// models that it did not build. The arguments are a run_results.json and a manifest.json.
func Tables(results, project []byte) ([]job.Table, error) {
	var file struct {
		Results []result `json:"results"`
	}
	if err := json.Unmarshal(results, &file); err != nil {
		return nil, fmt.Errorf("run_results.json of dbt is not valid: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(project, &m); err != nil {
		return nil, fmt.Errorf("manifest.json of dbt is not valid: %w", err)
	}
	tables := map[string]job.Table{}
	for _, x := range file.Results {
		maps.Copy(tables, m.read(x))
	}
	for _, x := range file.Results {
		if name := relation(x.Relation); x.Status == "success" && x.writes() && name != "" {
			tables[name] = job.Table{Name: name, Written: true, Rows: x.rows(), Columns: m.Nodes[x.ID].columns()}
		}
	}
	return slices.SortedFunc(maps.Values(tables), func(a, b job.Table) int { return cmp.Compare(a.Name, b.Name) }), nil
}

// rows is how many the node has written; nil = dbt does not know it.
func (x result) rows() *int64 {
	if n := x.Adapter.Rows; n != nil && *n >= 0 {
		return n
	}
	return nil
}

// writes reports whether the node makes a table or view of its own, and not one of failures.
func (x result) writes() bool {
	switch x.kind() {
	case "model", "seed", "snapshot":
		return true
	}
	return false
}

// ran reports whether the node has read its data.
func (x result) ran() bool { return x.ok() || x.Status == "fail" }

// read are the tables that a node has read.
func (m manifest) read(x result) map[string]job.Table {
	all := map[string]job.Table{}
	if x.ran() {
		m.add(all, x.ID, map[string]bool{})
	}
	return all
}

// add adds the tables that a node depends on. Ephemeral models are no tables: theirs are added.
func (m manifest) add(all map[string]job.Table, id string, seen map[string]bool) {
	for _, on := range m.Nodes[id].Depends.Nodes {
		if seen[on] {
			continue
		}
		seen[on] = true
		n, ok := m.Nodes[on]
		if !ok {
			n = m.Sources[on]
		}
		if name := relation(n.Relation); name != "" {
			all[name] = job.Table{Name: name, Columns: n.columns()}
			continue
		}
		m.add(all, on, seen)
	}
}

// columns are those whose types the project states, by name.
func (n node) columns() (all []job.Column) {
	for _, key := range slices.Sorted(maps.Keys(n.Columns)) {
		if c := n.Columns[key]; c.Type != nil && *c.Type != "" {
			all = append(all, job.Column{Name: cmp.Or(c.Name, key), Type: *c.Type})
		}
	}
	return all
}

// relation is database.table of a relation's name, or "" if it has other parts.
func relation(name *string) string {
	if name == nil {
		return ""
	}
	plain := strings.ReplaceAll(*name, "`", "")
	if database, table, ok := strings.Cut(plain, "."); !ok || database == "" || table == "" || strings.Contains(table, ".") {
		return ""
	}
	return plain
}
