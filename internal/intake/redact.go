package intake

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"ephemr/internal/pipeline"
)

// A rejected message may be anything: a request in the envelope of another service,
// whose quotes are escaped once or several times, or text that is not JSON.
const separator = `(?:\\+u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|[^a-zA-Z0-9])+`

var (
	// namesPipeline finds the names of pipelines.
	namesPipeline = regexp.MustCompile(`(?i:pipeline)` + separator + `([a-z0-9-]+)`)
	// declaresSensitive finds the sensitive params of a pipeline that is part of a request.
	declaresSensitive = regexp.MustCompile(`(?i)sensitive` + separator + `true`)
	// encoded finds what may be base64, as services encode the data of records.
	encoded = regexp.MustCompile(`[A-Za-z0-9+/]{16,}`)
)

// mostNames is how many names of pipelines are looked up for a message.
const mostNames = 50

// redacted returns the body of a rejected message, or the input of an execution,
// without its values if it names or contains a pipeline with sensitive params. Then it
// is hidden: the original must not be stored.
func redacted(ctx context.Context, known Pipelines, body string) (text string, hidden bool, err error) {
	if hidden, err = sensitive(ctx, known, body); err != nil || !hidden {
		return body, false, err
	}
	return mask(body), true, nil
}

// sensitive reports whether body may contain values of sensitive params.
func sensitive(ctx context.Context, known Pipelines, body string) (bool, error) {
	for _, s := range encoded.FindAllString(body, -1) {
		if data, err := base64.RawStdEncoding.DecodeString(s); err == nil {
			body += "\n" + string(data)
		}
	}
	names := named(body)
	if len(names) > mostNames || declaresSensitive.MatchString(body) {
		return true, nil
	}
	for _, name := range names {
		v, err := known.Current(ctx, name)
		if err != nil || v != nil && len(v.Spec.Sensitive()) > 0 {
			return true, err
		}
	}
	return false, nil
}

// named returns the names of pipelines in text.
func named(text string) (names []string) {
	for _, m := range namesPipeline.FindAllStringSubmatch(text, -1) {
		if name := m[1]; pipeline.ValidName(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
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
	for key, value := range parts {
		if !slices.Contains(plainKeys, key) || strings.ContainsAny(string(value[:1]), "{[") {
			parts[key] = json.RawMessage(`"` + pipeline.Hidden + `"`)
		}
	}
	data, err := json.Marshal(parts)
	if err != nil {
		return pipeline.Hidden
	}
	return string(data)
}
