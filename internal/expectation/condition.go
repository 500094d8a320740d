package expectation

import (
	"errors"
	"fmt"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// truth is a value of SQL's logic. Expr has no unknown: null != 3 is true there.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// condition is a part of an expression that is true, false or unknown.
type condition interface {
	truth(m *vm.VM, row map[string]any, null []bool) (truth, error)
}

type (
	// both is and, or or if either.
	both struct {
		left, right condition
		either      bool
	}
	opposite struct{ of condition }

	// comparison is unknown if one of its columns is null, unless it says what null means.
	comparison struct {
		program *vm.Program
		strict  []int // places of columns that make it unknown
		columns []int // places of all of its columns
	}
)

// condition takes an expression apart at and, or and not.
func (w *Where) condition(n ast.Node) (condition, error) {
	if b, ok := n.(*ast.BinaryNode); ok && slices.Contains([]string{"and", "&&", "or", "||"}, b.Operator) {
		left, err := w.condition(b.Left)
		if err != nil {
			return nil, err
		}
		right, err := w.condition(b.Right)
		return both{left, right, b.Operator == "or" || b.Operator == "||"}, err
	}
	if u, ok := n.(*ast.UnaryNode); ok && (u.Operator == "not" || u.Operator == "!") {
		of, err := w.condition(u.Node)
		return opposite{of}, err
	}
	return w.comparison(n)
}

func (w *Where) comparison(n ast.Node) (condition, error) {
	program, err := expr.Compile(n.String(), options()...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n, err)
	}
	c := comparison{program: program, columns: w.places(columns(n))}
	tolerant := tolerated(n)
	for _, i := range c.columns {
		if !slices.Contains(tolerant, w.Columns[i]) {
			c.strict = append(c.strict, i)
		}
	}
	return c, nil
}

func (w *Where) places(names []string) (all []int) {
	for _, name := range names {
		all = append(all, slices.Index(w.Columns, name))
	}
	return all
}

// tolerated are the columns for which a comparison says what null means: compared with nil, beside
// ??, or in a choice.
func tolerated(root ast.Node) (names []string) {
	ast.Walk(&root, visit(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.BinaryNode:
			_, left := n.Left.(*ast.NilNode)
			_, right := n.Right.(*ast.NilNode)
			if n.Operator == "??" || left || right {
				names = append(names, columns(n)...)
			}
		case *ast.ConditionalNode:
			names = append(names, columns(n)...)
		}
	}))
	return names
}

func (b both) truth(m *vm.VM, row map[string]any, null []bool) (truth, error) {
	decides := no
	if b.either {
		decides = yes
	}
	left, err := b.left.truth(m, row, null)
	if err != nil || left == decides {
		return left, err
	}
	right, err := b.right.truth(m, row, null)
	if right == decides || left == yes || left == no {
		return right, err
	}
	return unknown, err
}

func (o opposite) truth(m *vm.VM, row map[string]any, null []bool) (truth, error) {
	t, err := o.of.truth(m, row, null)
	return yes - t, err
}

func (c comparison) truth(m *vm.VM, row map[string]any, null []bool) (truth, error) {
	isNull := func(i int) bool { return null[i] }
	if slices.ContainsFunc(c.strict, isNull) {
		return unknown, nil
	}
	out, err := m.Run(c.program, row)
	if err != nil && slices.ContainsFunc(c.columns, isNull) {
		return unknown, nil // a function of a null
	}
	if e, ok := errors.AsType[*file.Error](err); ok {
		return unknown, errors.New(e.Message)
	}
	if err != nil {
		return unknown, err
	}
	selected, ok := out.(bool)
	switch {
	case !ok:
		return unknown, fmt.Errorf("the expression yields %v, not true or false", out)
	case selected:
		return yes, nil
	}
	return no, nil
}
