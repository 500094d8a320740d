package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// Holds reports whether the named job's condition is true; without one it is.
func (s Spec) Holds(name string, c Context) (bool, error) {
	i := slices.IndexFunc(s.Jobs, func(j Job) bool { return j.Name == name })
	if i < 0 || s.Jobs[i].If == "" {
		return true, nil
	}
	at := &place{text: "jobs[" + name + "].if"}
	text, err := render(s.Jobs[i].If, c, c.data(), false)
	if err != nil {
		return false, fmt.Errorf("pipeline %s: render %s: %w", s.Name, at, c.hide(err))
	}
	switch strings.TrimSpace(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, c.hide(fmt.Errorf("pipeline %s: render %s: it yields %q, which is neither true nor false", s.Name, at, text))
}

// needless reports whether a job will not run whatever happens, because its condition
// depends on no other job and is false. Its values need not be there.
func (s Spec) needless(j Job, c Context) bool {
	refs := &references{rules: newRules(s, &faults{}, nil)}
	if refs.templateFaults(j.If); refs.usesJobs {
		return false
	}
	holds, err := s.Holds(j.Name, c)
	return err == nil && !holds
}

// conditions checks what jobs say in if.
func (r *rules) conditions() {
	jobs := r.spec.AllJobs()
	for i, j := range r.spec.Jobs {
		refs := &references{rules: r, job: j.Name, needs: upstream(jobs, j.Name)}
		if a := j.Approve; a != nil {
			r.compileAll([]field{{at: root("jobs").index(i).key("approve").key("message"), get: a.Message}}, refs)
		}
		if j.If == "" {
			continue
		}
		p := root("jobs").index(i).key("if")
		msgs := refs.templateFaults(j.If)
		if len(msgs) == 0 {
			msgs = refs.conditionFaults(j.If)
		}
		for _, msg := range msgs {
			r.fault(p, "%s", msg)
		}
	}
}

const conditionExample = `'{{eq .Params.country "pt"}}'`

// conditionFaults returns why a template, in which nothing else is wrong, may yield
// something else than true or false.
func (r *references) conditionFaults(text string) []string {
	if !isTemplate(text) {
		return plainFaults(text)
	}
	t, err := compile(text, Context{})
	if err != nil || t.Tree == nil {
		return []string{"a condition yields true or false; write a template that compares, like " + conditionExample}
	}
	answer, msg := onlyAnswer(t.Root)
	if msg != "" {
		return []string{msg}
	}
	v := r.pipe(answer.Pipe, true)
	if v.kind == boolValue || v.isFlag() {
		return nil
	}
	kind := string(v.kind)
	if v.kind == anyValue {
		kind = "a value of unknown type"
	}
	return []string{fmt.Sprintf("a condition yields true or false, and %s is %s; compare it, like %s", strings.Trim(answer.String(), "{}"), kind, conditionExample)}
}

// plainFaults returns why a text that is not a template is no condition.
func plainFaults(text string) []string {
	if plain := strings.TrimSpace(text); plain == "true" || plain == "false" {
		return nil
	}
	return []string{fmt.Sprintf("%q is neither true nor false; write a template that compares, like %s", text, conditionExample)}
}

// onlyAnswer returns the one action of a template that yields a value, or why there is no such action.
func onlyAnswer(root *parse.ListNode) (answer *parse.ActionNode, msg string) {
	var answers []*parse.ActionNode
	for _, n := range root.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				answers = append(answers, n)
			}
			continue
		case *parse.TextNode:
			if strings.TrimSpace(string(n.Text)) == "" {
				continue
			}
		case *parse.CommentNode:
			continue
		}
		return nil, "a condition is one comparison, without text or {{if}} around it; write it like " + conditionExample + ", and combine several with and, or, not"
	}
	if len(answers) != 1 {
		return nil, fmt.Sprintf("a condition yields one value, and this template yields %d; write one comparison, like %s", len(answers), conditionExample)
	}
	return answers[0], ""
}

// isFlag reports whether the value is a param that is "true" or "false" and nothing else.
func (v value) isFlag() bool {
	return v.param != nil && len(v.param.Allowed) > 0 &&
		!slices.ContainsFunc(v.param.Allowed, func(s string) bool { return s != "true" && s != "false" })
}
