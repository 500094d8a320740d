package ddbexpr

// Update is a parsed UpdateExpression. It is safe for concurrent use.
type Update struct {
	sets    []assignment
	removes []path
	adds    []setChange // ADD number or set
	deletes []setChange
	refs    refs
}

type assignment struct {
	to   path
	from expr
}

type setChange struct {
	at    path
	value string
}

const updateKind = "UpdateExpression"

// ParseUpdate parses an UpdateExpression.
func ParseUpdate(src string) (*Update, error) {
	p, err := newParser(updateKind, src)
	if err != nil {
		return nil, err
	}
	u := &Update{}
	seen := map[string]bool{}
	for p.peek().kind != tokEOF {
		section, clause := p.section(u)
		if section == "" {
			return nil, p.syntaxError()
		}
		if seen[section] {
			return nil, p.invalid("The %q section can only be used once in an update expression;", section)
		}
		seen[section] = true
		if err := p.clauses(clause); err != nil {
			return nil, err
		}
	}
	u.refs = p.refs
	return u, nil
}

// section takes the word that starts a section and returns the parser of its
// clauses.
func (p *parser) section(u *Update) (string, func() error) {
	switch {
	case p.keyword("SET"):
		return "SET", func() error {
			a, err := p.assignment()
			u.sets = append(u.sets, a)
			return err
		}
	case p.keyword("REMOVE"):
		return "REMOVE", func() error {
			at, err := p.path()
			u.removes = append(u.removes, at)
			return err
		}
	case p.keyword("ADD"):
		return "ADD", func() error {
			c, err := p.setChange("ADD")
			u.adds = append(u.adds, c)
			return err
		}
	case p.keyword("DELETE"):
		return "DELETE", func() error {
			c, err := p.setChange("DELETE")
			u.deletes = append(u.deletes, c)
			return err
		}
	}
	return "", nil
}

func (p *parser) clauses(clause func() error) error {
	for {
		if err := clause(); err != nil {
			return err
		}
		if !p.symbol(",") {
			return nil
		}
	}
}

func (p *parser) assignment() (assignment, error) {
	to, err := p.path()
	if err != nil {
		return assignment{}, err
	}
	if err := p.expect("="); err != nil {
		return assignment{}, err
	}
	from, err := p.expr()
	return assignment{to, from}, err
}

func (p *parser) setChange(op string) (setChange, error) {
	at, err := p.path()
	if err != nil {
		return setChange{}, err
	}
	if len(at) > 1 {
		// The guide allows only top-level attributes here.
		return setChange{}, p.invalid("%s can only be used on top-level attributes, not nested attributes", op)
	}
	t := p.take()
	if t.kind != tokValue {
		p.pos--
		return setChange{}, p.syntaxError()
	}
	p.refs.addValue(t.text)
	return setChange{at, t.text}, nil
}

func (u *Update) placeholders() *refs {
	if u == nil {
		return nil
	}
	return &u.refs
}

// Check refuses undefined placeholders, overlapping paths and operands of
// impossible types.
func (u *Update) Check(env Env) error {
	if err := u.refs.checkDefined(updateKind, env); err != nil {
		return err
	}
	if err := checkOverlap(updateKind, u.Paths(env)); err != nil {
		return err
	}
	for _, a := range u.sets {
		if err := a.from.check(env); err != nil {
			return err
		}
	}
	for _, c := range u.adds {
		if err := c.check("ADD", env, "N", "SS", "NS", "BS"); err != nil {
			return err
		}
	}
	for _, c := range u.deletes {
		if err := c.check("DELETE", env, "SS", "NS", "BS"); err != nil {
			return err
		}
	}
	return nil
}

func (c setChange) check(op string, env Env, want ...string) error {
	return predicate{op: op}.wantTypes(updateKind, env, []operand{{value: c.value}}, want...)
}

// Paths returns what the update touches.
func (u *Update) Paths(env Env) []Path {
	var out []Path
	for _, a := range u.sets {
		out = append(out, a.to.resolve(env))
	}
	for _, at := range u.removes {
		out = append(out, at.resolve(env))
	}
	for _, c := range u.adds {
		out = append(out, c.at.resolve(env))
	}
	for _, c := range u.deletes {
		out = append(out, c.at.resolve(env))
	}
	return out
}
