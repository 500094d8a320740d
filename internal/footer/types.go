package footer

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// TypeOf names the type of a column as checks do.
func TypeOf(n parquet.Node) string {
	if t := n.Type(); t != nil {
		if name := logical(t.LogicalType()); name != "" {
			return name
		}
	}
	if !n.Leaf() {
		return "struct"
	}
	if n.Repeated() {
		return "list"
	}
	return physical(n.Type().Kind())
}

// logical names an annotated type; "" when the annotation adds nothing.
func logical(t *format.LogicalType) string {
	if t == nil {
		return ""
	}
	switch v := t.Value.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return "string"
	case *format.DecimalType:
		return fmt.Sprintf("decimal(%d,%d)", v.Precision, v.Scale)
	case *format.DateType:
		return "date"
	case *format.TimestampType:
		return "timestamp"
	case *format.TimeType:
		return "time"
	case *format.UUIDType:
		return "uuid"
	case *format.ListType:
		return "list"
	case *format.MapType:
		return "map"
	}
	return ""
}

func physical(k parquet.Kind) string {
	switch k {
	case parquet.Boolean:
		return "boolean"
	case parquet.Int32:
		return "int"
	case parquet.Int64:
		return "long"
	case parquet.Int96:
		return "timestamp" // used for timestamps only
	case parquet.Float:
		return "float"
	case parquet.Double:
		return "double"
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return "binary"
	}
	return k.String()
}
