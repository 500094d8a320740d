package generate

import (
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// groupBlocks is the number of blocks of a row group, which a worker holds in memory.
const groupBlocks = 16

type parquetFile struct {
	columns []column
	schema  *parquet.Schema
	words   [][]parquet.Value // of each column of words
	writer  *parquet.GenericWriter[any]
	values  []parquet.Value
	room    []byte // of texts
	blocks  int    // of the row group
}

func newParquet(dataset string) *parquetFile {
	f := &parquetFile{columns: datasets[dataset], schema: schemaOf(dataset), values: make([]parquet.Value, blockRows)}
	for i, c := range f.columns {
		f.words = append(f.words, nil)
		for _, w := range c.words {
			f.words[i] = append(f.words[i], parquet.ByteArrayValue([]byte(w)))
		}
	}
	return f
}

// schemaOf returns the Parquet schema, which keeps the order of the columns.
func schemaOf(dataset string) *parquet.Schema {
	var fields []reflect.StructField
	for i, c := range datasets[dataset] {
		tag := c.name + map[kind]string{
			decimal: fmt.Sprintf(",decimal(%d:%d)", c.decimals, digits), timestamp: ",timestamp(microsecond)", word: ",dict",
		}[c.kind]
		if c.nullable {
			tag += ",optional"
		}
		fields = append(fields, reflect.StructField{
			Name: "C" + strconv.Itoa(i), Type: reflect.TypeOf(zeros[c.kind]), Tag: reflect.StructTag("parquet:" + strconv.Quote(tag)),
		})
	}
	return parquet.NewSchema(dataset, parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface()))
}

// zeros have the types that Parquet stores the kinds as.
var zeros = map[kind]any{
	integer: int32(0), long: int64(0), double: float64(0), decimal: int64(0), timestamp: int64(0), word: "", text: "",
}

// begin makes a new writer: one that was reset leaves out the paths of columns.
func (f *parquetFile) begin(out io.Writer) {
	f.blocks = 0
	f.writer = parquet.NewGenericWriter[any](out, f.schema,
		parquet.Compression(&parquet.Snappy),
		parquet.DataPageVersion(1),        // Hive 2 and Spark 2 do not read version 2
		parquet.DataPageStatistics(false), // the index of pages has them
		parquet.CreatedBy("ephemr", "1", ""))
}

func (f *parquetFile) write(cells [][]int64) error {
	for i, w := range f.writer.ColumnWriters() {
		f.convert(i, cells[i])
		if _, err := w.WriteRowValues(f.values[:len(cells[i])]); err != nil {
			return fmt.Errorf("column %s: %w", f.columns[i].name, err)
		}
	}
	if f.blocks++; f.blocks%groupBlocks == 0 {
		return f.writer.Flush()
	}
	return nil
}

func (f *parquetFile) end() error { return f.writer.Close() }

// convert makes values of the cells of column i.
func (f *parquetFile) convert(i int, cells []int64) {
	c := &f.columns[i]
	values := f.values[:len(cells)]
	switch c.kind {
	case word:
		for j, n := range cells {
			values[j] = f.words[i][max(n, 0)]
		}
	case text:
		f.room = f.room[:0]
		for j, n := range cells {
			from := len(f.room)
			f.room = c.appendText(f.room, n)
			values[j] = parquet.ByteArrayValue(f.room[from:])
		}
	case integer, long, double, decimal, timestamp:
		numbers(c, cells, values)
	}
	if !c.nullable {
		return
	}
	none := parquet.NullValue().Level(0, 0, i)
	for j, n := range cells {
		if n == null {
			values[j] = none
		} else {
			values[j] = values[j].Level(0, 1, i)
		}
	}
}

func numbers(c *column, cells []int64, values []parquet.Value) {
	switch c.kind {
	case integer:
		for j, n := range cells {
			values[j] = parquet.Int32Value(int32(n)) //nolint:gosec // as its kind says
		}
	case double:
		by := powers[c.decimals]
		for j, n := range cells {
			values[j] = parquet.DoubleValue(float64(n) / by)
		}
	case long, decimal, timestamp, word, text:
		for j, n := range cells {
			values[j] = parquet.Int64Value(n)
		}
	}
}

var powers = [...]float64{1, 10, 100}
