package footer_test

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"ephemr/internal/footer"
)

//go:embed testdata/*.orc
var testdata embed.FS

func orc(t *testing.T, name string) []byte {
	t.Helper()
	body, err := testdata.ReadFile("testdata/" + name + ".orc")
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Spark's files have the same columns with each compression; values have their types.
// The second timestamp was written as 1969-12-31 23:59:59.5: ORC has what Spark reads back.
func TestORC(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"tiny":         `{"type":"int","nulls":1,"min":{"value":-5,"exact":true},"max":{"value":1,"exact":true}}`,
		"small":        `{"type":"int","nulls":1,"min":{"value":-300,"exact":true},"max":{"value":2,"exact":true}}`,
		"id":           `{"type":"int","nulls":0,"min":{"value":9,"exact":true},"max":{"value":100,"exact":true}}`,
		"big":          `{"type":"long","nulls":0,"min":{"value":-1,"exact":true},"max":{"value":10000000000,"exact":true}}`,
		"f":            `{"type":"float","nulls":1,"min":{"value":-0.5,"exact":true},"max":{"value":1.5,"exact":true}}`,
		"number":       `{"type":"double","nulls":1,"min":{"value":2.25,"exact":true},"max":{"value":10.5,"exact":true}}`,
		"text":         `{"type":"string","nulls":1,"min":{"value":"b","exact":true},"max":{"value":"é","exact":true}}`,
		"bytes":        `{"type":"binary","nulls":1,"min":null,"max":null}`,
		"yes":          `{"type":"boolean","nulls":1,"min":{"value":false,"exact":true},"max":{"value":true,"exact":true}}`,
		"day":          `{"type":"date","nulls":1,"min":{"value":"1969-12-31","exact":true},"max":{"value":"2024-10-04","exact":true}}`,
		"at":           `{"type":"timestamp","nulls":1,"min":{"value":"1970-01-01T00:00:00.5","exact":false},"max":{"value":"2026-11-30T01:02:03.000004","exact":true}}`,
		"price":        `{"type":"decimal(18,2)","nulls":1,"min":{"value":"-1.50","exact":true},"max":{"value":"0.25","exact":true}}`,
		"inner.name":   `{"type":"string","nulls":2,"min":{"value":"n","exact":true},"max":{"value":"n","exact":true}}`,
		"inner.age":    `{"type":"int","nulls":1,"min":{"value":3,"exact":true},"max":{"value":7,"exact":true}}`,
		"list.element": `{"type":"int","nulls":null,"min":{"value":1,"exact":true},"max":{"value":2,"exact":true}}`,
		"map.key":      `{"type":"string","nulls":null,"min":{"value":"k","exact":true},"max":{"value":"k","exact":true}}`,
		"map.value":    `{"type":"long","nulls":null,"min":{"value":1,"exact":true},"max":{"value":1,"exact":true}}`,
		"none":         `{"type":"long","nulls":3,"min":null,"max":null}`,
	}
	for _, compression := range []string{"none", "zlib", "snappy", "zstd", "lz4"} {
		t.Run(compression, func(t *testing.T) {
			t.Parallel()
			f, err := read(orc(t, compression))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, shown(t, f)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(map[string]string{"inner": "struct", "list": "list", "map": "map"}, f.Groups); d != "" || f.Rows != 3 || f.RowGroups != 1 {
				t.Errorf("%d rows, %d stripes\n%s", f.Rows, f.RowGroups, d)
			}
		})
	}
}

func shown(t *testing.T, f *footer.File) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, c := range f.Columns {
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		got[c.Name] = strings.ReplaceAll(string(body), `"name":"`+c.Name+`",`, "")
	}
	return got
}

// A file without rows has its schema, and long strings have bounds that are shortened.
func TestORCEdges(t *testing.T) {
	t.Parallel()
	f, err := read(orc(t, "empty"))
	if err != nil || f.Rows != 0 || f.Columns[0].Name != "id" || f.Columns[0].Min != nil {
		t.Errorf("got %+v, %v", f, err)
	}
	f, err = read(orc(t, "long"))
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Columns[0]; c.Min.Exact || c.Max.Exact || c.Min.Value.String() > strings.Repeat("a", 2000) || c.Max.Value.String() < strings.Repeat("z", 1000) {
		t.Errorf("got %s to %s", c.Min.Value, c.Max.Value)
	}
}

// file of ORC that ends with a footer that is not compressed, and a postscript.
func ending(foot, postscript []byte) []byte {
	body := append([]byte("ORC"), make([]byte, 50)...)
	return append(append(append(body, foot...), postscript...), byte(len(postscript))) //nolint:gosec // below 256
}

