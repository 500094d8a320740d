package footer_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/footer"
)

// file writes rows as Parquet, in row groups of two.
func file[T any](t *testing.T, rows ...T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, parquet.MaxRowsPerRowGroup(2))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(body []byte) (*footer.File, error) {
	return footer.Read(bytes.NewReader(body), int64(len(body)), nil)
}

type row struct {
	ID     int32     `parquet:"id"`
	Big    uint64    `parquet:"big"`
	Text   *string   `parquet:"text,optional"`
	Number *float64  `parquet:"number,optional"`
	Price  int64     `parquet:"price,decimal(2:18)"`
	Day    int32     `parquet:"day,date"`
	At     time.Time `parquet:"at,timestamp(microsecond)"`
	Yes    bool      `parquet:"yes"`
	None   *int64    `parquet:"none,optional"`
	Inner  struct {
		Name string `parquet:"name"`
	} `parquet:"inner"`
}

// Values are compared as their type: 9 < 10, -1.50 < 0.25, and unsigned numbers are large.
func TestTypes(t *testing.T) {
	t.Parallel()
	early, late := time.Date(1969, 12, 31, 23, 59, 59, 500_000_000, time.UTC), time.Date(2026, 11, 30, 1, 2, 3, 4000, time.UTC)
	rows := []row{
		{ID: 10, Big: 1, Text: new("b"), Number: new(math.NaN()), Price: -150, Day: -1, At: late},
		{ID: 9, Big: math.MaxUint64, Number: new(10.5), Price: 25, Day: 20_000, At: early, Yes: true},
		{ID: 100, Text: new("é"), Number: new(9.0)},
		{ID: -2, Text: new("a")},
	}
	rows[0].Number = new(2.5)
	rows[1].Inner.Name = "x"
	f, err := read(file(t, rows...))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range f.Columns {
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		got[c.Name] = strings.ReplaceAll(string(body), `"name":"`+c.Name+`",`, "")
	}
	want := map[string]string{
		"id":         `{"type":"int","nulls":0,"min":{"value":-2,"exact":true},"max":{"value":100,"exact":true}}`,
		"big":        `{"type":"long","nulls":0,"min":{"value":0,"exact":true},"max":{"value":18446744073709551615,"exact":true}}`,
		"text":       `{"type":"string","nulls":1,"min":{"value":"a","exact":false},"max":{"value":"é","exact":false}}`,
		"number":     `{"type":"double","nulls":1,"min":{"value":2.5,"exact":true},"max":{"value":10.5,"exact":true}}`,
		"price":      `{"type":"decimal(18,2)","nulls":0,"min":{"value":"-1.50","exact":true},"max":{"value":"0.25","exact":true}}`,
		"day":        `{"type":"date","nulls":0,"min":{"value":"1969-12-31","exact":true},"max":{"value":"2024-10-04","exact":true}}`,
		"at":         `{"type":"timestamp","nulls":0,"min":{"value":"0001-01-01T00:00:00Z","exact":true},"max":{"value":"2026-11-30T01:02:03.000004Z","exact":true}}`,
		"yes":        `{"type":"boolean","nulls":0,"min":{"value":false,"exact":true},"max":{"value":true,"exact":true}}`,
		"none":       `{"type":"long","nulls":4,"min":null,"max":null}`,
		"inner.name": `{"type":"string","nulls":0,"min":null,"max":null}`, // a bound "" looks as if there were none
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if f.Rows != 4 || f.RowGroups != 2 {
		t.Errorf("%d rows, %d row groups", f.Rows, f.RowGroups)
	}
}

type fixed struct {
	Price [9]byte `parquet:"price,decimal(3:20)"`
}

// Decimals in bytes are signed numbers.
func TestDecimalOfBytes(t *testing.T) {
	t.Parallel()
	low, high := fixed{[9]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}}, fixed{[9]byte{8: 5}}
	f, err := read(file(t, low, low, high))
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Columns[0]; c.Min.Value.String() != "-0.002" || c.Max.Value.String() != "0.005" || !c.Min.Exact {
		t.Errorf("got %s to %s", c.Min.Value, c.Max.Value)
	}
}

