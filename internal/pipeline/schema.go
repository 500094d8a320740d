package pipeline

import (
	"encoding/json"
	"reflect"
	"strings"
)

//go:generate go test -run TestSchemaIsCurrent . -update

// Schema returns the JSON schema of pipeline files, for editors. It is made
// from the Go types; what they cannot say is in hints. It knows shapes only:
// ephemr apply checks more.
func Schema() ([]byte, error) {
	s := schemaOf(reflect.TypeFor[Spec](), "")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "ephemr pipeline"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// schema is a JSON schema; json.Marshal sorts its keys.
type schema map[string]any

// hints are added to the schema of a field, by its path in the file.
func hints() map[string]schema {
	name := schema{"pattern": namePattern.String()}
	return map[string]schema{
		"":                        {"required": []string{"pipeline", "cluster", "jobs"}},
		"pipeline":                name,
		"owner":                   {"format": "email", "description": "who is told, as \"owner\" under notify"},
		"team":                    name,
		"triggers.schedule":       {"description": "5 cron fields: minute hour day month weekday"},
		"triggers.timezone":       {"description": "IANA name, e.g. Europe/Lisbon; default UTC"},
		"triggers.s3":             {"required": []string{"bucket"}},
		"triggers.s3.bucket":      {"description": "zone of the lake, e.g. raw"},
		"params.default":          {"description": "none = the param is required"},
		"params.allowed":          {"description": "none = anything"},
		"cluster":                 {"required": []string{"profile"}},
		"cluster.pool":            {"pattern": namePattern.String(), "description": "take a cluster from this pool, or make one, and leave it there"},
		"cluster.keepAlive":       {"description": "how long a cluster waits for the next run, 2m to 24h; without pool: in one named like the pipeline"},
		"cluster.stepConcurrency": {"minimum": 1, "maximum": maxSteps},
		"limits.maxActive":        {"minimum": 0, "maximum": maxActive, "description": "runs at a time"},
		"limits.deadline":         {"description": "from admission to the end of the run"},
		"limits.cost":             {"pattern": costPattern.String()},
		"jobs":                    {"minItems": 1, "maxItems": maxJobs},
		"jobs[]":                  {"required": []string{"name", "type"}},
		"jobs.name":               name,
		"jobs.type":               {"enum": types()},
		"jobs.source":             {"description": "directory or file, relative to the project"},
		"jobs.include":            {"description": "files and directories of the project that are packaged with it, under their own paths"},
		"jobs.entry":              {"description": "file inside source that is run"},
		"jobs.args":               {"description": "templates, e.g. {{.LogicalDate}}"},
		"jobs.retries":            {"minimum": 0, "maximum": maxRetries},
		"jobs.timeout":            {"description": "of each attempt"},
		"jobs.resize":             {"required": []string{"task"}, "description": "what its cluster has while the job is tried"},
		"jobs.resize.task":        {"minimum": 1, "maximum": maxUnits, "description": "task units, at least"},
		"checks[]":                {"required": []string{"dataset"}},
		"checks.rows":             {"description": "comparison, e.g. \">= 1000\""},
		"checks.freshness":        {"description": "the newest object is at most this old"},
		"priority":                {"minimum": 0, "maximum": maxPriority},
	}
}

func schemaOf(t reflect.Type, at string) schema {
	s := shapeOf(t, at)
	for k, v := range hints()[at] {
		s[k] = v
	}
	return s
}

func shapeOf(t reflect.Type, at string) schema {
	if t == reflect.TypeFor[Duration]() {
		return schema{"type": "string", "pattern": `^([0-9.]+(ms|s|m|h))+$`}
	}
	switch t.Kind() { //nolint:exhaustive // the kinds that Spec is made of
	case reflect.Pointer:
		return shapeOf(t.Elem(), at)
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Slice:
		items := shapeOf(t.Elem(), at)
		for k, v := range hints()[at+"[]"] {
			items[k] = v
		}
		return schema{"type": []string{"array", "null"}, "items": items}
	case reflect.Map:
		return schema{"type": []string{"object", "null"}, "additionalProperties": shapeOf(t.Elem(), at)}
	case reflect.Struct:
		return schema{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties(t, at)}
	default:
		return schema{"type": []string{"string", "number", "boolean"}} // 5 serves as "5"
	}
}

func properties(t reflect.Type, at string) schema {
	all := schema{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "package" && at+"."+name != "cluster.id" { // what only ephemr itself fills in
			all[name] = schemaOf(t.Field(i).Type, strings.TrimPrefix(at+"."+name, "."))
		}
	}
	return all
}
