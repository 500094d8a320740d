package config

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

//go:embed defaults/stage.yaml
var defaults []byte

// Parse reads and validates the file of stage, which need only set what differs from the defaults. The error has all
// faults of the file, one a line, with file, line and column.
func Parse(stage, file string, data []byte) (Config, error) {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Config{}, report(file, []located{explain("", err)})
	}
	if len(tree.Docs) > 1 {
		return Config{}, fmt.Errorf("%s: contains %d YAML documents; use one file for each stage", file, len(tree.Docs))
	}
	var body ast.Node
	if len(tree.Docs) == 1 {
		body = tree.Docs[0].Body
	}
	all := index(body)
	unknown, found := inherit(body), completeLake(body)
	c, faults := decode(body, all)
	if c.Lake != nil {
		c.Zones = c.Lake.data()
	}
	faults = append(unknown, faults...)
	c.Stage = stage
	invalid := flatten(c.Validate())
	if len(faults) > 0 {
		invalid = slices.DeleteFunc(invalid, func(err error) bool { return all.follows(err, faults) })
	}
	for _, f := range faults {
		found = append(found, f.located)
	}
	for _, err := range invalid {
		found = append(found, located{all.position(err), err.Error()})
	}
	if len(found) > 0 {
		return Config{}, report(file, found)
	}
	return c, nil
}

// located is an error of a file; without a position if it is about the file as a whole.
type located struct {
	at   *token.Position
	text string
}

func (l located) line() (line, column int) {
	if l.at == nil {
		return 0, 0
	}
	return l.at.Line, l.at.Column
}

// report joins errors in the order of the file.
func report(file string, found []located) error {
	slices.SortStableFunc(found, func(a, b located) int {
		lineA, columnA := a.line()
		lineB, columnB := b.line()
		return cmp.Or(lineA-lineB, columnA-columnB)
	})
	errs := make([]error, len(found))
	for i, l := range found {
		errs[i] = fmt.Errorf("%s: %s", file, l.text)
		if line, column := l.line(); line > 0 {
			errs[i] = fmt.Errorf("%s:%d:%d: %s", file, line, column, l.text)
		}
	}
	return errors.Join(errs...)
}

// fault is a value that cannot be decoded.
type fault struct {
	located

	path string
}

// decode decodes body over the defaults. The decoder stops at its first error: the faulty key is removed and the rest
// decoded again, until there is no error.
func decode(body ast.Node, all keys) (Config, []fault) {
	var faults []fault
	for {
		c, err := decodeOnce(body)
		if err == nil || len(faults) > 0 && noAlias(err) { // the anchor was removed with a faulty key
			return c, faults
		}
		k := all.faulty(err, body)
		if k == nil {
			return c, append(faults, fault{located: explain("", err)})
		}
		f := fault{explain(k.path, err), k.path}
		f.at = cmp.Or(f.at, k.token.Position)
		faults = append(faults, f)
		k.remove()
	}
}

func decodeOnce(body ast.Node) (Config, error) {
	var c Config
	if err := yaml.UnmarshalWithOptions(defaults, &c, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("decode defaults: %v", err)) // embedded, and tested
	}
	if body == nil {
		return c, nil
	}
	return c, yaml.NodeToValue(body, &c, yaml.Strict()) //nolint:wrapcheck // located by the caller
}

func noAlias(err error) bool { return strings.Contains(err.Error(), "could not find alias") }

// explain describes an error of the decoder about the value of a key. Errors of values that read their own text, like
// durations, have no position.
func explain(path string, err error) located {
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		return located{wrong.Token.Position, fmt.Sprintf("%s: expected %s, found %s", path, kind(wrong.DstType), kind(wrong.SrcType))}
	}
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return located{e.GetToken().Position, e.GetMessage()}
	}
	return located{text: strings.TrimPrefix(path+": "+err.Error(), ": ")}
}

// kind describes a type to people.
func kind(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // those that stage files have
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a map"
	default:
		return "a text"
	}
}

// flatten lists the errors that err joins, each with the text that wraps it.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, flatten(one)...)
		}
		return all
	}
	inner := flatten(errors.Unwrap(err))
	if len(inner) < 2 {
		return []error{err}
	}
	prefix, suffix, found := strings.Cut(err.Error(), errors.Unwrap(err).Error())
	if !found {
		return []error{err}
	}
	for i, one := range inner {
		inner[i] = errors.New(prefix + one.Error() + suffix)
	}
	return inner
}
