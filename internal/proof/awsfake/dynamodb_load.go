package awsfake

import (
	"fmt"
	"slices"
)

// Reads counts what queries, scans and single reads have read: that is what AWS bills,
// and it grows where a function reads what it does not need.
type Reads struct {
	Calls int // pages and single reads
	Items int // before filters
}

// Sub is the reads since earlier.
func (r Reads) Sub(earlier Reads) Reads {
	return Reads{Calls: r.Calls - earlier.Calls, Items: r.Items - earlier.Items}
}

// Reads returns what was read until now.
func (db *DynamoDB) Reads() Reads {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.reads
}

func (db *DynamoDB) count(p page) {
	db.reads.Calls++
	db.reads.Items += int(p.scanned)
}

// Fill adds new items to a table, for tests that need many. It is not a call, and
// keeps the items: the caller must not change them. OnWrite does not see them.
func (db *DynamoDB) Fill(name string, items []Item) {
	db.mu.Lock()
	defer db.mu.Unlock()
	t, ok := db.tables[name]
	if !ok {
		panic("there is no table " + name)
	}
	all := make([]*record, len(items))
	for i, it := range items {
		all[i] = newRecord(t.id(it), it)
		if t.records[all[i].id] != nil {
			panic(fmt.Sprintf("item %q exists", all[i].id))
		}
		t.records[all[i].id] = all[i]
	}
	t.primary.fill(all)
	for _, i := range t.indexes {
		i.fill(all)
	}
}

// fill adds many records at once.
func (t *tree) fill(all []*record) {
	changed := map[string]bool{}
	for _, r := range all {
		if t.has(r) {
			k := keyText(r.item[t.pk.name])
			t.store(k, append(t.parts[k], r))
			changed[k] = true
		}
	}
	for k := range changed {
		slices.SortFunc(t.parts[k], t.compare)
	}
}
