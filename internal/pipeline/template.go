package pipeline

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

// compile reads a template; its funcs belong to c.
func compile(text string, c Context) (*template.Template, error) {
	if len(text) > maxRendered {
		return nil, errTooLong
	}
	t, err := template.New("").Option("missingkey=error").Funcs(c.funcs()).Parse(text)
	if err != nil {
		return nil, explainTemplate(err)
	}
	return t, nil
}

// render fills in a template; hive says that its values become text of Hive.
func render(text string, c Context, data map[string]any, hive bool) (string, error) {
	out := text
	if isTemplate(text) {
		t, err := compile(text, c)
		if err != nil {
			return "", err
		}
		if hive {
			escapeForHive(t)
		}
		var w limitedWriter
		if err := t.Execute(&w, data); err != nil {
			return "", explainTemplate(err)
		}
		out = w.String()
	}
	if len(out) > maxRendered {
		return "", errTooLong
	}
	if strings.ContainsRune(out, 0) {
		return "", errors.New("contains a NUL character; correct the value it comes from")
	}
	return out, nil
}

// limitedWriter stops a template whose output exceeds the limit.
type limitedWriter struct{ strings.Builder }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.Len()+len(p) > maxRendered {
		return 0, errTooLong
	}
	return w.Builder.Write(p)
}

var (
	templatePrefix = regexp.MustCompile(`^template: :\d+(:\d+)?: `)
	execPrefix     = regexp.MustCompile(`^executing "" at <(.*?)>: `)
	noEntry        = regexp.MustCompile(`map has no entry for key "([^"]*)"`)
	noFunction     = regexp.MustCompile(`function "([^"]*)" not defined`)
)

// explainTemplate rewrites errors of text/template for authors of pipelines.
func explainTemplate(err error) error {
	if errors.Is(err, errTooLong) {
		return errTooLong
	}
	msg := templatePrefix.ReplaceAllString(err.Error(), "")
	where := ""
	if m := execPrefix.FindStringSubmatch(msg); m != nil {
		where = "{{" + m[1] + "}}: "
		msg = strings.TrimPrefix(msg, m[0])
	}
	if m := noEntry.FindStringSubmatch(msg); m != nil {
		return fmt.Errorf("%s%s", where, missingEntry(where, m[1]))
	}
	if m := noFunction.FindStringSubmatch(msg); m != nil {
		return unknownFunction(m[1])
	}
	if strings.Contains(msg, "bad character U+002D '-'") {
		return errors.New(`a name with a dash cannot follow a dot; write {{output "job-name" "key"}}`)
	}
	return fmt.Errorf("%s%s; correct the template", where, msg)
}

func missingEntry(where, key string) string {
	switch {
	case strings.Contains(where, ".Trigger") && key == "Objects":
		return fmt.Sprintf("this run's trigger has no Objects: it has more than %d, one of them has a comma in its key, or it is not of S3; use {{.Trigger.Manifest}}", MaxTriggerObjects)
	case strings.Contains(where, ".Trigger"):
		return fmt.Sprintf("this run's trigger has no %s; where it may be missing, write {{index .Trigger %[1]q | default \"…\"}}", key)
	case strings.Contains(where, ".Vars"):
		return fmt.Sprintf("the stage has no variable %s; add it to vars in the stage's file, or correct the name", key)
	case strings.Contains(where, ".Jobs"):
		return fmt.Sprintf("%s does not exist; the job must write it to the file in $EPHEMR_OUTPUT and be listed in needs", key)
	default:
		return fmt.Sprintf("this run has no %s; correct the name or pass a value", key)
	}
}
