package pipeline_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ephemr/internal/pipeline"
)

func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	got, err := pipeline.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "zz_generated.schema.json", got)
}

// TestSchemaAgrees holds the schema to the parser: what one takes, the other
// takes, and faults of shape are found by both.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	for _, file := range glob(t, "testdata/valid/*.yaml") {
		if err := schema.Validate(document(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, name := range []string{"unknown-key", "wrong-kinds", "names", "numbers", "job-types", "list-instead-of-table", "nothing-in-it"} {
		file := filepath.Join("testdata", "broken", name+".yaml")
		if err := schema.Validate(document(t, file)); err == nil {
			t.Errorf("%s: the schema finds no fault", file)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, "zz_generated.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document reads YAML the way an editor does.
func document(t *testing.T, file string) any {
	t.Helper()
	b, err := yaml.YAMLToJSON(read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
