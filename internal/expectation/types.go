package expectation

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// ColumnTypes are the types that a check may expect of a column, and their synonyms in
// SQL; char, varchar, decimal and numeric may have a size.
var ColumnTypes = []string{
	"string", "boolean", "int", "long", "float", "double", "date", "timestamp", "time", "binary", "decimal",
	"varchar", "char", "text", "integer", "smallint", "tinyint", "short", "byte", "bigint", "real", "bool",
	"numeric", "bytes", "uuid", "struct", "list", "array", "map",
}

var typeForm = regexp.MustCompile(`^(\w+)(?:\((\d{1,9})(?:,(\d{1,9}))?\))?$`)

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

// sized are the types that may have a size.
var sized = regexp.MustCompile(`^(char|varchar|decimal|numeric)\(`)

// ParseType reads the name of a type; a decimal may have precision and scale.
func ParseType(s string) (string, bool) {
	s = strings.ReplaceAll(s, ", ", ",")
	m := typeForm.FindStringSubmatch(s)
	if m == nil || m[2] != "" && !sized.MatchString(s) {
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

// TypeFits reports whether a column of type have is of type want.
func TypeFits(have, want string) bool {
	return have == want || want == "decimal" && strings.HasPrefix(have, "decimal(")
}

// meant suggests one of the names, or lists the first.
func meant(s string, names []string) string {
	best, distance := "", 3
	for _, name := range names {
		if d := levenshtein.ComputeDistance(s, name); d < distance && d < len(name) {
			best, distance = name, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "use one of " + strings.Join(names[:11], ", ")
}
