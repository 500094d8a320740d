package quality

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"ephemr/internal/footer"
)

var typeForm = regexp.MustCompile(`^(\w+)(?:\((\d+)(?:,(\d+))?\))?$`)

// aliases lead to the names that are compared.
var aliases = map[string]string{
	"string": "string", "varchar": "string", "char": "string", "text": "string",
	"int": "int", "integer": "int", "smallint": "int", "tinyint": "int", "short": "int", "byte": "int",
	"long": "long", "bigint": "long",
	"double": "double", "float": "float", "real": "float",
	"boolean": "boolean", "bool": "boolean",
	"date": "date", "timestamp": "timestamp", "time": "time",
	"decimal": "decimal", "numeric": "decimal", "binary": "binary", "bytes": "binary", "uuid": "uuid",
	"struct": "struct", "list": "list", "array": "list", "map": "map",
}

// parseType reads the name of a type; a decimal may have precision and scale.
func parseType(s string) (string, bool) {
	m := typeForm.FindStringSubmatch(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", ""))
	if m == nil {
		return "", false
	}
	name, ok := aliases[m[1]]
	if name == "decimal" && m[2] != "" {
		precision, _ := strconv.Atoi(m[2])
		scale, _ := strconv.Atoi(m[3]) // none is 0
		return fmt.Sprintf("decimal(%d,%d)", precision, scale), ok
	}
	return name, ok
}

// fits reports whether a column of type have is of type want.
func fits(have, want string) bool {
	return have == want || want == "decimal" && strings.HasPrefix(have, "decimal(")
}

// typed finds whether every file has the column, and of that type.
func (d *opened) typed(name, want string) verdict {
	expected, _ := parseType(want)
	found := map[string]int{}
	wrong := false
	for _, f := range d.files {
		have := f.typeOf(name)
		found[have]++
		wrong = wrong || !fits(have, expected)
	}
	var texts []string
	for _, have := range slices.Sorted(maps.Keys(found)) {
		text := have
		if len(found) > 1 {
			text = fmt.Sprintf("%s in %d files", have, found[have])
		}
		texts = append(texts, text)
	}
	return verdict{strings.Join(texts, ", "), !wrong}
}

const missing = "no such column"

// typeOf names the type of a column of f, which may be a field of a struct.
// Partition columns are strings.
func (f *file) typeOf(name string) string {
	var node parquet.Node = f.parquet.Root()
	for _, part := range strings.Split(name, ".") {
		next := field(node, part)
		if next == nil {
			if _, ok := f.partition[name]; ok {
				return "string"
			}
			return missing
		}
		node = next
	}
	return footer.TypeOf(node)
}

func field(n parquet.Node, name string) parquet.Node {
	if n.Leaf() {
		return nil
	}
	for _, f := range n.Fields() {
		if f.Name() == name {
			return f
		}
	}
	return nil
}
