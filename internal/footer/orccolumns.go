package footer

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields of a footer, of a type and of the statistics of a column.
const (
	footerStripes    = 3
	footerTypes      = 4
	footerRows       = 6
	footerStatistics = 7
	footerEncryption = 10

	typeKind      = 1
	typeSubtypes  = 2
	typeNames     = 3
	typePrecision = 5
	typeScale     = 6

	columnValues    = 1
	columnInt       = 2
	columnDouble    = 3
	columnString    = 4
	columnBucket    = 5
	columnDecimal   = 6
	columnDate      = 7
	columnTimestamp = 9
)

// Kinds of types.
const (
	orcBoolean = iota
	orcByte
	orcShort
	orcInt
	orcLong
	orcFloat
	orcDouble
	orcString
	orcBinary
	orcTimestamp
	orcList
	orcMap
	orcStruct
	orcUnion
	orcDecimal
	orcDate
	orcVarchar
	orcChar
	orcInstant // a timestamp with the local time zone
)

// orcTypes are the names that checks use.
var orcTypes = map[uint64]string{
	orcBoolean: "boolean", orcByte: "int", orcShort: "int", orcInt: "int", orcLong: "long", orcFloat: "float", orcDouble: "double",
	orcString: "string", orcVarchar: "string", orcChar: "string", orcBinary: "binary", orcTimestamp: "timestamp", orcInstant: "timestamp",
	orcDate: "date", orcList: "list", orcMap: "map", orcStruct: "struct", orcUnion: "union",
}

// orcReader collects the columns of a footer.
type orcReader struct {
	file       *File
	types      []fields
	statistics []fields
	old        bool
}

var errTypes = errors.New("its types are not a tree")

func orcFile(plain []byte, old bool) (*File, error) {
	f := parseFields(plain)
	if !f.ok || !f.has(footerTypes) {
		return nil, invalid("is not valid ORC: its footer cannot be decoded")
	}
	if f.has(footerEncryption) {
		return nil, invalid("has encrypted columns, which are not supported")
	}
	r := &orcReader{file: &File{Rows: int64(f.number(footerRows)), RowGroups: len(f.texts[footerStripes]), Groups: map[string]string{}}, old: old} //nolint:gosec // checked
	if r.file.Rows < 0 {
		return nil, invalid("is not valid ORC: it has %d rows", r.file.Rows)
	}
	for _, t := range f.texts[footerTypes] {
		r.types = append(r.types, parseFields(t))
	}
	for _, s := range f.texts[footerStatistics] {
		r.statistics = append(r.statistics, parseFields(s))
	}
	if r.types[0].number(typeKind) != orcStruct {
		return nil, invalid("has rows that are not structs")
	}
	if err := r.below(0, "", false); err != nil {
		return nil, invalid("is not valid ORC: %v", err)
	}
	return r.file, nil
}

// below adds the columns below a type. Types are in pre-order: their ids grow.
func (r *orcReader) below(id int, path string, repeated bool) error {
	t := r.types[id]
	kind := t.number(typeKind)
	for i, child := range t.list(typeSubtypes) {
		if child <= uint64(id) || child >= uint64(len(r.types)) { //nolint:gosec // not negative
			return errTypes
		}
		name := r.childName(t, kind, i)
		if path != "" {
			name = path + "." + name
		}
		if err := r.column(int(child), name, repeated || kind == orcList || kind == orcMap); err != nil { //nolint:gosec // below a length
			return err
		}
	}
	return nil
}

// childName is the name of a part of a type, as in Parquet.
func (r *orcReader) childName(t fields, kind uint64, i int) string {
	switch kind {
	case orcList:
		return "element"
	case orcMap:
		return [...]string{"key", "value"}[min(i, 1)]
	}
	if names := t.texts[typeNames]; i < len(names) {
		return string(names[i])
	}
	return fmt.Sprintf("_%d", i)
}

const maxColumns = 100_000

func (r *orcReader) column(id int, name string, repeated bool) error {
	if len(r.file.Columns) >= maxColumns {
		return errTypes
	}
	t := r.types[id]
	kind := t.number(typeKind)
	switch kind {
	case orcStruct, orcList, orcMap, orcUnion:
		if _, twice := r.file.Groups[name]; twice {
			return errTypes
		}
		r.file.Groups[name] = orcTypes[kind]
		return r.below(id, name, repeated)
	}
	c := Column{Name: name, Type: orcTypes[kind], Repeated: repeated}
	if kind == orcDecimal {
		c.Type = fmt.Sprintf("decimal(%d,%d)", t.number(typePrecision), t.number(typeScale))
	}
	if c.Type == "" {
		c.Type = fmt.Sprintf("type %d", kind)
	}
	if id < len(r.statistics) {
		r.known(&c, kind, int(t.number(typeScale)), r.statistics[id]) //nolint:gosec // of a decimal
	}
	r.file.Columns = append(r.file.Columns, c)
	return nil
}

