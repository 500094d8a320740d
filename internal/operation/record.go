package operation

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"ephemr/internal/audit"
	"ephemr/internal/register"
)

// details are the fields of requests that are recorded. Params are not: they may be sensitive.
var details = []string{"why", "job", "refuse", "kill", "class", "for", "to", "force", "catchup", "cancel", "from", "until", "task", "core", "steps", "only"}

// begin records a request. One that only looks is not recorded.
func (h *Handler) begin(ctx context.Context, op Op, fields map[string]json.RawMessage) (end func(context.Context, error), _ error) {
	if h.Trail == nil || plain(fields["look"]) == "true" {
		return func(context.Context, error) {}, nil
	}
	e := audit.Entry{
		By: cmp.Or(plain(fields["by"]), plain(fields["caller"])), Action: string(op), Pipeline: plain(fields["pipeline"]), RunID: plain(fields["runId"]),
		Target: cmp.Or(plain(fields["clusterId"]), plain(fields["id"])), Detail: map[string]string{},
	}
	for _, name := range details {
		if value := plain(fields[name]); value != "" {
			e.Detail[name] = value
		}
	}
	if op == Silence && e.Detail["for"] == "" {
		e.Action = "unsilence"
	}
	return h.Trail.Begin(ctx, e)
}

// plain is a value of a request as text.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(value))
}

// Applier registers pipelines, and records who has asked for it.
type Applier struct {
	Register *register.Register
	Trail    Trail
}

// Apply makes a pipeline the current version.
func (a *Applier) Apply(ctx context.Context, in register.Input) (register.Output, error) {
	var spec struct {
		Pipeline string `json:"pipeline"`
	}
	_ = json.Unmarshal(in.Spec, &spec) // Apply refuses what is invalid
	end, err := a.Trail.Begin(ctx, audit.Entry{By: in.By, Action: "apply", Pipeline: spec.Pipeline})
	if err != nil {
		return register.Output{}, err
	}
	out, err := a.Register.Apply(ctx, in)
	end(ctx, err)
	return out, err
}
