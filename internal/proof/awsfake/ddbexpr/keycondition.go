package ddbexpr

const keyKind = "KeyConditionExpression"

// Range is what a KeyConditionExpression asks for: one partition and, if Op
// is not "", an interval of sort keys. Op is a comparator, BETWEEN or
// begins_with; High is only used by BETWEEN.
type Range struct {
	Partition Value
	Op        string
	Low, High Value
}

// Contains says whether a sort key lies in the interval.
func (r Range) Contains(sort Value) bool {
	switch r.Op {
	case "":
		return true
	case "=":
		return Equal(sort, r.Low)
	case "begins_with":
		return beginsWith(sort, r.Low)
	case "BETWEEN":
		return ordered(">=", sort, r.Low) && ordered("<=", sort, r.High)
	}
	return ordered(r.Op, sort, r.Low)
}

// KeyRange reads c as a condition on the keys pk and sk ("" if there is
// none). Check must have passed.
func (c *Condition) KeyRange(pk, sk string, env Env) (Range, error) {
	var preds []predicate
	if err := flatten(c.root, &preds); err != nil {
		return Range{}, err
	}
	var r Range
	seen := map[string]bool{}
	for _, p := range preds {
		name, err := p.keyName(env)
		if err != nil {
			return Range{}, err
		}
		if seen[name] {
			return Range{}, Invalid("Invalid %s: KeyConditionExpressions must only contain one condition per key", keyKind)
		}
		seen[name] = true
		switch {
		case name == pk && p.op == "=":
			r.Partition = env.Values[p.args[1].value]
		case name == pk:
			return Range{}, Invalid("Query key condition not supported")
		case name == sk:
			r.Op, r.Low = p.op, env.Values[p.args[1].value]
			if p.op == "BETWEEN" {
				r.High = env.Values[p.args[2].value]
			}
		default:
			return Range{}, missed(pk, sk, seen)
		}
	}
	if r.Partition == nil {
		return Range{}, missed(pk, sk, seen)
	}
	return r, nil
}

func missed(pk, sk string, seen map[string]bool) error {
	if seen[pk] && sk != "" {
		return Invalid("Query condition missed key schema element: %s", sk)
	}
	if seen[pk] {
		return Invalid("Query key condition not supported")
	}
	return Invalid("Query condition missed key schema element: %s", pk)
}

func flatten(n node, out *[]predicate) error {
	switch n := n.(type) {
	case parenNode:
		return flatten(n.node, out)
	case andNode:
		if err := flatten(n.left, out); err != nil {
			return err
		}
		return flatten(n.right, out)
	case predicate:
		*out = append(*out, n)
		return nil
	case orNode:
		return Invalid("Invalid operator used in %s: OR", keyKind)
	}
	return Invalid("Invalid operator used in %s: NOT", keyKind)
}

// keyName returns the attribute that a predicate is about and refuses what
// cannot stand in a key condition.
func (n predicate) keyName(env Env) (string, error) {
	switch n.op {
	case "=", "<", "<=", ">", ">=", "BETWEEN", "begins_with":
	default:
		return "", Invalid("Invalid operator used in %s: %s", keyKind, n.op)
	}
	first := n.args[0]
	if first.path == nil || first.size {
		return "", Invalid("Invalid condition in %s: the left operand of %s must be a key attribute", keyKind, n.op)
	}
	if len(first.path) > 1 {
		return "", Invalid("Invalid %s: KeyConditionExpressions cannot have conditions on nested attributes", keyKind)
	}
	for _, a := range n.args[1:] {
		if a.value == "" || a.size {
			return "", Invalid("Invalid condition in %s: Multiple attribute names used in one condition", keyKind)
		}
	}
	return env.name(first.path[0].name), nil
}

// Attributes returns the top-level attributes that a condition looks at.
func (c *Condition) Attributes(env Env) []string {
	var out []string
	walk(c.root, func(p predicate) {
		for _, a := range p.args {
			if a.path != nil {
				out = append(out, env.name(a.path[0].name))
			}
		}
	})
	return out
}

func walk(n node, visit func(predicate)) {
	switch n := n.(type) {
	case parenNode:
		walk(n.node, visit)
	case notNode:
		walk(n.inner, visit)
	case andNode:
		walk(n.left, visit)
		walk(n.right, visit)
	case orNode:
		walk(n.left, visit)
		walk(n.right, visit)
	case predicate:
		visit(n)
	}
}

// Position says whether a sort key lies before (-1), in (0) or behind (1)
// the interval.
func (r Range) Position(sort Value) int {
	if r.Contains(sort) {
		return 0
	}
	c, _ := Compare(sort, r.Low)
	switch r.Op {
	case ">", ">=":
		return -1
	case "<", "<=":
		return 1
	case "BETWEEN":
		if c >= 0 {
			return 1
		}
	}
	return c
}
