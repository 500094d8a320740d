package function

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
)

// enter adds an element to the list of functions in a file: the only slice of
// structs whose elements all begin with a string. A sorted list stays sorted.
func enter(src []byte, name, element string) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	var list *ast.CompositeLit
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && list == nil {
			if found := elementNames(lit); len(found) > 1 {
				list, names = lit, found
			}
		}
		return true
	})
	if list == nil {
		return nil, errors.New("no list of functions")
	}
	if slices.Contains(names, name) {
		return nil, errors.New("it is in the list already")
	}
	at := fset.Position(list.Rbrace).Offset
	if i, _ := slices.BinarySearch(names, name); slices.IsSorted(names) && i < len(names) {
		at = fset.Position(list.Elts[i].Pos()).Offset
	}
	out, err := format.Source(slices.Concat(src[:at], []byte(element+",\n"), src[at:]))
	if err != nil {
		return nil, fmt.Errorf("format: %w", err)
	}
	return out, nil
}

// elementNames returns the first string of each element, or nil if lit is not a
// list of structs that begin with one.
func elementNames(lit *ast.CompositeLit) []string {
	if _, ok := lit.Type.(*ast.ArrayType); !ok {
		return nil
	}
	var names []string
	for _, element := range lit.Elts {
		fields, ok := element.(*ast.CompositeLit)
		if !ok || len(fields.Elts) == 0 {
			return nil
		}
		first := fields.Elts[0]
		if pair, keyed := first.(*ast.KeyValueExpr); keyed {
			first = pair.Value
		}
		text, ok := first.(*ast.BasicLit)
		if !ok || text.Kind != token.STRING {
			return nil
		}
		name, err := strconv.Unquote(text.Value)
		if err != nil {
			return nil
		}
		names = append(names, name)
	}
	return names
}
