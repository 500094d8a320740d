package footer

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Value is a typed value. Values are compared as what they are, never as text.
type Value struct {
	kind  kind
	i     int64
	u     uint64
	f     float64
	t     time.Time
	d     *big.Int // unscaled
	scale int
	s     string
}

type kind int

const (
	boolean kind = iota
	signed
	unsigned
	float
	decimal
	date
	timestamp // an instant
	local     // a date and time without a zone
	clock     // time of day, in nanoseconds
	text
	octets
)

// Compare compares values of the same column; ok is false if their types differ.
func (v Value) Compare(w Value) (c int, ok bool) {
	if v.kind != w.kind || v.scale != w.scale {
		return 0, false
	}
	switch v.kind {
	case boolean, signed, clock:
		return cmp.Compare(v.i, w.i), true
	case unsigned:
		return cmp.Compare(v.u, w.u), true
	case float:
		return cmp.Compare(v.f, w.f), true
	case decimal:
		return v.d.Cmp(w.d), true
	case date, timestamp, local:
		return v.t.Compare(w.t), true
	case text, octets:
		return strings.Compare(v.s, w.s), true // bytes, unsigned
	}
	return 0, false
}

// Number is the value of a numeric column, exactly; ok is false if it is none or not finite.
func (v Value) Number() (n *big.Rat, ok bool) {
	n = new(big.Rat)
	switch v.kind {
	case signed:
		return n.SetInt64(v.i), true
	case unsigned:
		return n.SetUint64(v.u), true
	case float:
		n = n.SetFloat64(v.f)
		return n, n != nil
	case decimal:
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(v.scale)), nil)
		return n.SetFrac(v.d, scale), true
	case boolean, date, timestamp, local, clock, text, octets:
	}
	return nil, false
}

// Time is the value of a column of dates, or of times with a date.
func (v Value) Time() (time.Time, bool) {
	return v.t, v.kind == date || v.kind == timestamp || v.kind == local
}

func (v Value) String() string {
	switch v.kind {
	case boolean:
		return strconv.FormatBool(v.i != 0)
	case signed:
		return strconv.FormatInt(v.i, 10)
	case unsigned:
		return strconv.FormatUint(v.u, 10)
	case float:
		return strconv.FormatFloat(v.f, 'g', -1, 64)
	case decimal:
		return point(v.d, v.scale)
	case date, timestamp, local:
		return v.t.Format(layouts[v.kind])
	case clock:
		return time.Unix(0, v.i).UTC().Format("15:04:05.999999999")
	case text:
		return v.s
	case octets:
		return "0x" + hex.EncodeToString([]byte(v.s))
	}
	return ""
}

var layouts = map[kind]string{date: time.DateOnly, timestamp: time.RFC3339Nano, local: "2006-01-02T15:04:05.999999999"}

// point writes an unscaled number with a decimal point.
func point(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	if scale > 0 {
		digits = fmt.Sprintf("%0*s", scale+1, digits)
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if unscaled.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// MarshalJSON writes numbers as numbers, but decimals as strings, which keep their digits.
func (v Value) MarshalJSON() ([]byte, error) {
	number := v.kind == boolean || v.kind == signed || v.kind == unsigned || v.kind == float && !math.IsInf(v.f, 0)
	if number {
		return []byte(v.String()), nil
	}
	return json.Marshal(v.String())
}

// Bound is a smallest or greatest value. If it is not exact, values may not reach it:
// writers may shorten long strings, and Parquet does not say reliably whether they did.
type Bound struct {
	Value Value `json:"value"`
	Exact bool  `json:"exact"`
}
