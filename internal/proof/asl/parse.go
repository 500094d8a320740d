package asl

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const (
	invokeResource = "arn:aws:states:::lambda:invoke"
	tokenResource  = invokeResource + ".waitForTaskToken"
	maxStateName   = 80
)

var parsers = map[string]func(*reader, *state){
	"Task": parseTask, "Choice": parseChoice, "Succeed": func(*reader, *state) {}, "Fail": parseFail, "Wait": parseWait,
}

func parseState(name string, raw json.RawMessage) (*state, error) {
	r, err := readObject(fmt.Sprintf("state %q", name), raw)
	if err != nil {
		return nil, err
	}
	s := &state{name: name}
	if len(name) > maxStateName {
		r.errorf("the name is longer than %d characters", maxStateName)
	}
	var comment string
	r.optional("Comment", &comment)
	r.require("Type", &s.kind)
	parse, ok := parsers[s.kind]
	if !ok {
		return nil, fmt.Errorf("state %q: unsupported Type %q", name, s.kind)
	}
	if s.kind != "Fail" {
		s.inputPath, s.outputPath = r.path("InputPath"), r.path("OutputPath")
	}
	parse(r, s)
	return s, r.close()
}

func (r *reader) transition(s *state) {
	end := false
	r.optional("End", &end)
	r.optional("Next", &s.next)
	if end == (s.next != "") {
		r.errorf("wants either Next or \"End\": true")
	}
}

func parseTask(r *reader, s *state) {
	var resource string
	r.require("Resource", &resource)
	s.waitForToken = resource == tokenResource
	if !s.waitForToken && resource != invokeResource {
		r.errorf("unsupported Resource %q", resource)
	}
	r.transition(s)
	s.parameters = r.template("Parameters")
	s.selector = r.template("ResultSelector")
	s.resultPath = r.resultPath()
	s.timeout = r.seconds("TimeoutSeconds")
	parseRetry(r, s)
	parseCatch(r, s)
	r.checkInvoke(s)
}

// resultPath is a path into the state's input, never into the context object.
func (r *reader) resultPath() *path {
	p := r.path("ResultPath")
	if p != nil && p.context {
		r.errorf("ResultPath: %s is in the context object", p.text)
	}
	return p
}

// checkInvoke checks the arguments of lambda:invoke.
func (r *reader) checkInvoke(s *state) {
	params, ok := s.parameters.(object)
	if !ok {
		r.errorf("Parameters are missing")
		return
	}
	named := false
	for _, f := range params.fields {
		switch f.name {
		case "FunctionName":
			named = true
		case "Payload":
		default:
			r.errorf("Parameters: unsupported field %s", f.source)
		}
	}
	if !named {
		r.errorf("Parameters: FunctionName is missing")
	}
	token := false
	params.paths(func(p *path) { token = token || p.context && p.text == "$$.Task.Token" })
	if token != s.waitForToken {
		r.errorf("$$.Task.Token belongs to .waitForTaskToken, and only there")
	}
}

// parseWait reads a state that waits for a number of seconds in its input. The other three
// forms are not supported.
func parseWait(r *reader, s *state) {
	r.transition(s)
	var at string
	r.require("SecondsPath", &at)
	p, err := parsePath(at)
	if err != nil {
		r.errorf("SecondsPath: %w", err)
	}
	s.seconds = p
}

func parseFail(r *reader, s *state) {
	s.err = r.textOrPath("Error")
	s.cause = r.textOrPath("Cause")
}

// textOrPath reads Error or ErrorPath.
func (r *reader) textOrPath(name string) expr {
	var text, at string
	fixed, dynamic := r.optional(name, &text), r.optional(name+"Path", &at)
	switch {
	case fixed && dynamic:
		r.errorf("has both %s and %sPath", name, name)
	case fixed:
		return literal{text}
	case dynamic:
		x, err := parseExpr(at)
		if err != nil {
			r.errorf("%sPath: %w", name, err)
		}
		return x
	}
	return nil
}

func parseRetry(r *reader, s *state) {
	r.list("Retry", func(r *reader) {
		t := retrier{attempts: 3}
		r.require("ErrorEquals", &t.errorEquals)
		if r.optional("MaxAttempts", &t.attempts) && (t.attempts < 0 || t.attempts > maxSeconds) {
			r.errorf("MaxAttempts: %d is out of range", t.attempts)
		}
		t.backoffPolicy = parseBackoff(r)
		s.retry = append(s.retry, t)
	})
	for i, t := range s.retry {
		r.checkErrorEquals("Retry", t.errorEquals, i == len(s.retry)-1)
	}
}

func parseBackoff(r *reader) backoffPolicy {
	b := backoffPolicy{interval: cmp.Or(r.seconds("IntervalSeconds"), time.Second), rate: 2, most: r.seconds("MaxDelaySeconds")}
	if r.optional("BackoffRate", &b.rate) && b.rate < 1 {
		r.errorf("BackoffRate: %v is below 1", b.rate)
	}
	if b.most > 0 && b.most <= b.interval {
		r.errorf("MaxDelaySeconds is not above IntervalSeconds")
	}
	jitter := "NONE"
	if r.optional("JitterStrategy", &jitter) && jitter != "NONE" && jitter != "FULL" {
		r.errorf("JitterStrategy: unsupported %q", jitter)
	}
	b.jitter = jitter == "FULL"
	return b
}

func parseCatch(r *reader, s *state) {
	r.list("Catch", func(r *reader) {
		var c catcher
		r.require("ErrorEquals", &c.errorEquals)
		r.require("Next", &c.next)
		c.resultPath = r.resultPath()
		s.catch = append(s.catch, c)
	})
	for i, c := range s.catch {
		r.checkErrorEquals("Catch", c.errorEquals, i == len(s.catch)-1)
	}
}

func (r *reader) checkErrorEquals(field string, names []string, last bool) {
	if len(names) == 0 {
		r.errorf("%s: ErrorEquals is empty", field)
	}
	for _, n := range names {
		if n == errAll && (len(names) > 1 || !last) {
			r.errorf("%s: States.ALL must stand alone and last", field)
		}
		if strings.HasPrefix(n, "States.") && !isStateError(n) {
			r.errorf("%s: unknown error name %s", field, n)
		}
	}
}