// message has integers and messages as fields.
func message(all ...any) (b []byte) {
	for i := 0; i < len(all); i += 2 {
		n := protowire.Number(all[i].(int)) //nolint:forcetypeassert,gosec // of this test
		switch v := all[i+1].(type) {       //nolint:gosec // pairs
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), uint64(v)) //nolint:gosec // its bits
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
		}
	}
	return b
}

func TestORCInvalid(t *testing.T) {
	t.Parallel()
	good := orc(t, "zlib")
	postscript := func(length, compression int) []byte { return message(1, length, 2, compression, 8000, []byte("ORC")) }
	structure := message(1, 12, 2, 1, 3, []byte("a")) // with one column
	foot := func(types ...[]byte) []byte {
		b := message(6, 5)
		for _, x := range types {
			b = append(b, message(4, x)...)
		}
		return b
	}
	plain := func(b []byte) []byte { return ending(b, postscript(len(b), 0)) }
	for name, tt := range map[string]struct {
		body []byte
		want string
	}{
		"cut short":            {good[:len(good)-20], "is ORC that was cut short: its last bytes are missing"},
		"the front is missing": {good[len(good)-60:], "was cut short: its footer has "},
		"a length of 50 MB":    {append(make([]byte, 60<<20), ending(nil, postscript(50<<20, 0))...), "has a footer of 52428800 bytes, more than 16777216: write fewer stripes"},
		"a negative length":    {ending(nil, postscript(-1, 0)), "was cut short: its footer has "},
		"unknown compression":  {ending([]byte{2, 0, 0, 1}, postscript(4, 9)), "is not valid ORC: unknown compression 9"},
		"no zlib":              {ending([]byte{2, 0, 0, 0xff}, postscript(4, 1)), "is not valid ORC: "},
		"no snappy":            {ending([]byte{12, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}, postscript(9, 2)), "is not valid ORC: "},
		"a cut chunk":          {ending([]byte{200, 0, 0, 1}, postscript(4, 1)), "is not valid ORC: unexpected EOF"},
		"no footer":            {plain(nil), "is not valid ORC: its footer cannot be decoded"},
		"rows of one value":    {plain(foot(message(1, 3))), "has rows that are not structs"},
		"types in a circle":    {plain(foot(structure, message(1, 12, 2, 1, 3, []byte("b")))), "is not valid ORC: its types are not a tree"},
		"a type that is not":   {plain(foot(message(1, 12, 2, 7, 3, []byte("a")))), "is not valid ORC: its types are not a tree"},
		"rows below zero":      {plain(append(foot(structure, message(1, 3)), message(6, -1)...)), "is not valid ORC: it has -1 rows"},
		"encrypted":            {plain(append(foot(structure, message(1, 3)), message(10, []byte("x"))...)), "has encrypted columns, which are not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tt.body)
			if _, ok := errors.AsType[*footer.InvalidError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := footer.Open(bytes.NewReader(good), int64(len(good))); err == nil || !strings.HasPrefix(err.Error(), "is ORC, of which only the footer is read") {
		t.Errorf("values: %v", err)
	}
}

// Statistics of the first writers are not in the order of the values, and are no bounds.
func TestORCOfOldWriters(t *testing.T) {
	t.Parallel()
	foot := message(6, 5, 4, message(1, 12, 2, 1, 3, []byte("a")), 4, message(1, 3), 7, message(1, 5), 7, message(1, 4, 2, message(1, 2, 2, 8)))
	for writer, want := range map[int]bool{0: false, 1: true} {
		f, err := read(ending(foot, message(1, len(foot), 2, 0, 6, writer, 8000, []byte("ORC"))))
		if err != nil {
			t.Fatal(err)
		}
		if c := f.Columns[0]; (c.Min != nil) != want || *c.Nulls != 1 {
			t.Errorf("writer %d: %+v", writer, c)
		}
	}
}

// Damaged footers are errors, or wrong, but never a panic.
func TestORCDamaged(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for _, name := range []string{"none", "zlib", "snappy", "zstd", "lz4"} {
		good := orc(t, name)
		for range 500 {
			body := bytes.Clone(good)
			for range 1 + random.IntN(3) {
				body[len(body)-1-random.IntN(600)] ^= byte(1 + random.IntN(255)) //nolint:gosec // below 256
			}
			if _, err := read(body); err != nil {
				if _, ok := errors.AsType[*footer.InvalidError](err); !ok {
					t.Fatalf("got %v", err)
				}
			}
		}
	}
}
