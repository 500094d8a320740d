package ddbexpr

import (
	"strconv"
	"strings"
)

// parser walks the tokens of one expression. Its kind is the request's field,
// which AWS names in every message.
type parser struct {
	kind string
	toks []token
	pos  int
	refs refs
}

func newParser(kind, src string) (*parser, error) {
	toks, err := lex(kind, src)
	if err != nil {
		return nil, err
	}
	return &parser{kind: kind, toks: toks}, nil
}

func (p *parser) peek() token { return p.toks[p.pos] }

func (p *parser) take() token {
	t := p.toks[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

// symbol takes the next token if it is the symbol s.
func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind != tokSymbol || t.text != s {
		return false
	}
	p.pos++
	return true
}

// keyword takes the next token if it is the word w, in any case.
func (p *parser) keyword(w string) bool {
	if t := p.peek(); t.kind != tokIdent || !strings.EqualFold(t.text, w) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(s string) error {
	if p.symbol(s) {
		return nil
	}
	return p.syntaxError()
}

func (p *parser) end() error {
	if p.peek().kind == tokEOF {
		return nil
	}
	return p.syntaxError()
}

func (p *parser) syntaxError() error {
	var near []string
	for i := max(0, p.pos-1); i < min(len(p.toks), p.pos+2); i++ {
		if p.toks[i].kind != tokEOF {
			near = append(near, p.toks[i].text)
		}
	}
	return Invalid("Invalid %s: Syntax error; token: %q, near: %q", p.kind, p.peek().text, strings.Join(near, " "))
}

func (p *parser) invalid(format string, args ...any) error {
	return Invalid("Invalid "+p.kind+": "+format, args...)
}

// function takes the name and the opening parenthesis of a call, or answers
// "".
func (p *parser) function() string {
	if p.peek().kind != tokIdent || p.toks[p.pos+1].text != "(" {
		return ""
	}
	name := p.take().text
	p.pos++
	return name
}

func (p *parser) path() (path, error) {
	first, err := p.attribute()
	if err != nil {
		return nil, err
	}
	out := path{first}
	for {
		switch {
		case p.symbol("."):
			e, err := p.attribute()
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		case p.symbol("["):
			if p.peek().kind != tokNumber {
				return nil, p.syntaxError()
			}
			i, err := strconv.Atoi(p.take().text)
			if err != nil {
				return nil, p.invalid("List index is not within the allowable range; index: [%d]", i)
			}
			out = append(out, elem{index: i})
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		default:
			return out, nil
		}
	}
}

func (p *parser) attribute() (elem, error) {
	t := p.peek()
	switch t.kind { //nolint:exhaustive // every other token is an error
	case tokName:
		p.refs.addName(t.text)
	case tokIdent:
		if reserved()[strings.ToUpper(t.text)] {
			return elem{}, p.invalid("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
	default:
		return elem{}, p.syntaxError()
	}
	p.pos++
	return elem{name: t.text}, nil
}

// arguments parses operands up to the closing parenthesis of a call that
// wants n of them.
func (p *parser) arguments(function string, n int, parse func() (operand, error)) ([]operand, error) {
	var args []operand
	for {
		a, err := parse()
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
	if len(args) != n {
		return nil, p.invalid("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", function, len(args))
	}
	return args, nil
}
