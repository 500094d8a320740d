package awsfake

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

const maxPage = 1 << 20

// pageRequest is what Query and Scan have in common.
type pageRequest struct {
	table, index           *string
	keyCondition           *string
	filter, projection     *string
	names                  map[string]string
	values                 Item
	start                  Item
	limit                  *int32
	sel                    types.Select
	consistent             *bool
	backward               bool
	segment, totalSegments *int32
	legacy                 bool
}

type page struct {
	items   []Item
	count   int32
	scanned int32
	last    Item
}

// source is the tree that a request reads and what it shows of an item.
type source struct {
	*tree
	table *table
	index *index // nil for the table
}

func (db *DynamoDB) source(req pageRequest) (source, error) {
	t, err := db.table(req.table)
	if err != nil {
		return source{}, err
	}
	if req.index == nil {
		return source{t.primary, t, nil}, nil
	}
	for _, i := range t.indexes {
		if i.spec.Name != *req.index {
			continue
		}
		if req.consistent != nil && *req.consistent {
			return source{}, ddbexpr.Invalid("Consistent reads are not supported on global secondary indexes")
		}
		i.settle()
		return source{i.tree, t, i}, nil
	}
	return source{}, ddbexpr.Invalid("The table does not have the specified index: %s", *req.index)
}

// keyNames returns the attributes of a LastEvaluatedKey.
func (s source) keyNames() []string {
	var out []string
	for _, k := range slices.Concat(s.table.keys(), s.keys()) {
		if !slices.Contains(out, k.name) {
			out = append(out, k.name)
		}
	}
	return out
}

// visible returns what the index projects of an item.
func (s source) visible(item Item) Item {
	if s.index == nil || !s.index.spec.KeysOnly && s.index.spec.Include == nil {
		return item
	}
	out := Item{}
	for _, n := range slices.Concat(s.keyNames(), s.index.spec.Include) {
		if v, ok := item[n]; ok {
			out[n] = v
		}
	}
	return out
}

// startAfter turns an ExclusiveStartKey into a record to compare with.
func (s source) startAfter(start Item) (*record, error) {
	if start == nil {
		return nil, nil //nolint:nilnil // no start key
	}
	names := s.keyNames()
	if len(start) != len(names) {
		return nil, ddbexpr.Invalid("The provided starting key is invalid")
	}
	for _, k := range slices.Concat(s.table.keys(), s.keys()) {
		if ddbexpr.TypeOf(start[k.name]) != k.typ {
			return nil, ddbexpr.Invalid("The provided starting key is invalid")
		}
	}
	item, err := ddbexpr.CopyItem(start)
	if err != nil {
		return nil, err
	}
	return &record{item: item, id: s.table.id(item)}, nil
}

// pageExpressions are a request's parsed expressions.
type pageExpressions struct {
	env        ddbexpr.Env
	key        *ddbexpr.Condition
	filter     *ddbexpr.Condition
	projection *ddbexpr.Projection
}

func (db *DynamoDB) pageExpressions(req pageRequest) (x pageExpressions, err error) {
	if x.env, err = newEnv(req.names, req.values, req.keyCondition != nil || req.filter != nil || req.projection != nil); err != nil {
		return x, err
	}
	if x.key, err = db.parsed.condition("KeyConditionExpression", req.keyCondition); err != nil {
		return x, err
	}
	if x.filter, err = db.parsed.condition("FilterExpression", req.filter); err != nil {
		return x, err
	}
	if x.projection, err = db.parsed.projection(req.projection); err != nil {
		return x, err
	}
	for _, check := range []func(ddbexpr.Env) error{x.key.Check, x.filter.Check, x.projection.Check} {
		if err := check(x.env); err != nil {
			return x, err
		}
	}
	return x, ddbexpr.CheckUsed(x.env, x.key, x.filter, x.projection)
}

func (req pageRequest) check() error {
	if err := refuseLegacy(req.legacy); err != nil {
		return err
	}
	if req.limit != nil && *req.limit < 1 {
		return ddbexpr.Invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *req.limit)
	}
	switch {
	case req.sel == types.SelectSpecificAttributes && req.projection == nil:
		return ddbexpr.Invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case req.projection != nil && req.sel != "" && req.sel != types.SelectSpecificAttributes:
		return ddbexpr.Invalid("Cannot specify the ProjectionExpression when choosing to get %s", req.sel)
	}
	return nil
}

// collect reads records up to the limit or a megabyte, whichever comes first,
// and filters afterwards, as AWS does.
func (s source) collect(recs []*record, req pageRequest, x pageExpressions) page {
	p := page{items: []Item{}}
	size := 0
	paths := x.projection.Paths(x.env)
	for _, r := range recs {
		p.scanned++
		size += r.size
		if item := s.visible(r.item); x.filter.Holds(item, x.env) {
			p.count++
			p.add(req, item, paths)
		}
		if req.limit != nil && p.scanned == *req.limit || size >= maxPage {
			p.last = s.lastKey(r)
			break
		}
	}
	if req.sel == types.SelectCount {
		p.items = nil
	}
	return p
}

func (p *page) add(req pageRequest, item Item, paths []ddbexpr.Path) {
	if req.sel == types.SelectCount {
		return
	}
	item = (&record{item: item}).copy()
	if req.projection != nil {
		item = ddbexpr.Project(item, paths)
	}
	p.items = append(p.items, item)
}

func (s source) lastKey(r *record) Item {
	out := Item{}
	for _, n := range s.keyNames() {
		out[n] = r.item[n]
	}
	return (&record{item: out}).copy()
}

// scanOrder compares as tree.all sorts.
func (t *tree) scanOrder(a, b *record) int {
	x, y := keyText(a.item[t.pk.name]), keyText(b.item[t.pk.name])
	if x == y {
		return t.compare(a, b)
	}
	return cmp.Or(cmp.Compare(hash(x), hash(y)), cmp.Compare(x, y))
}
