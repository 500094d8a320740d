package ddbexpr

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// conditionFunctions maps the functions that are conditions to the number of
// their operands; size is an operand itself.
var conditionFunctions = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
}

var comparators = []string{"=", "<>", "<", "<=", ">", ">="}

// predicate is a comparator, BETWEEN, IN or a function with its operands.
type predicate struct {
	op   string
	args []operand
}

func (p *parser) predicate() (node, error) {
	if t := p.peek(); t.kind == tokIdent && conditionFunctions[t.text] > 0 && p.toks[p.pos+1].text == "(" {
		name := p.function()
		args, err := p.arguments(name, conditionFunctions[name], p.operand)
		return predicate{name, args}, err
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch {
	case p.keyword("BETWEEN"):
		return p.between(left)
	case p.keyword("IN"):
		return p.in(left)
	}
	if t := p.peek(); t.kind != tokSymbol || !slices.Contains(comparators, t.text) {
		return nil, p.syntaxError()
	}
	op := p.take().text
	right, err := p.operand()
	return predicate{op, []operand{left, right}}, err
}

func (p *parser) between(left operand) (node, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.keyword("AND") {
		return nil, p.syntaxError()
	}
	high, err := p.operand()
	return predicate{"BETWEEN", []operand{left, low, high}}, err
}

func (p *parser) in(left operand) (node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	args := []operand{left}
	for {
		a, err := p.operand()
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		if p.symbol(")") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	if len(args) > 101 {
		return nil, p.invalid("The IN operator is provided with too many operands; number of operands: %d", len(args)-1)
	}
	return predicate{"IN", args}, nil
}

func (n predicate) eval(item Item, env Env) bool {
	first := n.args[0].get(item, env)
	if len(n.args) == 1 {
		return (first != nil) == (n.op == "attribute_exists")
	}
	second := n.args[1].get(item, env)
	switch n.op {
	case "=":
		return Equal(first, second)
	case "<>":
		return !Equal(first, second) // also when there is no such attribute
	case "IN":
		return slices.ContainsFunc(n.args[1:], func(o operand) bool { return Equal(first, o.get(item, env)) })
	case "BETWEEN":
		return ordered(">=", first, second) && ordered("<=", first, n.args[2].get(item, env))
	case "attribute_type":
		return first != nil && TypeOf(first) == text(second)
	case "begins_with":
		return beginsWith(first, second)
	case "contains":
		return contains(first, second)
	}
	return ordered(n.op, first, second)
}

func ordered(op string, a, b Value) bool {
	c, ok := Compare(a, b)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func beginsWith(v, prefix Value) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		p, ok := prefix.(*types.AttributeValueMemberS)
		return ok && strings.HasPrefix(v.Value, p.Value)
	case *types.AttributeValueMemberB:
		p, ok := prefix.(*types.AttributeValueMemberB)
		return ok && bytes.HasPrefix(v.Value, p.Value)
	}
	return false
}

func contains(v, part Value) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		p, ok := part.(*types.AttributeValueMemberS)
		return ok && strings.Contains(v.Value, p.Value)
	case *types.AttributeValueMemberB:
		p, ok := part.(*types.AttributeValueMemberB)
		return ok && bytes.Contains(v.Value, p.Value)
	}
	return has(members(v), part)
}
