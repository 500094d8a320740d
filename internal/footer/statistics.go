package footer

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Column is what is known of a column.
type Column struct {
	Name  string `json:"name"`  // with dots for fields of structs
	Type  string `json:"type"`  // as in checks
	Nulls *int64 `json:"nulls"` // nil = not known
	Min   *Bound `json:"min"`   // nil = not known, or there are only nulls
	Max   *Bound `json:"max"`

	Repeated bool `json:"-"` // has any number of values a row

	values int64 // that are not null, at least
}

// columnsOf summarizes the columns over all row groups.
func columnsOf(p *parquet.File) []Column {
	var columns []Column
	m := p.Metadata()
	for i, leaf := range leaves(p.Root()) {
		c := Column{Name: strings.Join(leaf.Path(), "."), Type: TypeOf(leaf), Nulls: new(int64), Repeated: leaf.MaxRepetitionLevel() > 0}
		ordered := i < len(m.ColumnOrders) && m.ColumnOrders[i].Value != nil
		for g := range m.RowGroups {
			if i < len(m.RowGroups[g].Columns) {
				part := chunk(leaf, &m.RowGroups[g].Columns[i].MetaData, ordered)
				c.merge(part)
			}
		}
		columns = append(columns, c)
	}
	return columns
}

func leaves(c *parquet.Column) (all []*parquet.Column) {
	if c.Leaf() {
		return []*parquet.Column{c}
	}
	for _, field := range c.Columns() {
		all = append(all, leaves(field)...)
	}
	return all
}

// groupsOf names the types of the columns that have columns below them.
func groupsOf(c *parquet.Column, groups map[string]string) map[string]string {
	for _, field := range c.Columns() {
		if !field.Leaf() {
			groups[strings.Join(field.Path(), ".")] = TypeOf(field)
			groupsOf(field, groups)
		}
	}
	return groups
}

// chunk reads the statistics of a column in one row group.
func chunk(leaf *parquet.Column, m *format.ColumnMetaData, ordered bool) Column {
	s := m.Statistics
	low, high := encoded(leaf, s, ordered)
	given := len(low)+len(high) > 0
	c := Column{values: m.NumValues - s.NullCount}
	least, lowOK := Parse(leaf, low)
	most, highOK := Parse(leaf, high)
	if given && lowOK && highOK && usable(&least, &most) {
		exact := leaf.Type().Kind() != parquet.ByteArray || least.kind == decimal
		c.Min, c.Max = &Bound{least, exact}, &Bound{most, exact}
	}
	// A count of zero may mean that none was written; it is believed beside bounds.
	if s.NullCount > 0 || given || leaf.MaxDefinitionLevel() == 0 {
		c.Nulls = new(s.NullCount)
	}
	return c
}

// encoded returns the bounds that are in the order of the column's type.
func encoded(leaf *parquet.Column, s format.Statistics, ordered bool) (low, high []byte) {
	switch {
	case ordered && len(s.MinValue)+len(s.MaxValue) > 0:
		return s.MinValue, s.MaxValue
	case signedOrder(leaf): // the deprecated fields compare bytes as signed
		return s.Min, s.Max
	}
	return nil, nil
}

// signedOrder reports whether values compare the same with the deprecated order.
func signedOrder(leaf *parquet.Column) bool {
	if t := leaf.Type().LogicalType(); t != nil {
		if n, ok := t.Value.(*format.IntType); ok && !n.IsSigned {
			return false
		}
	}
	k := leaf.Type().Kind()
	return k != parquet.ByteArray && k != parquet.FixedLenByteArray && k != parquet.Int96
}

// usable widens bounds of zero, because -0 and +0 are equal. NaN is no bound, and
// bounds in the wrong order are of a writer that compares otherwise.
func usable(least, most *Value) bool {
	if least.kind == float && least.f == 0 {
		least.f = math.Copysign(0, -1)
	}
	if most.kind == float && most.f == 0 {
		most.f = 0
	}
	order, ok := least.Compare(*most)
	return ok && order <= 0 && !math.IsNaN(least.f) && !math.IsNaN(most.f)
}

