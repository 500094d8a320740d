// Package statistics has the statistics of the datasets that runs write: rows, bytes,
// files and, for each column, nulls, smallest and greatest value. They come from the
// footers of Parquet files and are kept as long as the records of runs.
package statistics

import (
	"encoding/json"
	"time"

	"ephemr/internal/footer"
	"ephemr/internal/pipeline"
)

// Statistics are those of one dataset, after one run.
type Statistics struct {
	Dataset     string    `dynamodbav:"dataset" json:"dataset"`                         // s3://bucket/prefix/
	Partition   string    `dynamodbav:"partition,omitempty" json:"partition,omitempty"` // that the run has written, e.g. dt=2026-01-02; "" = they are of the whole dataset
	Keys        string    `dynamodbav:"keys,omitempty" json:"-"`                        // names of the partition
	Pipeline    string    `dynamodbav:"pipeline" json:"pipeline"`
	RunID       string    `dynamodbav:"runId" json:"runId"`
	Values      string    `dynamodbav:"values,omitempty" json:"values,omitempty"` // of the pipeline's matrix
	Restart     int       `dynamodbav:"restart" json:"-"`                         // of the run
	LogicalTime time.Time `dynamodbav:"logicalTime" json:"logicalTime"`
	LogicalDate string    `dynamodbav:"logicalDate" json:"logicalDate"` // in the zone of the run
	At          time.Time `dynamodbav:"at" json:"at"`

	Rows  *int64 `dynamodbav:"rows,omitempty" json:"rows"` // nil = not known
	Bytes int64  `dynamodbav:"bytes" json:"bytes"`
	Files int    `dynamodbav:"files" json:"files"`

	// Partial says why Rows and Columns are not those of all files; "" = they are.
	Partial string `dynamodbav:"partial,omitempty" json:"partial,omitempty"`
	Limited bool   `dynamodbav:"limited,omitempty" json:"limited,omitempty"` // Partial only because there are so many files

	Reads     int64         `dynamodbav:"reads" json:"reads"` // requests
	BytesRead int64         `dynamodbav:"bytesRead" json:"bytesRead"`
	Took      time.Duration `dynamodbav:"took" json:"-"`

	Columns []Column `dynamodbav:"-" json:"columns"`
	Clipped int      `dynamodbav:"clipped,omitempty" json:"clippedColumns,omitempty"` // columns that are left out
}

// Column is what is known of a column.
type Column struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Nulls *int64 `json:"nulls"`         // nil = not known
	Min   *Bound `json:"min,omitempty"` // nil = not known
	Max   *Bound `json:"max,omitempty"`
}

// Bound is a smallest or greatest value: a number for a column of numbers, else a text.
// If it is not exact, values may not reach it.
type Bound struct {
	Value json.RawMessage `json:"value"`
	Exact bool            `json:"exact"`
}

// String is the value for a person.
func (b Bound) String() string {
	var s string
	if json.Unmarshal(b.Value, &s) == nil {
		return s
	}
	return string(b.Value)
}

// Conceal replaces the texts of s that come from the data or from AWS.
func (s *Statistics) Conceal(hide func(string) string) {
	s.Partial = hide(s.Partial)
	for i := range s.Columns {
		c := &s.Columns[i]
		c.Name, c.Min, c.Max = hide(c.Name), c.Min.concealed(hide), c.Max.concealed(hide)
	}
}

func (b *Bound) concealed(hide func(string) string) *Bound {
	var text string
	if b == nil || json.Unmarshal(b.Value, &text) != nil {
		return b
	}
	shown := hide(text)
	if shown == text {
		return b
	}
	value, err := json.Marshal(shown)
	if err != nil {
		return nil
	}
	return &Bound{Value: value}
}

// Of returns the column with a name, or nil.
func (s Statistics) Of(name string) *Column {
	for i := range s.Columns {
		if s.Columns[i].Name == name {
			return &s.Columns[i]
		}
	}
	return nil
}

// Output is what the statistics are of.
func (s Statistics) Output() pipeline.Output {
	return pipeline.Output{Dataset: s.Dataset, Partition: s.Partition}
}

const (
	// maxColumns is how many bytes of JSON the columns of an item have at most. An item of
	// DynamoDB has 400 KB:
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
	maxColumns = 300_000

	maxValue = 200 // bytes of a smallest or greatest value
)

// Take fills in what the footers of a dataset say.
func (s *Statistics) Take(f footer.Summary) {
	s.Bytes, s.Files, s.Reads, s.BytesRead = f.Bytes, f.Files, f.Reads, f.BytesRead
	if f.Files > f.Unread+len(f.Broken) || f.Files == 0 {
		s.Rows = &f.Rows
	}
	size := 0
	for i, m := range f.Columns {
		c := Column{Name: m.Name, Type: m.Type, Nulls: m.Nulls, Min: bound(m.Min, true), Max: bound(m.Max, false)}
		data, err := json.Marshal(c)
		if size += len(data) + 1; err != nil || size > maxColumns {
			s.Clipped = len(f.Columns) - i
			break
		}
		s.Columns = append(s.Columns, c)
	}
}

// bound keeps a value if it is short. The beginning of a text is less than the text, so
// that it is still a lower bound, but no upper one.
func bound(b *footer.Bound, lower bool) *Bound {
	if b == nil {
		return nil
	}
	data, err := json.Marshal(b.Value)
	if err != nil {
		return nil
	}
	if len(data) <= maxValue {
		return &Bound{data, b.Exact}
	}
	if !lower || data[0] != '"' {
		return nil
	}
	if data, err = json.Marshal(clip(b.Value.String(), maxValue/2)); err != nil {
		return nil
	}
	return &Bound{data, false}
}

// clip shortens s to whole characters.
func clip(s string, most int) string {
	n := 0
	for i := range s {
		if i > most {
			break
		}
		n = i
	}
	return s[:n]
}
