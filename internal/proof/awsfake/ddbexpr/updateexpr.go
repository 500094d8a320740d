package ddbexpr

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// updateFunctions maps the functions of a SET to the number of their
// operands.
var updateFunctions = map[string]int{"if_not_exists": 2, "list_append": 2}

// expr is the right side of a SET: an operand, a function of expressions, or
// left op right.
type expr struct {
	operand
	op   string // if_not_exists, list_append, + or -; "" for an operand
	args []expr
}

func (p *parser) expr() (expr, error) {
	left, err := p.term()
	if err != nil {
		return expr{}, err
	}
	for _, op := range []string{"+", "-"} {
		if p.symbol(op) {
			right, err := p.term()
			return expr{op: op, args: []expr{left, right}}, err
		}
	}
	return left, nil
}

func (p *parser) term() (expr, error) {
	t := p.peek()
	if t.kind != tokIdent || p.toks[p.pos+1].text != "(" {
		o, err := p.operand()
		return expr{operand: o}, err
	}
	n, ok := updateFunctions[t.text]
	if !ok {
		if conditionFunctions[t.text] > 0 || t.text == "size" {
			return expr{}, p.invalid("The function is not allowed in an update expression; function: %s", t.text)
		}
		return expr{}, p.invalid("Invalid function name; function: %s", t.text)
	}
	p.pos += 2
	var args []expr
	parse := func() (operand, error) {
		a, err := p.term()
		args = append(args, a)
		return a.operand, err
	}
	if _, err := p.arguments(t.text, n, parse); err != nil {
		return expr{}, err
	}
	if t.text == "if_not_exists" && args[0].path == nil {
		return expr{}, p.invalid("Operator or function requires a document path; operator or function: if_not_exists")
	}
	return expr{op: t.text, args: args}, nil
}

func (x expr) check(env Env) error {
	var want []string
	switch x.op {
	case "+", "-":
		want = []string{"N"}
	case "list_append":
		want = []string{"L"}
	}
	for _, a := range x.args {
		if want != nil && a.op == "" {
			if err := (predicate{op: x.op}).wantTypes(updateKind, env, []operand{a.operand}, want...); err != nil {
				return err
			}
		}
		if err := a.check(env); err != nil {
			return err
		}
	}
	return nil
}

// value computes x in item as it was before the update.
func (x expr) value(item Item, env Env) (Value, error) {
	switch x.op {
	case "":
		v := x.get(item, env)
		if v == nil {
			return nil, Invalid("The provided expression refers to an attribute that does not exist in the item")
		}
		return Copy(v)
	case "if_not_exists":
		if v := x.args[0].get(item, env); v != nil {
			return Copy(v)
		}
		return x.args[1].value(item, env)
	}
	left, err := x.args[0].value(item, env)
	if err != nil {
		return nil, err
	}
	right, err := x.args[1].value(item, env)
	if err != nil {
		return nil, err
	}
	if x.op == "list_append" {
		return appendLists(left, right)
	}
	return addNumbers(left, right, x.op == "-")
}

func wrongType() error {
	return Invalid("An operand in the update expression has an incorrect data type")
}

func appendLists(left, right Value) (Value, error) {
	a, ok := left.(*types.AttributeValueMemberL)
	b, ok2 := right.(*types.AttributeValueMemberL)
	if !ok || !ok2 {
		return nil, wrongType()
	}
	return &types.AttributeValueMemberL{Value: slices.Concat(a.Value, b.Value)}, nil
}

func addNumbers(left, right Value, minus bool) (Value, error) {
	a, ok := left.(*types.AttributeValueMemberN)
	b, ok2 := right.(*types.AttributeValueMemberN)
	if !ok || !ok2 {
		return nil, wrongType()
	}
	x, err := ParseNumber(a.Value)
	if err != nil {
		return nil, err
	}
	y, err := ParseNumber(b.Value)
	if err != nil {
		return nil, err
	}
	if minus {
		y = y.Neg()
	}
	sum, err := x.Add(y)
	return &types.AttributeValueMemberN{Value: sum.String()}, err
}