// Some writers compare decimals in bytes as unsigned; the bounds that they write are no bounds.
func TestWrongOrder(t *testing.T) {
	t.Parallel()
	f, err := read(file(t, fixed{[9]byte{0: 0xff}}, fixed{[9]byte{8: 5}}))
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Columns[0]; c.Min != nil || c.Max != nil {
		t.Errorf("got %v, %v", c.Min, c.Max)
	}
}

// NaN is no bound.
func TestNaN(t *testing.T) {
	t.Parallel()
	type numbers struct {
		N float64 `parquet:"n"`
	}
	f, err := read(file(t, numbers{math.NaN()}, numbers{math.NaN()}, numbers{1}))
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Columns[0]; c.Min != nil || c.Max != nil {
		t.Errorf("got %v, %v", c.Min, c.Max)
	}
}

// long pretends that a footer is of this length.
func long(length uint32) []byte {
	body := append([]byte("PAR1"), make([]byte, 100)...)
	return append(binary.LittleEndian.AppendUint32(body, length), "PAR1"...)
}

// zeros is a large file that ends in body.
type zeros struct {
	body []byte
	size int64
	read int64
}

func (z *zeros) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	z.read += int64(len(p))
	if from := at + int64(len(p)) - z.size + int64(len(z.body)); from > 0 {
		copy(p[max(0, int64(len(p))-from):], z.body[max(0, from-int64(len(p))):])
	}
	return len(p), nil
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	good := file(t, row{ID: 1}, row{ID: 2})
	for name, tt := range map[string]struct {
		body []byte
		want string
	}{
		"empty":                {nil, "is neither Parquet nor ORC: it has only 0 bytes"},
		"text":                 {[]byte("order_id,amount\n1,2\n"), "is neither Parquet nor ORC, or was cut short"},
		"encrypted":            {append(good[:len(good)-4:len(good)-4], "PARE"...), "has an encrypted footer, which is not supported"},
		"cut short":            {good[:len(good)-20], "is Parquet that was cut short: its last bytes are missing"},
		"the front is missing": {good[len(good)-100:], "was cut short: its footer has "},
		"an impossible length": {long(math.MaxUint32), "was cut short: its footer has 4294967295 bytes, the file 112"},
		"no metadata":          {long(50), "is not valid Parquet: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tt.body)
			if _, ok := errors.AsType[*footer.InvalidError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A footer of 50 MB is refused before it is read.
func TestLargeFooter(t *testing.T) {
	t.Parallel()
	z := &zeros{body: long(50 << 20), size: 100 << 20}
	_, err := footer.Read(z, z.size, nil)
	if _, ok := errors.AsType[*footer.InvalidError](err); !ok || !strings.Contains(err.Error(), "has a footer of 52428800 bytes, more than 16777216: write fewer row groups or columns a file") {
		t.Errorf("got %v", err)
	}
	if z.read > footer.Tail {
		t.Errorf("%d bytes read", z.read)
	}
}

// A file that cannot be read is not invalid.
func TestReadError(t *testing.T) {
	t.Parallel()
	_, err := footer.Read(bytes.NewReader(nil), 1000, nil)
	if _, ok := errors.AsType[*footer.InvalidError](err); ok || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// Damaged footers are errors, or wrong, but never a panic.
func TestDamaged(t *testing.T) {
	t.Parallel()
	good := file(t, row{ID: 1, Text: new("a")}, row{ID: 2}, row{ID: 3})
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	length := int(binary.LittleEndian.Uint32(good[len(good)-8:]))
	for range 3000 {
		body := bytes.Clone(good)
		for range 1 + random.IntN(3) {
			body[len(body)-8-1-random.IntN(length)] ^= byte(1 + random.IntN(255)) //nolint:gosec // below 256
		}
		if _, err := read(body); err != nil {
			if _, ok := errors.AsType[*footer.InvalidError](err); !ok {
				t.Fatalf("got %v", err)
			}
		}
	}
}
