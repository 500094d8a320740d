package emrmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// SerializationError is a body that does not fit the operation's types.
// Its text can be empty, as AWS's is for a body that is not JSON.
type SerializationError struct{ Text string }

func (e *SerializationError) Error() string { return e.Text }

// ConstraintError lists the constraints that a request does not satisfy.
type ConstraintError struct{ Violations []string }

func (e *ConstraintError) Error() string {
	noun := "error"
	if len(e.Violations) > 1 {
		noun = "errors"
	}
	return fmt.Sprintf("%d validation %s detected: %s", len(e.Violations), noun, strings.Join(e.Violations, "; "))
}

// UnknownMemberError is a parameter that the model does not have. AWS ignores it.
type UnknownMemberError struct{ Operation, Path string }

func (e *UnknownMemberError) Error() string {
	return fmt.Sprintf("%s has no parameter %s", e.Operation, e.Path)
}

// Check reads the body of a request and compares it with the model. The error is one of the above.
func Check(operation string, body []byte) error {
	m := load()
	root := m.Operations[operation].Input
	if root == "" {
		return fmt.Errorf("check request: unknown operation %s", operation)
	}
	value, err := decode(body)
	if err != nil {
		return err
	}
	if err := m.checkType(value, root); err != nil {
		return err
	}
	if path := m.unknown(value, root, ""); path != "" {
		return &UnknownMemberError{Operation: operation, Path: path}
	}
	if all := m.violations(value, root, ""); len(all) > 0 {
		return &ConstraintError{Violations: all}
	}
	return nil
}

// decode reads one JSON value; no body is an empty request.
func decode(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, &SerializationError{}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &SerializationError{}
	}
	return value, nil
}

// checkType compares the types of a value and of all below it. null is no value.
func (m model) checkType(value any, name string) error {
	s := m.Shapes[name]
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		return m.checkObject(v, s)
	case []any:
		if s.Type != "list" {
			return &SerializationError{Text: "Start of list found where not expected"}
		}
		for _, item := range v {
			if err := m.checkType(item, s.Member); err != nil {
				return err
			}
		}
		return nil
	default:
		return checkScalar(v, s.Type)
	}
}

func (m model) checkObject(v map[string]any, s shape) error {
	if s.Type != "structure" && s.Type != "map" {
		return &SerializationError{Text: "Start of structure or map found where not expected."}
	}
	for key, item := range v {
		name := s.Value
		if s.Type == "structure" {
			name = s.Members[key]
		}
		if name == "" {
			continue // see unknown
		}
		if err := m.checkType(item, name); err != nil {
			return err
		}
	}
	return nil
}

func checkScalar(v any, want string) error {
	token := "STRING_VALUE"
	fits := want == "string"
	switch v := v.(type) {
	case bool:
		token, fits = strings.ToUpper(fmt.Sprint(v))+"_VALUE", want == "boolean"
	case json.Number:
		token, fits = "NUMBER_VALUE", isNumber(v, want)
	}
	if fits {
		return nil
	}
	if want == "structure" || want == "list" || want == "map" {
		return &SerializationError{Text: "Unexpected field type"}
	}
	return &SerializationError{Text: token + " can not be converted to " + javaName(want)}
}

func isNumber(v json.Number, want string) bool {
	switch want {
	case "integer":
		n, err := v.Int64()
		return err == nil && n == int64(int32(n)) //nolint:gosec // the overflow is what is looked for
	case "long":
		_, err := v.Int64()
		return err == nil
	case "double", "float", "timestamp":
		_, err := v.Float64()
		return err == nil
	default:
		return false
	}
}

// javaName is a type as the texts of AWS's services name it, with its article.
func javaName(kind string) string {
	switch kind {
	case "integer":
		return "an Integer"
	case "timestamp":
		return "milliseconds since epoch"
	default:
		return "a " + strings.ToUpper(kind[:1]) + kind[1:]
	}
}
