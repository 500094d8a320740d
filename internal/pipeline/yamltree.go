package pipeline

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

type yamlReader struct {
	anchors map[string]*node
	size    int
}

func (r *yamlReader) value(n ast.Node, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, &syntaxError{posOf(n), "too deeply nested for a pipeline"}
	}
	var (
		out *node
		err error
	)
	switch n := n.(type) {
	case *ast.AnchorNode:
		return r.anchor(n, depth)
	case *ast.AliasNode:
		out, err = r.alias(n)
	case *ast.MappingNode:
		out, err = r.table(n, n.Values, depth)
	case *ast.MappingValueNode:
		out, err = r.table(n, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out, err = r.list(n, depth)
	default:
		out, err = scalar(n)
	}
	if err != nil {
		return nil, err
	}
	if r.size += out.size; r.size > maxNodes*maxDepth || out.size > maxNodes {
		return nil, &syntaxError{posOf(n), "too large once its aliases are written out; use fewer"}
	}
	return out, nil
}

func (r *yamlReader) anchor(n *ast.AnchorNode, depth int) (*node, error) {
	if n.Value == nil {
		return nil, &syntaxError{posOf(n), "an anchor without a value; write one or remove it"}
	}
	v, err := r.value(n.Value, depth+1)
	if err == nil {
		r.anchors[n.Name.String()] = v
	}
	return v, err
}

func (r *yamlReader) alias(n *ast.AliasNode) (*node, error) {
	v, ok := r.anchors[n.Value.String()]
	if !ok {
		return nil, &syntaxError{posOf(n), fmt.Sprintf("undefined alias *%s; define &%[1]s above it", n.Value)}
	}
	return v, nil
}

func (r *yamlReader) list(n *ast.SequenceNode, depth int) (*node, error) {
	out := &node{kind: listNode, pos: posOf(n), size: 1}
	for _, item := range n.Values {
		v, err := r.value(item, depth+1)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, v)
		out.size += v.size
	}
	return out, nil
}

func (r *yamlReader) table(n ast.Node, pairs []*ast.MappingValueNode, depth int) (*node, error) {
	out := &node{kind: mapNode, pos: posOf(n), size: 1}
	var merged []member
	for _, pair := range pairs {
		v, err := r.value(pair.Value, depth+1)
		if err != nil {
			return nil, err
		}
		out.size += v.size
		if pair.Key.Type() == ast.MergeKeyType {
			if merged, err = mergeInto(merged, v); err != nil {
				return nil, err
			}
			continue
		}
		key, err := scalar(pair.Key)
		if err != nil || key.kind == nullNode {
			return nil, &syntaxError{posOf(pair.Key), "a key that is not plain text; write a name"}
		}
		out.keys = append(out.keys, member{key.text, posOf(pair.Key), v})
	}
	for _, m := range merged {
		if out.get(m.name) == nil { // what is written here wins
			out.keys = append(out.keys, m)
		}
	}
	return out, nil
}

// mergeInto adds the entries of a merge key's value: a table or a list of tables.
func mergeInto(merged []member, v *node) ([]member, error) {
	switch v.kind {
	case mapNode:
		return append(merged, v.keys...), nil
	case listNode:
		for _, item := range v.items {
			if item.kind != mapNode {
				return nil, &syntaxError{v.pos, "<< merges tables only; name an anchor of a table"}
			}
			merged = append(merged, item.keys...)
		}
		return merged, nil
	case nullNode, textNode, boolNode, numNode:
	}
	return nil, &syntaxError{v.pos, "<< merges tables only; name an anchor of a table"}
}

func scalar(n ast.Node) (*node, error) {
	out := &node{pos: posOf(n), size: 1}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = nullNode
	case *ast.StringNode:
		out.kind, out.text = textNode, plainText(n.GetToken(), n.Value)
	case *ast.LiteralNode:
		out.kind, out.text = textNode, n.Value.Value
	case *ast.BoolNode:
		out.kind, out.text = boolNode, n.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = numNode, n.GetToken().Value // as written: 007 stays 007
	default:
		return nil, &syntaxError{posOf(n), "unsupported YAML; write a plain key or value"}
	}
	return out, nil
}

// plainText is the value of a plain scalar. The lexer drops its tabs; the text
// that it was read from still has them.
func plainText(t *token.Token, value string) string {
	origin := strings.Trim(t.Origin, " \t\r\n")
	if t.Type != token.StringType || !strings.Contains(origin, "\t") {
		return value
	}
	var b strings.Builder
	breaks := 0 // since the last text
	for line := range strings.Lines(origin) {
		if line = strings.Trim(line, " \t\r\n"); line == "" {
			breaks++
			continue
		}
		switch {
		case b.Len() == 0:
		case breaks > 1:
			b.WriteString(strings.Repeat("\n", breaks-1))
		default:
			b.WriteByte(' ')
		}
		b.WriteString(line)
		breaks = 1
	}
	return b.String()
}
