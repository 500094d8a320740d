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
	var parts map[string]json.RawMessage
	var named struct {
		Pipeline string `json:"pipeline"`
		Spec     struct {
			Params map[string]struct {
				Sensitive bool `json:"sensitive"`
			} `json:"params"`
		} `json:"spec"`
	}
	broken := json.Unmarshal([]byte(body), &parts) != nil
	_ = json.Unmarshal([]byte(body), &named) // what can be read of it
	if m := namesPipeline.FindStringSubmatch(body); broken && m != nil {
		named.Pipeline = m[1]
	}
	var names []string
	for name, p := range named.Spec.Params {
		if p.Sensitive {
			names = append(names, name)
		}
	}
	if pipeline.ValidName(named.Pipeline) {
		v, err := known.Current(ctx, named.Pipeline)
		if err != nil {
			return "", false, err
		}
		if v != nil {
			names = append(names, v.Spec.Sensitive()...)
		}
	}
	if len(names) == 0 {
		return body, false, nil
	}
	var params map[string]json.RawMessage
	if broken || len(parts["params"]) > 0 && json.Unmarshal(parts["params"], &params) != nil {
		return pipeline.Hidden, true, nil
	}
	for name := range params {
		if slices.Contains(names, name) {
			params[name] = json.RawMessage(`"` + pipeline.Hidden + `"`)
		}
	}
	if params != nil {
		if parts["params"], err = json.Marshal(params); err != nil {
			return "", true, err
		}
	}
	data, err := json.Marshal(parts)
	return string(data), true, err
}
