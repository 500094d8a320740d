package intake

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"ephemr/internal/pipeline"
)

// namesPipeline finds the name of the pipeline in text that is not JSON.
var namesPipeline = regexp.MustCompile(`"pipeline"\s*:\s*"([a-z0-9-]+)"`)

// redacted returns the body of a rejected message, or the input of an execution,
// without the values of the sensitive params of the pipeline that it names or
// contains. Hidden reports whether there are such params: then the original must
// not be stored.
func redacted(ctx context.Context, known Pipelines, body string) (text string, hidden bool, err error) {
	names, err := sensitiveNames(ctx, known, body)
	if len(names) == 0 || err != nil {
		return body, false, err
	}
	return mask(body), true, nil
}

// sensitiveNames are the sensitive params of the pipeline that body is about.
func sensitiveNames(ctx context.Context, known Pipelines, body string) ([]string, error) {
	var q struct {
		Pipeline string `json:"pipeline"`
		Spec     struct {
			Params map[string]struct {
				Sensitive bool `json:"sensitive"`
			} `json:"params"`
		} `json:"spec"`
	}
	_ = json.Unmarshal([]byte(body), &q) // what can be read of it
	if m := namesPipeline.FindStringSubmatch(body); q.Pipeline == "" && m != nil {
		q.Pipeline = m[1]
	}
	var names []string
	for name, p := range q.Spec.Params {
		if p.Sensitive {
			names = append(names, name)
		}
	}
	if !pipeline.ValidName(q.Pipeline) {
		return names, nil
	}
	v, err := known.Current(ctx, q.Pipeline)
	if v == nil || err != nil {
		return names, err
	}
	return append(names, v.Spec.Sensitive()...), nil
}

// plainKeys are the keys of requests and executions whose values are shown.
var plainKeys = []string{"requestId", "runId", "pipeline", "user", "logicalTime", "logicalDate", "priority"}

// mask hides everything in body but the values of plainKeys: a value may stand under
// a misspelled key.
func mask(body string) string {
	var parts map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &parts) != nil {
		return pipeline.Hidden
	}
	for key := range parts {
		if !slices.Contains(plainKeys, key) {
			parts[key] = json.RawMessage(`"` + pipeline.Hidden + `"`)
		}
	}
	data, err := json.Marshal(parts)
	if err != nil {
		return pipeline.Hidden
	}
	return string(data)
}
