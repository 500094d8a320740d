package ddbexpr

// Condition is a parsed ConditionExpression, FilterExpression or
// KeyConditionExpression. It is safe for concurrent use.
type Condition struct {
	kind string
	root node
	refs refs
}

// node is a part of a condition. check finds what AWS refuses before it looks
// at an item; eval must only be called after check.
type node interface {
	eval(item Item, env Env) bool
	check(kind string, env Env) error
}

// ParseCondition parses src, which came in the request's field kind.
func ParseCondition(kind, src string) (*Condition, error) {
	p, err := newParser(kind, src)
	if err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return &Condition{kind: kind, root: root, refs: p.refs}, nil
}

func (c *Condition) placeholders() *refs {
	if c == nil {
		return nil
	}
	return &c.refs
}

// Check refuses undefined placeholders and operands of impossible types.
func (c *Condition) Check(env Env) error {
	if c == nil {
		return nil
	}
	if err := c.refs.checkDefined(c.kind, env); err != nil {
		return err
	}
	return c.root.check(c.kind, env)
}

// Holds says whether item, which may be nil, satisfies the condition. A nil
// condition always holds.
func (c *Condition) Holds(item Item, env Env) bool { return c == nil || c.root.eval(item, env) }

type (
	orNode    struct{ left, right node }
	andNode   struct{ left, right node }
	notNode   struct{ inner node }
	parenNode struct{ node }
)

func (n orNode) eval(item Item, env Env) bool {
	return n.left.eval(item, env) || n.right.eval(item, env)
}

func (n andNode) eval(item Item, env Env) bool {
	return n.left.eval(item, env) && n.right.eval(item, env)
}

func (n notNode) eval(item Item, env Env) bool { return !n.inner.eval(item, env) }

func (n orNode) check(kind string, env Env) error  { return checkBoth(n.left, n.right, kind, env) }
func (n andNode) check(kind string, env Env) error { return checkBoth(n.left, n.right, kind, env) }
func (n notNode) check(kind string, env Env) error { return n.inner.check(kind, env) }

func checkBoth(left, right node, kind string, env Env) error {
	if err := left.check(kind, env); err != nil {
		return err
	}
	return right.check(kind, env)
}

func (p *parser) or() (node, error) {
	left, err := p.and()
	for err == nil && p.keyword("OR") {
		var right node
		right, err = p.and()
		left = orNode{left, right}
	}
	return left, err
}

func (p *parser) and() (node, error) {
	left, err := p.not()
	for err == nil && p.keyword("AND") {
		var right node
		right, err = p.not()
		left = andNode{left, right}
	}
	return left, err
}

func (p *parser) not() (node, error) {
	if p.keyword("NOT") {
		inner, err := p.not()
		return notNode{inner}, err
	}
	if !p.symbol("(") {
		return p.predicate()
	}
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if _, twice := inner.(parenNode); twice {
		return nil, p.invalid("The expression has redundant parentheses;")
	}
	return parenNode{inner}, nil
}
