package ddbexpr

import "slices"

var allTypes = []string{"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}

func (n predicate) check(kind string, env Env) error {
	switch n.op {
	case "attribute_exists", "attribute_not_exists":
		return n.wantPath(kind)
	case "attribute_type":
		return n.checkAttributeType(kind, env)
	case "begins_with":
		return n.wantTypes(kind, env, n.args, "S", "B")
	case "contains":
		return n.checkDistinct(kind, env)
	case "<", "<=", ">", ">=":
		if err := n.wantTypes(kind, env, n.args, "S", "N", "B"); err != nil {
			return err
		}
		return n.checkDistinct(kind, env)
	case "BETWEEN":
		if err := n.wantTypes(kind, env, n.args, "S", "N", "B"); err != nil {
			return err
		}
		return n.checkBounds(kind, env)
	}
	return n.checkDistinct(kind, env)
}

func (n predicate) wantPath(kind string) error {
	if a := n.args[0]; a.path == nil || a.size {
		return Invalid("Invalid %s: Operator or function requires a document path; operator or function: %s", kind, n.op)
	}
	return nil
}

func (n predicate) checkAttributeType(kind string, env Env) error {
	if err := n.wantPath(kind); err != nil {
		return err
	}
	if n.args[1].value == "" {
		return Invalid("Invalid %s: Incorrect operand type for operator or function; operator or function: attribute_type, operand type: path", kind)
	}
	if err := n.wantTypes(kind, env, n.args[1:], "S"); err != nil {
		return err
	}
	if t := text(env.Values[n.args[1].value]); !slices.Contains(allTypes, t) {
		return Invalid("Invalid %s: Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", kind, t)
	}
	return nil
}

func (n predicate) wantTypes(kind string, env Env, args []operand, want ...string) error {
	for _, a := range args {
		if t := a.literalType(env); t != "" && !slices.Contains(want, t) {
			return Invalid("Invalid %s: Incorrect operand type for operator or function; operator or function: %s, operand type: %s", kind, n.op, t)
		}
	}
	return nil
}

func (n predicate) checkDistinct(kind string, env Env) error {
	for _, a := range n.args[1:] {
		if n.args[0].same(a, env) {
			return Invalid("Invalid %s: The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s",
				kind, n.op, n.args[0].path.resolve(env))
		}
	}
	return nil
}

func (n predicate) checkBounds(kind string, env Env) error {
	low, high := n.args[1], n.args[2]
	if low.value == "" || high.value == "" {
		return n.checkDistinct(kind, env)
	}
	a, b := env.Values[low.value], env.Values[high.value]
	c, ok := Compare(a, b)
	if !ok {
		return Invalid("Invalid %s: The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}",
			kind, TypeOf(a), text(a), TypeOf(b), text(b))
	}
	if c > 0 {
		return Invalid("Invalid %s: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}",
			kind, TypeOf(a), text(a), TypeOf(b), text(b))
	}
	return nil
}
