package golden

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
)

// Difference lists the differences of the stack to from the stack from, one line for each: resource, path, values. A
// change that all resources of a type have in common is one line. Added objects follow as YAML.
func Difference(from, to Template) (string, error) {
	r := &reporter{}
	gocmp.Equal(map[string]any(from), map[string]any(to), gocmp.Reporter(r))
	var out strings.Builder
	for _, g := range group(r.changes, from) {
		fmt.Fprintf(&out, "%s: %s\n", strings.Join(g.resources, ", "), g.text)
		if g.added == nil {
			continue
		}
		block, err := YAML(g.added)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(block) {
			out.WriteString("    " + line)
		}
	}
	return out.String(), nil
}

// change is one difference; added is an object that only one of the two has.
type change struct {
	resource string // logical id, or the section of the template that is not Resources
	text     string
	added    any
}

// reporter collects the differences that go-cmp finds.
type reporter struct {
	path    gocmp.Path
	changes []change
}

// PushStep implements cmp.Reporter.
func (r *reporter) PushStep(step gocmp.PathStep) { r.path = append(r.path, step) }

// PopStep implements cmp.Reporter.
func (r *reporter) PopStep() { r.path = r.path[:len(r.path)-1] }

// Report implements cmp.Reporter.
func (r *reporter) Report(result gocmp.Result) {
	if result.Equal() {
		return
	}
	var names []string
	for _, step := range r.path {
		switch step := step.(type) {
		case gocmp.MapIndex:
			names = append(names, step.Key().String())
		case gocmp.SliceIndex:
			names[len(names)-1] += label(step)
		}
	}
	if names[0] == "Resources" {
		names = names[1:]
	}
	c := change{resource: names[0], text: place(names[1:])}
	from, to := r.path.Last().Values()
	switch {
	case !to.IsValid():
		c.text = "removed " + c.text + short(from)
	case !from.IsValid():
		c.text = "added " + c.text + short(to)
		if isCompound(to) {
			c.added = to.Interface()
		}
	case isCompound(from) || isCompound(to):
		c.text += " is"
		c.added = to.Interface()
	default:
		c.text = strings.TrimSuffix(c.text, ":") + ":" + short(from) + " ->" + short(to)
	}
	c.text = strings.TrimSpace(c.text)
	r.changes = append(r.changes, c)
}

// place is a path without the keys that every resource or policy has.
func place(names []string) string {
	if len(names) > 0 && names[0] == "Properties" {
		names = names[1:]
	}
	if len(names) > 2 && names[0] == "PolicyDocument" && names[1] == "Statement" {
		return strings.Join(names[2:], ".") + ":"
	}
	return strings.Join(names, ".")
}

// label identifies an object in a list by its name, as positions change. Scalars need no label.
func label(step gocmp.SliceIndex) string {
	from, to := step.Values()
	v := from
	if !v.IsValid() {
		v = to
	}
	m, isObject := v.Interface().(map[string]any)
	if !isObject {
		return ""
	}
	for _, key := range []string{"Name", "AttributeName", "IndexName", "Id"} {
		if name, ok := m[key].(string); ok {
			return "[" + name + "]"
		}
	}
	was, is := step.SplitKeys()
	return fmt.Sprintf("[%d]", max(was, is))
}

func isCompound(v reflect.Value) bool {
	switch v.Interface().(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// short is a scalar on one line; "" for objects.
func short(v reflect.Value) string {
	if isCompound(v) {
		return ""
	}
	return fmt.Sprintf(" %v", v.Interface())
}

// changed is a change and the resources that have it.
type changed struct {
	change
	resources []string
}

// group merges equal changes of resources of the same type.
func group(changes []change, from Template) []changed {
	resources, _ := from["Resources"].(map[string]any)
	kind := func(id string) string {
		resource, _ := resources[id].(map[string]any)
		text, _ := resource["Type"].(string)
		return text
	}
	perType := map[string]int{}
	for id := range resources {
		perType[kind(id)]++
	}
	groups := map[string]*changed{}
	for _, c := range changes {
		key := kind(c.resource) + " " + c.text
		if c.added != nil || kind(c.resource) == "" {
			key = c.resource + " " + c.text
		}
		if groups[key] == nil {
			groups[key] = &changed{change: c}
		}
		groups[key].resources = append(groups[key].resources, c.resource)
	}
	out := make([]changed, 0, len(groups))
	for _, g := range groups {
		slices.Sort(g.resources)
		if n := len(g.resources); n > 1 && n == perType[kind(g.resource)] {
			g.resources = []string{fmt.Sprintf("every %s (%d)", kind(g.resource), n)}
		}
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b changed) int {
		return cmp.Or(cmp.Compare(a.section(), b.section()), slices.Compare(a.resources, b.resources), cmp.Compare(a.text, b.text))
	})
	return out
}

// section sorts changes of all resources of a type before the others.
func (c changed) section() int {
	if strings.HasPrefix(c.resources[0], "every ") {
		return 0
	}
	return 1
}
