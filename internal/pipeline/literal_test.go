package pipeline_test

import (
	"reflect"
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// evaluated are the texts of a pipeline in which templates are filled in, or that are only shown.
var evaluated = []string{
	"description", "params.x.default", "params.x.description",
	"jobs[0].args[0]", "jobs[0].vars.x", "jobs[0].conf.x", "jobs[0].env.x", "jobs[0].secrets.x.secret", "jobs[0].expect[0]", "checks[0].dataset", "checks[0].partition", "outputs[0]", "checks[0].where", "checks[0].rows", "checks[0].files", "checks[0].freshness",
	"checks[0].range.x.min", "checks[0].range.x.max", "checks[0].relationships.x.dataset", "checks[0].accepted.x[0]", "checks[0].reconcile.dataset",
	"waitFor.objects[0]", "jobs[0].approve.message", "publish.partition.x",
}

// TestEveryText puts a template into each text of a pipeline: it is either filled in or refused.
func TestEveryText(t *testing.T) {
	t.Parallel()
	var paths []string
	texts(nil, "", reflect.TypeFor[pipeline.Spec](), func(path string, set func(root reflect.Value)) {
		paths = append(paths, path)
		s := pipeline.Spec{Name: "demo", Cluster: pipeline.Cluster{Profile: "small"}, Jobs: []pipeline.Job{{Name: "a", Type: job.Bash, Source: "a"}}}
		set(reflect.ValueOf(&s).Elem())
		err := s.Validate()
		refused := err != nil && strings.Contains(err.Error(), path)
		for _, e := range evaluated {
			if e == path && refused {
				t.Errorf("%s is refused: %v", path, err)
			}
			refused = refused || e == path
		}
		if !refused {
			t.Errorf("%s may have a template that is not filled in: %v", path, err)
		}
	})
	if len(paths) < 40 {
		t.Errorf("only %q", paths)
	}
}

// texts calls visit for every text that a type can have, with a function that sets it to a template.
func texts(steps []func(reflect.Value) reflect.Value, path string, of reflect.Type, visit func(string, func(reflect.Value))) {
	next := func(path string, of reflect.Type, step func(reflect.Value) reflect.Value) {
		texts(append(steps[:len(steps):len(steps)], step), strings.TrimPrefix(path, "."), of, visit)
	}
	switch of.Kind() { //nolint:exhaustive // the kinds that Spec is made of
	case reflect.Pointer:
		next(path, of.Elem(), func(v reflect.Value) reflect.Value {
			if v.IsNil() {
				v.Set(reflect.New(of.Elem()))
			}
			return v.Elem()
		})
	case reflect.Struct:
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			next(path+"."+name, of.Field(i).Type, func(v reflect.Value) reflect.Value { return v.Field(i) })
		}
	case reflect.Slice:
		next(path+"[0]", of.Elem(), func(v reflect.Value) reflect.Value {
			if v.Len() == 0 {
				v.Set(reflect.MakeSlice(of, 1, 1))
			}
			return v.Index(0)
		})
	case reflect.String:
		visit(path, func(root reflect.Value) { assign(root, steps, reflect.ValueOf("{{.LogicalDate}}").Convert(of)) })
	case reflect.Map:
		entries(steps, path, of, visit)
	}
}

// entries does the same for the values of a table, all of whose texts are set at once.
func entries(steps []func(reflect.Value) reflect.Value, path string, of reflect.Type, visit func(string, func(reflect.Value))) {
	texts(nil, path+".x", of.Elem(), func(inner string, set func(reflect.Value)) {
		visit(inner, func(root reflect.Value) {
			entry := reflect.New(of.Elem()).Elem()
			set(entry)
			table := reflect.MakeMap(of)
			table.SetMapIndex(reflect.ValueOf("x"), entry)
			assign(root, steps, table)
		})
	})
}

func assign(root reflect.Value, steps []func(reflect.Value) reflect.Value, to reflect.Value) {
	for _, step := range steps {
		root = step(root)
	}
	root.Set(to)
}
