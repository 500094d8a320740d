package pipeline

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// DecodeJSON fills into, a pointer to a struct, from a JSON object that another
// system wrote. Unlike encoding/json it reports unknown keys, keys in another
// case, duplicate keys, null, and values of another type, all at once, each as
// an *Error with its path. Fields of type json.RawMessage are not looked into.
func DecodeJSON(data []byte, into any) error {
	f := &faults{at: map[string]position{}, tainted: map[string]bool{}}
	root, err := readJSON(data)
	switch {
	case err != nil:
		f.addAt(position{}, nil, "%v", err)
	case root.kind != mapNode:
		f.addAt(position{}, nil, "expected a JSON object, found %s", root.kind)
	default:
		(&decoder{faults: f, strict: true}).value(nil, root, reflect.New(reflect.TypeOf(into).Elem()).Elem())
	}
	if err := f.err(); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	return nil
}

var rawMessage = reflect.TypeFor[json.RawMessage]()