// known fills in what the statistics of a column say.
func (r *orcReader) known(c *Column, kind uint64, scale int, s fields) {
	if !s.has(columnValues) {
		return
	}
	c.values = int64(s.number(columnValues)) //nolint:gosec // compared
	if c.values < 0 || !c.Repeated && c.values > r.file.Rows {
		c.values = 0
		return
	}
	if !c.Repeated {
		c.Nulls = new(r.file.Rows - c.values)
	}
	if c.values == 0 || r.old {
		return
	}
	least, most, ok := orcBounds(kind, scale, c.values, s)
	if ok && usable(&least.Value, &most.Value) {
		c.Min, c.Max = &least, &most
	}
}

// orcBounds are the smallest and the greatest value of a column; false if the statistics do not
// have them.
func orcBounds(kind uint64, scale int, values int64, s fields) (least, most Bound, ok bool) {
	switch kind {
	case orcByte, orcShort, orcInt, orcLong:
		return pair(s.message(columnInt), func(n fields, at protowire.Number) (Value, bool) {
			return Value{kind: signed, i: n.signed(at)}, true
		})
	case orcFloat, orcDouble:
		return pair(s.message(columnDouble), func(n fields, at protowire.Number) (Value, bool) {
			return Value{kind: float, f: math.Float64frombits(n.number(at))}, true
		})
	case orcDecimal:
		return pair(s.message(columnDecimal), func(n fields, at protowire.Number) (Value, bool) { return orcNumber(n.bytes(at), scale) })
	case orcDate:
		return pair(s.message(columnDate), func(n fields, at protowire.Number) (Value, bool) {
			return Value{kind: date, t: time.Unix(0, 0).UTC().AddDate(0, 0, int(int32(n.signed(at))))}, true //nolint:gosec // of 32 bits
		})
	case orcString, orcVarchar, orcChar:
		return orcTexts(s.message(columnString))
	case orcBoolean:
		return orcFlags(s.message(columnBucket).list(1), values)
	case orcTimestamp, orcInstant:
		return orcTimes(kind, s.message(columnTimestamp))
	}
	return least, most, false
}

// pair reads the minimum and the maximum of statistics, their first two fields.
func pair(s fields, value func(fields, protowire.Number) (Value, bool)) (least, most Bound, ok bool) {
	if !s.has(1) || !s.has(2) {
		return least, most, false
	}
	low, lowOK := value(s, 1)
	high, highOK := value(s, 2)
	return exact(low), exact(high), lowOK && highOK
}

// orcFlags are the bounds of booleans, of which the number of true ones is known.
func orcFlags(trues []uint64, values int64) (least, most Bound, ok bool) {
	if len(trues) == 0 {
		return least, most, false
	}
	all, some := trues[0] == uint64(values), trues[0] > 0 //nolint:gosec // not negative
	return exact(Value{kind: boolean, i: bit(all)}), exact(Value{kind: boolean, i: bit(some)}), true
}

func exact(v Value) Bound { return Bound{v, true} }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// orcTexts are the bounds of strings, which are shortened when they are long.
func orcTexts(s fields) (least, most Bound, ok bool) {
	side := func(whole, short protowire.Number) (Bound, bool) {
		if s.has(whole) {
			return exact(Value{kind: text, s: string(s.bytes(whole))}), true
		}
		return Bound{Value{kind: text, s: string(s.bytes(short))}, false}, s.has(short)
	}
	least, low := side(1, 4) //nolint:mnd // minimum, lowerBound
	most, high := side(2, 5) //nolint:mnd // maximum, upperBound
	return least, most, low && high
}

// orcNumber reads a decimal of a scale from text.
func orcNumber(b []byte, scale int) (Value, bool) {
	n, ok := new(big.Rat).SetString(string(b))
	if !ok || len(b) > 100 || scale < 0 || scale > 76 { //nolint:mnd // digits
		return Value{}, false
	}
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))) //nolint:mnd // decimal
	return Value{kind: decimal, d: n.Num(), scale: scale}, n.IsInt()
}

// orcTimes are the bounds of timestamps: milliseconds, and the nanoseconds in them plus one.
// A timestamp of ORC is a date and time without a zone.
func orcTimes(kind uint64, s fields) (least, most Bound, ok bool) {
	at := func(millis, nanos, missing int64) Bound {
		if nanos > 0 {
			missing = nanos - 1
		}
		v := Value{kind: local, t: instant(millis, int64(time.Millisecond)).Add(time.Duration(missing))}
		if kind == orcInstant {
			v.kind = timestamp
		}
		return Bound{v, nanos > 0}
	}
	const last = 999_999                                    // of a millisecond
	least = at(s.signed(3), int64(int32(s.number(5))), 0)   //nolint:gosec,mnd // minimumUtc, minimumNanos
	most = at(s.signed(4), int64(int32(s.number(6))), last) //nolint:gosec,mnd // maximumUtc, maximumNanos
	return least, most, s.has(3) && s.has(4)
}
