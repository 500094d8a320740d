package awsfake

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

// record is a stored item; it is never changed, only replaced.
type record struct {
	item Item
	size int
	id   string // the primary key as text
}

func newRecord(id string, item Item) *record {
	return &record{item: item, size: ddbexpr.Size(item), id: id}
}

func (r *record) copy() Item {
	if r == nil {
		return nil
	}
	c, err := ddbexpr.CopyItem(r.item)
	if err != nil {
		panic(err) // what is stored was copied before
	}
	return c
}

// tree holds records by partition key, sorted by sort key and then by id. A
// table and each of its indexes is one.
type tree struct {
	pk, sk keyAttr
	parts  map[string][]*record
	hashes []string // the keys of parts in the order of a scan; nil = unknown
}

func newTree(pk, sk string) *tree {
	return &tree{pk: parseKey(pk), sk: parseKey(sk), parts: map[string][]*record{}}
}

func (t *tree) compare(a, b *record) int {
	if t.sk.name != "" {
		if c, ok := ddbexpr.Compare(a.item[t.sk.name], b.item[t.sk.name]); ok && c != 0 {
			return c
		}
	}
	return cmp.Compare(a.id, b.id)
}

// has says whether an index holds r: it is sparse.
func (t *tree) has(r *record) bool {
	return r != nil && r.item[t.pk.name] != nil && (t.sk.name == "" || r.item[t.sk.name] != nil)
}

func (t *tree) replace(old, now *record) {
	if t.has(old) {
		k := keyText(old.item[t.pk.name])
		part := t.parts[k]
		if i, found := slices.BinarySearchFunc(part, old, t.compare); found {
			if t.has(now) && k == keyText(now.item[t.pk.name]) && t.compare(old, now) == 0 {
				part[i] = now
				return
			}
			t.store(k, slices.Delete(part, i, i+1))
		}
	}
	if t.has(now) {
		k := keyText(now.item[t.pk.name])
		i, _ := slices.BinarySearchFunc(t.parts[k], now, t.compare)
		t.store(k, slices.Insert(t.parts[k], i, now))
	}
}

func (t *tree) store(k string, part []*record) {
	if old := t.parts[k]; (len(old) == 0) != (len(part) == 0) {
		t.hashes = nil
	}
	if len(part) == 0 {
		delete(t.parts, k)
		return
	}
	t.parts[k] = part
}

// all returns the records in the order of a scan: by the hash of the
// partition key, so that no caller can rely on it, and then sorted.
func (t *tree) all() []*record {
	if t.hashes == nil {
		for k := range t.parts {
			t.hashes = append(t.hashes, k)
		}
		slices.SortFunc(t.hashes, func(a, b string) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b)) })
	}
	var out []*record
	for _, k := range t.hashes {
		out = append(out, t.parts[k]...)
	}
	return out
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

type table struct {
	name    string
	primary *tree
	records map[string]*record
	indexes []*index
}

type index struct {
	*tree
	spec    Index
	pending []pendingChange
}

type pendingChange struct {
	at       time.Time
	old, now *record
}

func newTable(spec Table) *table {
	t := &table{name: spec.Name, primary: newTree(spec.PK, spec.SK), records: map[string]*record{}}
	for _, i := range spec.Indexes {
		t.indexes = append(t.indexes, &index{tree: newTree(i.PK, i.SK), spec: i})
	}
	return t
}

// replace replaces old by now; either may be nil.
func (t *table) replace(old, now *record, delay func() time.Duration) {
	t.primary.replace(old, now)
	if now == nil {
		if old != nil {
			delete(t.records, old.id)
		}
	} else {
		t.records[now.id] = now
	}
	for _, i := range t.indexes {
		if delay == nil {
			i.replace(old, now)
			continue
		}
		at := time.Now().Add(delay())
		if n := len(i.pending); n > 0 && i.pending[n-1].at.After(at) {
			at = i.pending[n-1].at
		}
		i.pending = append(i.pending, pendingChange{at, old, now})
	}
}

// settle applies the changes whose delay is over.
func (i *index) settle() {
	now := time.Now()
	for len(i.pending) > 0 && !i.pending[0].at.After(now) {
		i.replace(i.pending[0].old, i.pending[0].now)
		i.pending = i.pending[1:]
	}
}
