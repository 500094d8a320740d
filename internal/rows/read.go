package rows

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read: tests compare small datasets.
const (
	MaxRows  = 200_000
	MaxBytes = 64 << 20 // of a file, decompressed
)

// Suffixes are those of files that can be read, each also with .gz.
var Suffixes = []string{".csv", ".jsonl", ".ndjson", ".json", ".parquet"}

// Readable reports whether the name is that of a file that can be read.
func Readable(name string) bool { return slices.Contains(Suffixes, suffix(name)) }

// suffix is the one that says the format: that before .gz, and of Spark's part-0.snappy.parquet the last.
func suffix(name string) string { return strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))) }

// Add reads the rows of a file. Partition has the columns that its path sets. A file without a
// known suffix, as Hive writes them, is Parquet if it begins like one.
func (t *Table) Add(name string, data []byte, partition map[string]string) error {
	at := len(t.Rows)
	if err := t.read(name, data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, column := range slices.Sorted(maps.Keys(partition)) {
		c := Cell{Text: partition[column], Null: partition[column] == "__HIVE_DEFAULT_PARTITION__"}
		t.plain(column)
		for row := at; row < len(t.Rows); row++ {
			t.set(row, column, c)
		}
	}
	return nil
}

func (t *Table) read(name string, data []byte) error {
	if strings.HasSuffix(name, ".gz") {
		unpacked, err := unpack(data)
		if err != nil {
			return err
		}
		data = unpacked
	}
	if len(data) > MaxBytes {
		return fmt.Errorf("has more than %d bytes; use a smaller dataset for tests", MaxBytes)
	}
	switch suffix(name) {
	case ".csv":
		return t.csv(data)
	case ".jsonl", ".ndjson", ".json":
		return t.json(data)
	case ".parquet":
		return t.parquet(data)
	}
	if bytes.HasPrefix(data, []byte("PAR1")) {
		return t.parquet(data)
	}
	return fmt.Errorf("unknown format; the name must end in %s", strings.Join(Suffixes, ", "))
}

func unpack(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not gzip: %w", err)
	}
	unpacked, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("not valid gzip: %w", err)
	}
	return unpacked, nil
}

var errMany = fmt.Errorf("more than %d rows; use a smaller dataset for tests", MaxRows)

// csv reads a file with a header. An empty field is null.
func (t *Table) csv(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("empty; the first line must name the columns")
	}
	if err != nil {
		return fmt.Errorf("not valid CSV: %w", err)
	}
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return fmt.Errorf("column %q twice", name)
		}
		t.plain(name)
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not valid CSV: %w", err)
		}
		cells := make(map[string]Cell, len(header))
		for i, text := range fields {
			cells[header[i]] = Cell{Text: text, Null: text == ""}
		}
		t.add(cells)
		if len(t.Rows) > MaxRows {
			return errMany
		}
	}
}

// json reads JSON Lines.
func (t *Table) json(data []byte) error {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var row map[string]any
		if err := d.Decode(&row); err != nil || row == nil || d.More() {
			return fmt.Errorf("line %d is not a JSON object; write one on each line", line)
		}
		for _, name := range order(text, row) {
			t.column(name)
		}
		cells := make(map[string]Cell, len(row))
		for name, v := range row {
			cells[name] = cellOf(v)
		}
		t.add(cells)
		if len(t.Rows) > MaxRows {
			return errMany
		}
	}
	return nil
}

// order is that of the keys of an object in its text.
func order(text []byte, row map[string]any) []string {
	at := func(name string) int {
		quoted, err := json.Marshal(name)
		if err != nil {
			return len(text)
		}
		return bytes.Index(text, quoted)
	}
	return slices.SortedFunc(maps.Keys(row), func(a, b string) int { return at(a) - at(b) })
}

func cellOf(v any) Cell {
	switch v := v.(type) {
	case nil:
		return Cell{Null: true}
	case string:
		return Cell{Kind: Text, Text: v}
	case bool:
		return Cell{Kind: Bool, Text: fmt.Sprint(v)}
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return Cell{Kind: Double, Text: v.String()}
		}
		return Cell{Kind: Number, Text: v.String()}
	}
	return nested(v)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
