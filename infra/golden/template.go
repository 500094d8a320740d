// Package golden renders CloudFormation templates for golden files: short, stable and readable, so that a review shows
// what a change deploys. One stage is kept as a whole, the others as their differences from it.
package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Options configure what Normalise replaces.
type Options struct {
	Stage     string            // replaced by <stage> in names, tags and descriptions
	Account   string            // of a stage that pins it; replaced by ${AWS::AccountId}
	Region    string            // of a stage that pins it; replaced by ${AWS::Region}
	Assets    map[string]string // SHA-256 of an asset, which changes with every build -> name
	Documents map[string]string // long value -> name of the file that contains it
}

// Template is a normalised template: maps, slices, strings, integers and booleans.
type Template map[string]any

// Normalise makes a template readable:
//
//   - references are text, as in Fn::Sub: ${Runs.Arn}, and ${lake:Raw.Arn} for another stack's
//   - logical ids have no hashes, unless two would be equal
//   - hashes of assets and the stage's name are placeholders
//   - JSON in strings is decoded; a document that occurs several times moves to the section Documents
//   - tags are a map, and so are the statements of policies: see statements
func Normalise(template []byte, o Options) (Template, error) {
	decoder := json.NewDecoder(bytes.NewReader(template))
	decoder.UseNumber()
	var t map[string]any
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("decode template: %w", err)
	}
	n := normaliser{Options: o, ids: shortIDs(t, o), seen: map[string]int{}}
	n.object(t, nil) // counts documents
	n.documents = map[string]any{}
	out := n.object(t, nil)
	if len(n.documents) > 0 {
		out["Documents"] = n.documents
	}
	return out, nil
}

type normaliser struct {
	Options
	ids       map[string]string // logical id -> short one
	seen      map[string]int    // JSON document -> how often it occurs
	documents map[string]any    // those that occur several times, by the key that they stand at; nil while they are counted
}

// hashes at the end of a logical id: CDK appends 8 digits for each construct's path in it.
var hashes = regexp.MustCompile(`([0-9A-F]{8})+$`)

func shortIDs(t map[string]any, o Options) map[string]string {
	ids, users := map[string]string{}, map[string]int{}
	resources, _ := t["Resources"].(map[string]any)
	for id := range resources {
		short := strings.ReplaceAll(hashes.ReplaceAllString(id, ""), "ephemr"+o.Stage, "ephemr<stage>")
		ids[id] = short
		users[short]++
	}
	maps.DeleteFunc(ids, func(_, short string) bool { return users[short] > 1 })
	return ids
}

func (n *normaliser) id(id string) string {
	if short, ok := n.ids[id]; ok {
		return short
	}
	return id
}

// value normalises v, which stands at path: the keys that lead to it.
func (n *normaliser) value(v any, path []string) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := n.reference(v); ok {
			return n.text(text, path)
		}
		return n.object(v, path)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = n.value(v[i], path)
		}
		switch path[len(path)-1] {
		case "Tags":
			return tags(list)
		case "Statement":
			return statements(list)
		}
		return list
	case string:
		return n.text(v, path)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64() // JSON has no other numbers
		return f
	}
	return v
}

// object normalises m, in the order of its keys.
func (n *normaliser) object(m map[string]any, path []string) map[string]any {
	out := make(map[string]any, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out[n.id(key)] = n.value(m[key], append(slices.Clone(path), key))
	}
	return out
}

// tags returns a list of {Key, Value} as a map, and anything else as it is.
func tags(list []any) any {
	tags := map[string]any{}
	for _, item := range list {
		tag, _ := item.(map[string]any)
		key, isTag := tag["Key"].(string)
		if !isTag || len(tag) != 2 {
			return list
		}
		tags[key] = tag["Value"]
	}
	return tags
}

// reference renders an intrinsic function as text; false if m is something else.
func (n *normaliser) reference(m map[string]any) (string, bool) {
	if len(m) != 1 {
		return "", false
	}
	for name, argument := range m {
		switch argument := argument.(type) {
		case string:
			switch name {
			case "Ref":
				return "${" + n.id(argument) + "}", true
			case "Fn::Sub":
				return argument, true
			}
		case []any:
			switch name {
			case "Fn::GetAtt":
				return fmt.Sprintf("${%s.%v}", n.id(fmt.Sprint(argument[0])), argument[1]), true
			case "Fn::Join":
				return n.join(argument)
			}
		}
	}
	return "", false
}

func (n *normaliser) join(argument []any) (string, bool) {
	separator, isText := argument[0].(string)
	items, isList := argument[1].([]any)
	if !isText || !isList {
		return "", false
	}
	parts := make([]string, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case string:
			parts[i] = item
		case map[string]any:
			part, ok := n.reference(item)
			if !ok {
				return "", false
			}
			parts[i] = part
		}
	}
	return strings.Join(parts, separator), true
}

var digest = regexp.MustCompile(`[0-9a-f]{64}(\.[0-9a-f]{64})?`)

// text shortens a string, or decodes the JSON object in it.
func (n *normaliser) text(s string, path []string) any {
	if file, ok := n.Documents[s]; ok {
		return "<" + file + ">"
	}
	if short, ok := n.ids[s]; ok {
		return short
	}
	if document := decode(s); document != nil {
		return n.document(s, document, path)
	}
	s = digest.ReplaceAllStringFunc(s, func(hash string) string {
		if name := n.Assets[hash[:64]]; name != "" {
			return "<asset " + name + ">"
		}
		return "<asset>"
	})
	return n.withoutStage(s)
}

func (n *normaliser) document(s string, decoded map[string]any, path []string) any {
	document := n.object(decoded, path)
	if n.documents == nil {
		n.seen[s]++
	}
	if n.seen[s] < 2 || n.documents == nil {
		return document
	}
	name := path[len(path)-1]
	n.documents[name] = document
	return "<document " + name + ">"
}

func decode(s string) map[string]any {
	if !strings.HasPrefix(s, "{") {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(s))
	decoder.UseNumber()
	var document map[string]any
	if decoder.Decode(&document) != nil {
		return nil
	}
	return document
}

// withoutStage replaces names of the stage, and its account and Region if they are pinned.
func (n *normaliser) withoutStage(s string) string {
	if s == n.Stage {
		return "<stage>"
	}
	var pairs []string
	for _, before := range []string{"ephemr-", "ephemr_", "/ephemr/", "stage ", "the "} {
		pairs = append(pairs, before+n.Stage, before+"<stage>")
	}
	if n.Account != "" {
		pairs = append(pairs, n.Account, "${AWS::AccountId}")
	}
	if n.Region != "" {
		pairs = append(pairs, "arn:aws:", "arn:${AWS::Partition}:", n.Region, "${AWS::Region}")
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
