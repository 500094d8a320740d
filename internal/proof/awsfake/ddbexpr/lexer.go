package ddbexpr

import (
	"strings"
)

type tokenKind int

const (
	tokEOF tokenKind = iota
	tokIdent
	tokName   // #name
	tokValue  // :value
	tokNumber // an index
	tokSymbol
)

type token struct {
	kind tokenKind
	text string
}

const maxExpression = 4096

// lex splits an expression of the given kind ("ConditionExpression", …) into
// tokens, the last of which is tokEOF.
func lex(kind, src string) ([]token, error) {
	if strings.TrimSpace(src) == "" {
		return nil, Invalid("Invalid %s: The expression can not be empty;", kind)
	}
	if len(src) > maxExpression {
		return nil, Invalid("Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", kind, len(src))
	}
	var toks []token
	for i := 0; i < len(src); {
		if isSpace(src[i]) {
			i++
			continue
		}
		t := next(src[i:])
		if t.text == "" {
			return nil, Invalid("Invalid %s: Syntax error; token: %q, near: %q", kind, src[i:i+1], src[max(0, i-5):min(len(src), i+5)])
		}
		toks = append(toks, t)
		i += len(t.text)
	}
	return append(toks, token{kind: tokEOF, text: "<EOF>"}), nil
}

func next(s string) token {
	switch c := s[0]; {
	case c == '#' || c == ':':
		n := 1 + span(s[1:], isWord)
		if n == 1 {
			return token{}
		}
		if c == '#' {
			return token{tokName, s[:n]}
		}
		return token{tokValue, s[:n]}
	case isLetter(c):
		return token{tokIdent, s[:span(s, isWord)]}
	case isDigit(c):
		return token{tokNumber, s[:span(s, isDigit)]}
	}
	for _, sym := range []string{"<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-"} {
		if strings.HasPrefix(s, sym) {
			return token{tokSymbol, sym}
		}
	}
	return token{}
}

func span(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }
