package ddbexpr

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// operand is one of: a path, a :value, size(path).
type operand struct {
	path  path
	value string
	size  bool
}

func (p *parser) operand() (operand, error) {
	if t := p.peek(); t.kind == tokValue {
		p.pos++
		p.refs.addValue(t.text)
		return operand{value: t.text}, nil
	}
	name := p.function()
	if name == "" {
		at, err := p.path()
		return operand{path: at}, err
	}
	if name != "size" {
		if conditionFunctions[name] > 0 || updateFunctions[name] > 0 {
			return operand{}, p.invalid("The function is not allowed to be used this way in an expression; function: %s", name)
		}
		return operand{}, p.invalid("Invalid function name; function: %s", name)
	}
	args, err := p.arguments(name, 1, p.operand)
	if err != nil {
		return operand{}, err
	}
	if args[0].size {
		return operand{}, p.invalid("The function is not allowed to be used this way in an expression; function: size")
	}
	args[0].size = true
	return args[0], nil
}

// get returns the operand's value in item, or nil.
func (o operand) get(item Item, env Env) Value {
	var v Value
	if o.value != "" {
		v = env.Values[o.value]
	} else {
		v = o.path.get(item, env)
	}
	if !o.size {
		return v
	}
	n, ok := length(v)
	if !ok {
		return nil
	}
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}

// length is the function size: bytes of a string or binary, elements of
// anything that has them.
func length(v Value) (int, bool) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len([]rune(v.Value)), true
	case *types.AttributeValueMemberB:
		return len(v.Value), true
	case *types.AttributeValueMemberL:
		return len(v.Value), true
	case *types.AttributeValueMemberM:
		return len(v.Value), true
	}
	return len(members(v)), v != nil && setType(v) != ""
}

// literalType returns the type of a :value, and "" for what is known only
// with the item. size is always a number.
func (o operand) literalType(env Env) string {
	switch {
	case o.size:
		return "N"
	case o.value != "":
		return TypeOf(env.Values[o.value])
	}
	return ""
}

// same says whether two operands are the same path, which AWS refuses to
// compare.
func (o operand) same(q operand, env Env) bool {
	return o.path != nil && q.path != nil && o.size == q.size && o.path.resolve(env).String() == q.path.resolve(env).String()
}
