package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// key is a key or list item of a stage file.
type key struct {
	path   string // limits.pool.steps, profiles.small.fallbacks[0]
	token  *token.Token
	values []*token.Token // of its value itself, not of what is below it
	leaf   bool           // nothing is below it
	remove func() (restore func())
}

// keys are all keys of a file, each before those below it.
type keys []*key

// index lists the keys below node.
func index(node ast.Node) keys {
	var all keys
	all.add("", node)
	return all
}

func (all *keys) add(path string, node ast.Node) {
	switch n := node.(type) {
	case *ast.AnchorNode:
		all.add(path, n.Value)
	case *ast.MappingNode:
		for _, v := range n.Values {
			name := strings.TrimPrefix(path+"."+v.Key.GetToken().Value, ".")
			all.append(&key{path: name, token: v.Key.GetToken(), remove: remover(&n.Values, v)}, v.Value)
		}
	case *ast.SequenceNode:
		for i, v := range n.Values {
			all.append(&key{path: fmt.Sprintf("%s[%d]", path, i), token: v.GetToken(), remove: remover(&n.Values, v)}, v)
		}
	}
}

func (all *keys) append(k *key, value ast.Node) {
	k.values = tokens(value)
	*all = append(*all, k)
	n := len(*all)
	all.add(k.path, value)
	k.leaf = len(*all) == n
}

// remover removes one from its siblings.
func remover[N comparable](siblings *[]N, one N) func() func() {
	return func() func() {
		before := *siblings
		*siblings = slices.DeleteFunc(slices.Clone(before), func(o N) bool { return o == one })
		return func() { *siblings = before }
	}
}

func tokens(n ast.Node) []*token.Token {
	if n == nil {
		return nil
	}
	if a, ok := n.(*ast.AnchorNode); ok {
		return append(tokens(a.Value), a.GetToken())
	}
	return []*token.Token{n.GetToken()}
}

// faulty is the key that err is about; nil if it is about the file as a whole.
func (all keys) faulty(err error, body ast.Node) *key {
	located, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return all.without(err, body)
	}
	for _, k := range slices.Backward(all) {
		if t := located.GetToken(); t != nil && (k.token == t || slices.Contains(k.values, t)) {
			return k
		}
	}
	return nil
}

// without finds the key of an error that has no position: it removes one value after the other, until err is gone.
func (all keys) without(err error, body ast.Node) *key {
	for _, k := range all {
		if !k.leaf {
			continue
		}
		restore := k.remove()
		_, next := decodeOnce(body)
		if next != nil && noAlias(next) {
			restore()
			continue
		}
		defer restore()
		if next == nil || next.Error() != err.Error() {
			return k
		}
	}
	return nil
}

// position is that of the key that err begins with; nil if the file has none.
func (all keys) position(err error) *token.Position {
	if k := all.named(err); k != nil {
		return k.token.Position
	}
	return nil
}

// named is the key that err begins with, "limits.maxActive must be …" or "access.users.etl: zones.gold: …", or the
// closest one above it that the file has.
func (all keys) named(err error) *key {
	text := strings.ReplaceAll(err.Error(), ": ", ".")
	var found *key
	for _, k := range all {
		rest, ok := strings.CutPrefix(text, k.path)
		if ok && (rest == "" || !nameRune(rest[0])) && (found == nil || len(k.path) > len(found.path)) {
			found = k
		}
	}
	return found
}

// nameRune reports whether a key that continues with c is another key.
func nameRune(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// follows reports whether err may be a consequence of the faults: it is about a key that the file does not have, which
// may be misspelled, or it mentions the keys beside one that was ignored.
func (all keys) follows(err error, faults []fault) bool {
	k := all.named(err)
	if k == nil || !strings.HasPrefix(err.Error(), k.path+" ") && !strings.HasPrefix(err.Error(), k.path+": ") {
		return true
	}
	return slices.ContainsFunc(faults, func(f fault) bool {
		beside := f.path[:max(0, strings.LastIndexAny(f.path, ".["))]
		return strings.Contains(err.Error(), cmp.Or(beside, f.path))
	})
}
