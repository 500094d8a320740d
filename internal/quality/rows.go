package quality

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ephemr/internal/dataset"
)

const (
	blockRead = 4 << 20  // bytes of a file of rows that are read at a time
	longest   = 16 << 20 // bytes of a row
)

// rowSource reads the rows of a file of CSV or JSON Lines, which have no types.
type rowSource struct {
	key     string
	reader  *dataset.Reader
	names   []string
	decode  func(row []cell) error // io.EOF after the last
	known   func() []string        // columns of the file so far
	parts   []*vector
	fixed   []*string // values of partition columns
	row     []cell
	counted *countingReader
}

// cell is a value of a row.
type cell struct {
	text []byte
	null bool
}

type countingReader struct {
	io.Reader

	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// openRows opens a file; types are those that the check declares.
func openRows(ctx context.Context, o dataset.Object, format string, columns []string, types map[string]string) (*rowSource, error) {
	r := o.Reader(ctx)
	counted := &countingReader{Reader: bufio.NewReaderSize(io.NewSectionReader(r, 0, o.Size), blockRead)}
	s := &rowSource{key: o.Key, reader: r, names: columns, counted: counted, row: make([]cell, len(columns))}
	var in io.Reader = counted
	if strings.HasSuffix(o.Key, ".gz") {
		z, err := gzip.NewReader(counted)
		if err != nil {
			return nil, s.broken("is not gzip", err)
		}
		in = z
	}
	folders := o.Partition()
	s.fixed = make([]*string, len(columns))
	open := openJSON
	if format == "csv" {
		open = openCSV
	}
	if err := open(s, bufio.NewReaderSize(in, 1<<16)); err != nil {
		return nil, err
	}
	have := s.known()
	for i, name := range columns {
		if value, ok := folders[name]; ok && !slices.Contains(have, name) {
			s.fixed[i] = &value
		} else if format == "csv" && !slices.Contains(have, name) {
			return nil, &columnError{name, fmt.Sprintf("%s in %s; columns: %s", missing, o.Key, named(have))}
		}
		s.parts = append(s.parts, &vector{typ: types[name], loose: true})
	}
	return s, nil
}

// broken is a file that cannot be read, unless S3 is the cause.
func (s *rowSource) broken(what string, err error) error {
	if s.reader.Err != nil && !errors.Is(s.reader.Err, io.EOF) {
		return s.reader.Err
	}
	return &brokenError{fmt.Sprintf("%s %s: %v", s.key, what, err)}
}

func (s *rowSource) vectors() []*vector { return s.parts }

func (s *rowSource) columns() []string { return s.known() }

func (s *rowSource) read(int) int64 { return s.counted.n }

// next reads the next rows; io.EOF after the last.
func (s *rowSource) next() (n int, err error) {
	for _, v := range s.parts {
		v.reset()
	}
	for n < batchRows {
		clear(s.row)
		if err := s.decode(s.row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return n, err
		}
		for i, v := range s.parts {
			c := s.row[i]
			if s.fixed[i] != nil {
				c = cell{[]byte(*s.fixed[i]), *s.fixed[i] == hiveNull}
			}
			if c.null {
				v.appendNull()
			} else {
				v.appendText(c.text)
			}
		}
		n++
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// fill does nothing: next reads all columns.
func (s *rowSource) fill(int, int) error { return nil }

func (s *rowSource) close() error { return nil }

// openCSV reads the header. An empty value is null.
func openCSV(s *rowSource, in *bufio.Reader) error {
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(3) // was read
	}
	r := csv.NewReader(in)
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		s.known, s.decode = func() []string { return nil }, func([]cell) error { return io.EOF }
		return nil
	}
	if err != nil {
		return s.broken("is not CSV", err)
	}
	header = slices.Clone(header)
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return s.broken("is not CSV with a header", fmt.Errorf("two columns are called %q", name))
		}
	}
	r.ReuseRecord = true
	at := make([]int, len(s.names))
	for i, name := range s.names {
		at[i] = slices.Index(header, name)
	}
	s.known = func() []string { return header }
	s.decode = func(row []cell) error {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			return s.broken("is not CSV", err)
		}
		for i, n := range at {
			if n < 0 {
				row[i].null = true
				continue
			}
			row[i] = cell{[]byte(record[n]), record[n] == ""}
		}
		return nil
	}
	return nil
}

// openJSON reads an object a line. Objects and lists are texts of JSON.
func openJSON(s *rowSource, in *bufio.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 1<<16), longest)
	seen := map[string]bool{}
	var names []string
	line := 0
	s.known = func() []string { return slices.Sorted(slices.Values(names)) }
	s.decode = func(row []cell) error {
		for lines.Scan() {
			line++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			var object map[string]json.RawMessage
			if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
				return s.broken(fmt.Sprintf("is not JSON Lines at line %d", line), err)
			}
			for name := range object {
				if !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
			for i, name := range s.names {
				row[i] = jsonCell(lookup(object, name))
			}
			return nil
		}
		if err := lines.Err(); err != nil {
			return s.broken(fmt.Sprintf("is not JSON Lines after line %d", line), err)
		}
		return io.EOF
	}
	return nil
}

// lookup finds a value by its name, with dots for values of objects.
func lookup(object map[string]json.RawMessage, name string) json.RawMessage {
	if v, ok := object[name]; ok {
		return v
	}
	first, rest, nested := strings.Cut(name, ".")
	if !nested {
		return nil
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(object[first], &inner) != nil {
		return nil
	}
	return lookup(inner, rest)
}

func jsonCell(raw json.RawMessage) cell {
	if len(raw) == 0 || string(raw) == "null" {
		return cell{null: true}
	}
	if raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return cell{text: []byte(text)}
		}
	}
	return cell{text: raw}
}
