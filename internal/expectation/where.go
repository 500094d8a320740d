package expectation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Where is an expression that selects rows.
type Where struct {
	Text    string
	Columns []string // that it reads; with dots for fields of structs

	root    condition
	machine vm.VM
}

// functions of the language that are allowed; the names of others may be columns.
var functions = []string{"date", "duration", "now", "len", "lower", "upper", "trim", "abs", "round", "int", "float", "string"}

func options() []expr.Option {
	all := []expr.Option{expr.AllowUndefinedVariables(), expr.AsBool(), expr.DisableAllBuiltins()}
	for _, name := range functions {
		all = append(all, expr.EnableBuiltin(name))
	}
	return all
}

// ParseWhere compiles an expression of the language of expr-lang.org, whose result is
// true or false and whose variables are columns.
func ParseWhere(s string) (*Where, error) {
	_, err := expr.Compile(s, options()...)
	if e, ok := errors.AsType[*file.Error](err); ok {
		hint := ""
		if strings.Contains(e.Message, `Operator("=")`) {
			hint = "; values are compared with =="
		}
		if strings.Contains(e.Message, "types func(") {
			hint = `; a column that is called as a function is written like $env["date"]`
		}
		return nil, fmt.Errorf("invalid expression: %s, at character %d of %q%s", e.Message, e.Column+1, s, hint)
	}
	if err != nil {
		return nil, fmt.Errorf("invalid expression %q: %w", s, err)
	}
	config := conf.CreateNew()
	for _, o := range options() {
		o(config)
	}
	tree, err := parser.ParseWithConfig(s, config)
	if err != nil {
		return nil, fmt.Errorf("invalid expression %q: %w", s, err)
	}
	w := &Where{Text: s, Columns: columns(tree.Node)}
	if len(w.Columns) == 0 {
		return nil, fmt.Errorf("invalid expression %q: it names no column", s)
	}
	if w.root, err = w.condition(tree.Node); err != nil {
		return nil, fmt.Errorf("invalid expression %q: %w", s, err)
	}
	return w, nil
}

// Selects evaluates the expression for the values of a row, with maps for structs. It says of
// Columns, by place, which are null.
func (w *Where) Selects(row map[string]any, null []bool) (bool, error) {
	t, err := w.root.truth(&w.machine, row, null)
	return t == yes, err
}

// columns are the columns that a part of an expression names, sorted.
func columns(root ast.Node) []string {
	c := columnsOf{inner: map[ast.Node]bool{}, locals: map[string]bool{}}
	c.names(root)
	return slices.Compact(slices.Sorted(slices.Values(c.columns)))
}

// columnsOf collects the columns that an expression names.
type columnsOf struct {
	columns []string
	inner   map[ast.Node]bool // parts of a longer name
	locals  map[string]bool   // variables that the expression declares
}

func (c *columnsOf) names(root ast.Node) {
	ast.Walk(&root, visit(func(n ast.Node) {
		if d, ok := n.(*ast.VariableDeclaratorNode); ok {
			c.locals[d.Name] = true
		}
	}))
	var full []ast.Node // names are complete at their outermost node, which is visited last
	ast.Walk(&root, visit(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.IdentifierNode:
			full = append(full, n)
		case *ast.MemberNode:
			if nameOf(n) != "" {
				c.inner[n.Node] = true
				full = append(full, n)
			}
		}
	}))
	for _, n := range full {
		if name := nameOf(n); name != "" && !c.inner[n] && !c.locals[name] {
			c.columns = append(c.columns, name)
		}
	}
}

// nameOf is the name of a column: a, a.b, or $env["a b"].
func nameOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.ChainNode:
		return nameOf(n.Node)
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			return ""
		}
		return n.Value
	case *ast.MemberNode:
		property, ok := n.Property.(*ast.StringNode)
		if !ok {
			return ""
		}
		if id, env := n.Node.(*ast.IdentifierNode); env && id.Value == "$env" {
			return property.Value
		}
		if owner := nameOf(n.Node); owner != "" {
			return owner + "." + property.Value
		}
	}
	return ""
}

type visit func(ast.Node)

// Visit calls the function.
func (v visit) Visit(n *ast.Node) { v(*n) }
