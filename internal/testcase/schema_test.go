package testcase_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ephemr/internal/pipeline"
	"ephemr/internal/testcase"
)

var update = flag.Bool("update", false, "rewrite the generated file")

const schemaFile = "zz_generated.schema.json"

// TestSchemaIsCurrent holds the schema for editors to the Go types.
func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	r := invopop.Reflector{
		Anonymous: true, DoNotReference: true, RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *invopop.Schema {
			if t == reflect.TypeFor[pipeline.Duration]() {
				return &invopop.Schema{Pattern: `^([0-9]+d|([0-9.]+(ms|s|m|h))+)$`, Extras: map[string]any{"type": "string"}}
			}
			return nil
		},
	}
	if err := r.AddGoComments("ephemr/internal/testcase", "."); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(r.CommentMap, func(name, _ string) bool { return strings.Count(path.Base(name), ".") == 1 }) // of types
	s := r.Reflect(testcase.Definition{})
	s.Title = "ephemr test"
	loosen(s)
	want, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not current (%v); run go generate", schemaFile, err)
	}
}

// loosen takes numbers and booleans for texts, as the parser does.
func loosen(s *invopop.Schema) {
	if s.Type == "string" && len(s.Enum) == 0 {
		s.Type, s.Extras = "", map[string]any{"type": []string{"string", "number", "boolean"}}
	}
	if s.Items != nil {
		loosen(s.Items)
	}
	if s.AdditionalProperties != nil {
		loosen(s.AdditionalProperties)
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		loosen(p.Value)
	}
}

// The tests of this repository are valid, for the parser and for editors.
func TestOwnTestsAreValid(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	files, err := testcase.Find([]string{filepath.Join(root, "tests")})
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	schema := compile(t)
	for _, file := range files {
		if _, err := testcase.Load(file, root); err != nil {
			t.Error(err)
		}
		data, err := os.ReadFile(file) //nolint:gosec // of this checkout
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document(t, data)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := schema.Validate(document(t, []byte("pipeline: a\nexpectation: {}\n"))); err == nil {
		t.Error("the schema takes an unknown key")
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("test.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("test.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document(t *testing.T, data []byte) any {
	t.Helper()
	b, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
