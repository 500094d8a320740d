package config

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"ephemr/internal/local/emrreleases"
)

//go:embed defaults/profiles.yaml
var profiles []byte

// readyMade are the profiles that stage files take by name, each as the keys of its table.
func readyMade() map[string]*ast.MappingNode {
	tree, err := parser.ParseBytes(profiles, 0)
	if err != nil {
		panic(fmt.Sprintf("decode profiles: %v", err)) // embedded, and tested
	}
	all := map[string]*ast.MappingNode{}
	for name, table := range tables(tree.Docs[0].Body) {
		all[name] = table
	}
	return all
}

// inherit completes the profiles of body that have the key like by what their model has in addition, and removes the
// key. It returns those that have no model.
func inherit(body ast.Node) []fault {
	var faults []fault
	ready := readyMade()
	for name, own := range tables(child(body, "profiles")) {
		like := child(own, "like")
		if like == nil {
			continue
		}
		own.Values = slices.DeleteFunc(own.Values, func(v *ast.MappingValueNode) bool { return keyOf(v) == "like" })
		model, ok := ready[like.GetToken().Value]
		if !ok {
			path := "profiles." + name + ".like"
			text := fmt.Sprintf("%s: unknown profile %q; use one of %s", path, like.GetToken().Value, strings.Join(slices.Sorted(maps.Keys(ready)), ", "))
			faults = append(faults, fault{located{like.GetToken().Position, text}, path})
			continue
		}
		for _, v := range model.Values {
			if child(own, keyOf(v)) == nil {
				own.Values = append(own.Values, v)
			}
		}
	}
	return faults
}

// tables are the tables of a table, by key.
func tables(node ast.Node) map[string]*ast.MappingNode {
	all := map[string]*ast.MappingNode{}
	for _, v := range values(node) {
		if table, ok := plain(v.Value).(*ast.MappingNode); ok {
			all[keyOf(v)] = table
		}
	}
	return all
}

func child(node ast.Node, key string) ast.Node {
	for _, v := range values(node) {
		if keyOf(v) == key {
			return plain(v.Value)
		}
	}
	return nil
}

func values(node ast.Node) []*ast.MappingValueNode {
	if m, ok := plain(node).(*ast.MappingNode); ok {
		return m.Values
	}
	return nil
}

func plain(node ast.Node) ast.Node {
	if a, ok := node.(*ast.AnchorNode); ok {
		return a.Value
	}
	return node
}

func keyOf(v *ast.MappingValueNode) string { return v.Key.GetToken().Value }

// validateApplications rejects applications that a release does not have. Releases that are newer than the table of
// them are not checked.
func (c Config) validateApplications() error {
	var errs []error
	for _, name := range c.ShapeNames() {
		release, ok := emrreleases.Find(c.Shapes[name].Release)
		if !ok {
			continue
		}
		for i, application := range c.Shapes[name].Applications {
			if _, ok := release.Application(application); !ok {
				errs = append(errs, fmt.Errorf("profiles.%s.applications[%d]: release %s does not have %s", name, i, c.Shapes[name].Release, application))
			}
		}
	}
	return errors.Join(errs...)
}