// merge adds what is known of the same column in another row group or file.
func (c *Column) merge(d Column) {
	if c.Nulls != nil && d.Nulls != nil {
		c.Nulls = new(*c.Nulls + *d.Nulls)
	} else {
		c.Nulls = nil
	}
	switch {
	case d.values == 0 && d.Min == nil: // only nulls, or no rows
	case c.values == 0:
		c.Min, c.Max = d.Min, d.Max
	default:
		c.Min, c.Max = bound(c.Min, d.Min, -1), bound(c.Max, d.Max, 1)
	}
	c.values += d.values
	c.Repeated = c.Repeated || d.Repeated
}

// bound returns the one of two bounds that is farther in a direction; nil if one is unknown.
func bound(a, b *Bound, direction int) *Bound {
	if a == nil || b == nil {
		return nil
	}
	order, ok := a.Value.Compare(b.Value)
	switch {
	case !ok:
		return nil
	case order == 0:
		return &Bound{a.Value, a.Exact || b.Exact}
	case order == direction:
		return a
	}
	return b
}

// Parse reads a value of a column from its PLAIN encoding; false if the type is not supported.
func Parse(leaf *parquet.Column, b []byte) (Value, bool) {
	k := leaf.Type().Kind()
	if size := sizes[k]; size > 0 && len(b) != size {
		return Value{}, false
	}
	switch k {
	case parquet.Boolean:
		return Value{kind: boolean, i: int64(b[0])}, true
	case parquet.Int32:
		n := binary.LittleEndian.Uint32(b)
		return whole(leaf, int64(int32(n)), uint64(n)) //nolint:gosec // its bits
	case parquet.Int64:
		n := binary.LittleEndian.Uint64(b)
		return whole(leaf, int64(n), n) //nolint:gosec // its bits
	case parquet.Float, parquet.Double:
		return Value{kind: float, f: real64(b)}, true
	case parquet.ByteArray:
		return octet(leaf, b)
	case parquet.FixedLenByteArray:
		v, ok := octet(leaf, b)
		return v, ok && len(b) == leaf.Type().Length()
	case parquet.Int96: // has no order
	}
	return Value{}, false
}

func real64(b []byte) float64 {
	if len(b) == 4 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// sizes of values in bytes.
var sizes = map[parquet.Kind]int{parquet.Boolean: 1, parquet.Int32: 4, parquet.Int64: 8, parquet.Float: 4, parquet.Double: 8}

// whole is the value of an integer column, which its logical type interprets.
func whole(leaf *parquet.Column, n int64, u uint64) (Value, bool) {
	t := leaf.Type().LogicalType()
	if t == nil {
		return Value{kind: signed, i: n}, true
	}
	switch l := t.Value.(type) {
	case *format.IntType:
		if !l.IsSigned {
			return Value{kind: unsigned, u: u}, true
		}
	case *format.DecimalType:
		return Value{kind: decimal, d: big.NewInt(n), scale: int(l.Scale)}, true
	case *format.DateType:
		return Value{kind: date, t: time.Unix(0, 0).UTC().AddDate(0, 0, int(n))}, true
	case *format.TimestampType:
		v := Value{kind: local, t: instant(n, int64(l.Unit.Value.Duration()))}
		if l.IsAdjustedToUTC {
			v.kind = timestamp
		}
		return v, true
	case *format.TimeType:
		return Value{kind: clock, i: n * int64(l.Unit.Value.Duration())}, true
	}
	return Value{kind: signed, i: n}, true
}

// instant is n units of nanoseconds after 1970. The product may not fit 64 bits.
func instant(n, unit int64) time.Time {
	each := int64(time.Second) / unit
	return time.Unix(n/each, n%each*unit).UTC()
}

// octet is the value of a column of bytes.
func octet(leaf *parquet.Column, b []byte) (Value, bool) {
	if t := leaf.Type().LogicalType(); t != nil {
		switch l := t.Value.(type) {
		case *format.DecimalType:
			if len(b) == 0 {
				return Value{}, false
			}
			return Value{kind: decimal, d: complement(b), scale: int(l.Scale)}, true
		case *format.StringType, *format.EnumType, *format.JsonType:
			return Value{kind: text, s: string(b)}, true
		case *format.Float16Type, *format.BsonType, *format.VariantType:
			return Value{}, false
		}
	}
	return Value{kind: octets, s: string(b)}, true
}

// complement reads a big-endian two's complement number.
func complement(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
