package pipeline

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// WaitFor is what a run waits for before it acquires capacity.
type WaitFor struct {
	Objects Texts    `json:"objects" jsonschema:"required"` // s3:// addresses of objects, or of prefixes with a slash at the end; templates
	Timeout Duration `json:"timeout" jsonschema:"required"` // the run fails if an object does not exist by then
}

const (
	maxWaitObjects = 10
	maxWait        = 6 * 24 * time.Hour // the state of the workflow times out after 7 days
)

var objectPattern = regexp.MustCompile(`^s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)$`)

// waitFields are the fields that may be used in waitFor: there are no jobs yet.
var waitFields = slices.DeleteFunc(slices.Concat(textFields, tableFields), func(name string) bool { return name == "Jobs" })

func fieldsOfWaitFor(w *WaitFor) []field {
	if w == nil {
		return nil
	}
	var all []field
	for i := range w.Objects {
		all = append(all, field{at: root("waitFor").key("objects").index(i), get: w.Objects[i], set: func(s string) { w.Objects[i] = s }})
	}
	return all
}

func (r *rules) waitFor() {
	w := r.spec.WaitFor
	if w == nil {
		return
	}
	p := root("waitFor")
	if len(w.Objects) == 0 {
		r.fault(p.key("objects"), "nothing to wait for; add an address (example: s3://bucket/prefix/_SUCCESS)")
	}
	r.atMost(p.key("objects"), "objects to wait for", len(w.Objects), maxWaitObjects)
	for i, uri := range w.Objects {
		at := p.key("objects").index(i)
		if slices.Contains(w.Objects[:i], uri) {
			r.fault(at, "duplicate %q; remove one", uri)
		}
		if isTemplate(uri) && !strings.HasPrefix(uri, "s3://") && !strings.HasPrefix(uri, "{{") {
			r.fault(at, "invalid address %q: must begin with s3:// or {{.Lake.<zone>}}/", uri)
		}
		if !isTemplate(uri) {
			checkObject(at, uri, r.fault)
		}
	}
	if w.Timeout == 0 {
		r.fault(p.key("timeout"), "no timeout; add one (example: timeout: 4h)")
	} else {
		r.duration(p.key("timeout"), w.Timeout, time.Minute, maxWait)
	}
}

func checkObject(p *place, uri string, fault report) {
	switch m := objectPattern.FindStringSubmatch(uri); {
	case m == nil:
		fault(p, "invalid address %q (examples: s3://bucket/prefix/_SUCCESS, s3://bucket/prefix/)", uri)
	case strings.ContainsAny(m[2], "*?"):
		fault(p, "%q contains a pattern, but addresses are literal; end a prefix with a slash", uri)
	case len(m[2]) > 1024:
		fault(p, "the key has %d bytes; S3 takes 1024", len(m[2]))
	}
}

func (r *rules) waitForTemplates() {
	r.compileAll(fieldsOfWaitFor(r.spec.WaitFor), &references{rules: r, only: waitFields})
}

// RenderWaitFor returns the addresses that the run waits for. They are in zones of the
// lake, the only buckets that the control plane may list.
func (s Spec) RenderWaitFor(c Context) ([]string, error) {
	if s.WaitFor == nil {
		return nil, nil
	}
	w := WaitFor{Objects: slices.Clone(s.WaitFor.Objects)}
	if err := s.fill(root("waitFor"), fieldsOfWaitFor(&w), c); err != nil {
		return nil, err
	}
	var errs []error
	for i, uri := range w.Objects {
		fault := func(p *place, format string, args ...any) {
			errs = append(errs, c.hide(fmt.Errorf("pipeline %s: render %s: %s", s.Name, p, fmt.Sprintf(format, args...))))
		}
		at := root("waitFor").key("objects").index(i)
		checkObject(at, uri, fault)
		inLake := false
		for _, zone := range c.Lake {
			inLake = inLake || strings.HasPrefix(uri, zone+"/")
		}
		if !inLake && objectPattern.MatchString(uri) {
			fault(at, "%s is not in a zone of the lake; write {{.Lake.<zone>}}/… with one of %s", uri, strings.Join(sorted(c.Lake), ", "))
		}
	}
	return w.Objects, errors.Join(errs...)
}
