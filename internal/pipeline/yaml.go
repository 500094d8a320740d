package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML turns a YAML document into nodes. It takes the YAML that people
// write by hand: anchors, aliases and merge keys, but no tags and no keys that
// are not plain text.
func readYAML(data []byte) (n *node, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser has panicked on odd input before
			n, err = nil, &syntaxError{msg: "cannot be read as YAML; simplify the file"}
		}
	}()
	tokens := tokenize(string(data))
	if err := bound(tokens); err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // doubled keys are ours to report, all of them
	if err != nil {
		return nil, explain(err)
	}
	r := &yamlReader{anchors: map[string]*node{}}
	var root *node
	for _, doc := range f.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if root != nil {
			return nil, &syntaxError{posOf(doc.Body), "a second document; one file holds one pipeline, so remove the --- or split the file"}
		}
		if root, err = r.value(doc.Body, 0); err != nil {
			return nil, err
		}
	}
	if root == nil {
		return nil, &syntaxError{msg: `empty; start with "pipeline: <name>"`}
	}
	return root, nil
}

// tokenize is the lexer's, which takes a tab between double quotes for a part of
// the text, but then loses the end of the line.
func tokenize(text string) token.Tokens {
	tokens := lexer.Tokenize(text)
	escaped := text
	for _, t := range tokens {
		quoted := strings.Trim(t.Origin, " \t\r\n")
		if t.Type == token.DoubleQuoteType && strings.Contains(quoted, "\t") && !strings.Contains(quoted, "\n") {
			escaped = strings.ReplaceAll(escaped, quoted, strings.ReplaceAll(quoted, "\t", `\t`))
		}
	}
	if escaped == text {
		return tokens
	}
	return lexer.Tokenize(escaped)
}

// bound rejects, before parsing, documents that would take the parser too much
// time or memory: its cost grows with the square of depth.
func bound(tokens token.Tokens) error {
	if len(tokens) > maxTokens {
		return &syntaxError{msg: "too many values for a pipeline; split it"}
	}
	flow, dashes, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type { //nolint:exhaustive // the other tokens do not nest
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			if t.Position.Line != line {
				dashes, line = 0, t.Position.Line
			}
			dashes++
		case token.TagType, token.MappingKeyType:
			return &syntaxError{tokenPos(t), fmt.Sprintf("unsupported YAML %q; write a plain key or value", t.Value)}
		}
		if flow > maxDepth || dashes > maxDepth {
			return &syntaxError{tokenPos(t), "too deeply nested for a pipeline"}
		}
	}
	return nil
}

// explain rewrites errors of the parser for authors of pipelines.
func explain(err error) error {
	e, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return &syntaxError{msg: "not valid YAML: " + err.Error()}
	}
	t, msg := e.GetToken(), e.GetMessage()
	switch {
	case strings.Contains(msg, "'\t'"):
		msg = "a tab; indent with spaces"
	case strings.Contains(msg, "flow map content"):
		msg = `{ opens a table here; put quotes around a template: "{{ … }}"`
	default:
		msg = "not valid YAML: " + msg
	}
	return &syntaxError{tokenPos(t), msg}
}

func posOf(n ast.Node) position {
	switch n := n.(type) {
	case *ast.MappingNode: // its own token is the first colon
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return posOf(n.Values[0])
		}
	case *ast.MappingValueNode:
		return posOf(n.Key)
	}
	return tokenPos(n.GetToken())
}

func tokenPos(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}
