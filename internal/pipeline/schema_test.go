package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// TestSchemaIsCurrent holds the schema for editors to the Go types.
func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(reflectSchema(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "zz_generated.schema.json", append(got, '\n'))
}

// reflectSchema makes the schema from the Go types. It knows shapes only:
// ephemr apply checks more.
func reflectSchema(t *testing.T) *invopop.Schema {
	t.Helper()
	r := invopop.Reflector{
		Anonymous: true, DoNotReference: true, RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *invopop.Schema {
			if t == reflect.TypeFor[pipeline.Duration]() {
				return &invopop.Schema{Pattern: `^([0-9]+d|([0-9.]+(ms|s|m|h))+)$`, Extras: map[string]any{"type": "string"}}
			}
			if t == reflect.TypeFor[pipeline.Bytes]() {
				return &invopop.Schema{Pattern: `^[0-9]+(\.[0-9]+)? ?([kKMGTPE]i?)?B?$`, Extras: map[string]any{"type": []string{"string", "integer"}}}
			}
			if t == reflect.TypeFor[pipeline.Texts]() {
				return &invopop.Schema{Items: &invopop.Schema{Type: "string"}, Extras: map[string]any{"type": []string{"array", "string", "null"}}}
			}
			return nil
		},
	}
	for _, dir := range []string{".", "../job"} {
		if err := r.AddGoComments("ephemr/internal/pipeline", dir); err != nil {
			t.Fatal(err)
		}
	}
	maps.DeleteFunc(r.CommentMap, func(name, _ string) bool { return strings.Count(path.Base(name), ".") == 1 }) // of types
	s := r.Reflect(pipeline.Spec{})
	s.Title = "ephemr pipeline"
	loosen(s)
	abbreviate(s, "jobs", "retryDelay")
	jobs, _ := s.Properties.Get("jobs")
	secrets, _ := jobs.Items.Properties.Get("secrets")
	secrets.AdditionalProperties.Extras = map[string]any{"type": []string{"object", "string", "number", "boolean"}}
	waitFor, _ := s.Properties.Get("waitFor")
	objects, _ := waitFor.Properties.Get("objects")
	objects.Extras = map[string]any{"type": []string{"array", "string"}}
	return s
}

// abbreviate lets a table in a list be written as a duration.
func abbreviate(s *invopop.Schema, list, key string) {
	all, _ := s.Properties.Get(list)
	table, _ := all.Items.Properties.Get(key)
	table.Pattern = `^([0-9.]+(ms|s|m|h))+$`
	table.Extras = map[string]any{"type": []string{"object", "string", "null"}}
}

// loosen lets s take what the parser takes: a table or list without content is
// null in YAML, and 5 serves as "5".
func loosen(s *invopop.Schema) {
	types := map[string][]string{"object": {"object", "null"}, "array": {"array", "null"}, "string": {"string", "number", "boolean"}}
	if more, ok := types[s.Type]; ok {
		s.Type, s.Extras = "", map[string]any{"type": more}
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

// TestSchemaHasTheBoundsOfTheRules holds the bounds in the tags to those that
// the parser knows: at each bound and beside it, both say the same.
func TestSchemaHasTheBoundsOfTheRules(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	const jobs = "jobs: [{name: a, type: bash, source: a}]\n"
	head := func(rest string) string { return "pipeline: p\ncluster: {profile: small}\n" + rest }
	numbers := map[string]struct {
		file      string
		good, bad [2]int
	}{
		"priority":        {head(jobs + "priority: %d\n"), [2]int{0, 9}, [2]int{-1, 10}},
		"maxActive":       {head(jobs + "limits: {maxActive: %d}\n"), [2]int{0, 1000}, [2]int{-1, 1001}},
		"stepConcurrency": {"pipeline: p\ncluster: {profile: small, stepConcurrency: %d}\n" + jobs, [2]int{1, 256}, [2]int{-1, 257}}, // the parser takes 0 for the default
		"retries":         {head("jobs: [{name: a, type: bash, source: a, retries: %d}]\n"), [2]int{0, 10}, [2]int{-1, 11}},
		"resize.task":     {head("jobs: [{name: a, type: bash, source: a, resize: {task: %d}}]\n"), [2]int{1, 1000}, [2]int{0, 1001}},
	}
	for name, n := range numbers {
		for i := range 2 {
			agree(t, schema, fmt.Sprintf("%s: %d", name, n.good[i]), fmt.Sprintf(n.file, n.good[i]), true)
			agree(t, schema, fmt.Sprintf("%s: %d", name, n.bad[i]), fmt.Sprintf(n.file, n.bad[i]), false)
		}
	}
	for count, want := range map[int]bool{0: false, 200: true, 201: false} {
		var b strings.Builder
		for i := range count {
			fmt.Fprintf(&b, "{name: j%d, type: bash, source: a}, ", i)
		}
		agree(t, schema, fmt.Sprintf("%d jobs", count), head("jobs: ["+b.String()+"]\n"), want)
	}
	names, notNames := []string{"a", "a-1", strings.Repeat("a", 40)}, []string{"A", "1a", "a_b", strings.Repeat("a", 41)}
	var types []string
	for t := range job.Kinds {
		if t != job.Quality { // written as checks
			types = append(types, string(t))
		}
	}
	texts := map[string]struct {
		file string
		good []string
		bad  []string
	}{
		"pipeline":   {"pipeline: %s\ncluster: {profile: small}\n" + jobs, names, notNames},
		"team":       {head(jobs + "team: %s\n"), names, notNames},
		"pool":       {"pipeline: p\ncluster: {profile: small, pool: %s, keepAlive: 5m}\n" + jobs, names, notNames},
		"job":        {head("jobs: [{name: %s, type: bash, source: a}]\n"), names, notNames},
		"background": {head("jobs: [{name: a, type: bash, source: a, background: %s}]\n"), []string{"fail", "wait", "kill"}, []string{"ignore", "Wait"}},
		"type":       {head("jobs: [{name: a, type: %s, source: a}]\n"), types, []string{"quality", "python", "Bash"}},
	}
	for name, n := range texts {
		for _, value := range n.good {
			agree(t, schema, name+": "+value, fmt.Sprintf(n.file, value), true)
		}
		for _, value := range n.bad {
			agree(t, schema, name+": "+value, fmt.Sprintf(n.file, value), false)
		}
	}
}

// agree checks that the schema and the parser both take the file, or both not.
func agree(t *testing.T, schema *jsonschema.Schema, name, file string, want bool) {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); (err == nil) != want {
		t.Errorf("%s: schema: %v", name, err)
	}
	if _, err := pipeline.Parse("p.yaml", []byte(file)); (err == nil) != want {
		t.Errorf("%s: parser: %v", name, err)
	}
}
