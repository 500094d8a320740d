package quality

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"time"
)

// kind says which slice of a vector has its values.
type kind int

const (
	texts  kind = iota
	ints        // also booleans, decimals of up to 18 digits, dates and times
	floats      // of 32 or 64 bits
	bigs        // two's complement of decimals with more digits, most significant byte first
)

// vector is a part of a column: the values of some rows in succession.
type vector struct {
	typ   string // as in checks
	kind  kind
	scale int           // digits after the decimal point
	unit  time.Duration // of dates, times and timestamps
	loose bool          // texts of a format without types, which are what is expected of them
	wide  bool          // unsigned, of 64 bits

	unsigned bool

	null   []bool
	texts  [][]byte // of texts and bigs
	ints   []int64
	floats []float64
}

func (v *vector) reset() {
	v.null, v.texts, v.ints, v.floats = v.null[:0], v.texts[:0], v.ints[:0], v.floats[:0]
}

func (v *vector) appendNull() {
	v.null = append(v.null, true)
	switch v.kind {
	case texts, bigs:
		v.texts = append(v.texts, nil)
	case ints:
		v.ints = append(v.ints, 0)
	case floats:
		v.floats = append(v.floats, 0)
	}
}

func (v *vector) appendText(b []byte) {
	v.null = append(v.null, false)
	v.texts = append(v.texts, b)
}

// isTime reports whether values are points in time.
func (v *vector) isTime() bool { return v.typ == "date" || v.typ == "timestamp" }

// text is a value as it is shown and as patterns see it.
func (v *vector) text(i int) string {
	switch v.kind {
	case texts:
		if v.typ == "binary" || v.typ == "uuid" {
			return hex.EncodeToString(v.texts[i])
		}
		return string(v.texts[i])
	case floats:
		bits := 64
		if v.typ == "float" {
			bits = 32
		}
		return strconv.FormatFloat(v.floats[i], 'g', -1, bits)
	case bigs:
		return decimalText(v.number(i), v.scale)
	case ints:
	}
	return v.whole(i)
}

// whole is the text of a value of ints.
func (v *vector) whole(i int) string {
	switch {
	case v.typ == "boolean":
		return strconv.FormatBool(v.ints[i] != 0)
	case v.typ == "date":
		return v.time(i).Format(time.DateOnly)
	case v.typ == "timestamp":
		return v.time(i).Format(time.RFC3339Nano)
	case v.typ == "time":
		return v.time(i).Format("15:04:05.999999999")
	case v.wide:
		return strconv.FormatUint(uint64(v.ints[i]), 10) //nolint:gosec // its bits
	case v.scale > 0:
		return decimalText(v.number(i), v.scale)
	}
	return strconv.FormatInt(v.ints[i], 10)
}

func decimalText(n *big.Rat, scale int) string { return n.FloatString(scale) }

// time is a value of a date, a time or a timestamp.
func (v *vector) time(i int) time.Time {
	if v.unit >= 24*time.Hour {
		return time.Unix(v.ints[i]*int64(v.unit/time.Second), 0).UTC()
	}
	each := int64(time.Second / v.unit)
	return time.Unix(v.ints[i]/each, v.ints[i]%each*int64(v.unit)).UTC()
}

// number is a value of a numeric column, exactly. Floats must be finite.
func (v *vector) number(i int) *big.Rat {
	n := new(big.Rat)
	switch v.kind {
	case floats:
		return n.SetFloat64(v.floats[i])
	case bigs:
		n.SetInt(complement(v.texts[i]))
	case ints, texts:
		if v.wide {
			n.SetUint64(uint64(v.ints[i])) //nolint:gosec // its bits
		} else {
			n.SetInt64(v.ints[i])
		}
	}
	return n.Quo(n, power(v.scale))
}

func power(scale int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

// complement reads a big-endian two's complement number.
func complement(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// value is a value as expressions see it; decimals are approximated.
func (v *vector) value(i int) any {
	if v.null[i] {
		return nil
	}
	switch v.kind {
	case texts:
		if v.loose {
			return looseValue(v.typ, string(v.texts[i]))
		}
		return v.text(i)
	case floats:
		return v.floats[i]
	case bigs:
		f, _ := v.number(i).Float64()
		return f
	case ints:
	}
	switch {
	case v.typ == "boolean":
		return v.ints[i] != 0
	case v.isTime():
		return v.time(i)
	case v.unit > 0:
		return v.text(i)
	case v.scale > 0:
		return float64(v.ints[i]) / math.Pow10(v.scale)
	}
	return int(v.ints[i])
}

// looseValue is a text as a value of a declared type. A text that is none stays a text.
func looseValue(typ, s string) any {
	switch base(typ) {
	case "int", "long":
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
	case "float", "double", "decimal":
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f
		}
	case "boolean":
		if b, err := strconv.ParseBool(s); err == nil {
			return b
		}
	case "date", "timestamp":
		if t, ok := parseTime(s); ok {
			return t
		}
	}
	return s
}
