package pipeline

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"
)

// Option adds facts about a stage to the rules.
type Option func(*rules)

// WithZones names the zones of the lake: triggers and templates that use others
// are rejected.
func WithZones(names ...string) Option {
	return func(r *rules) { r.zones = names }
}

// WithVars names the variables of the stage: templates that use others are rejected.
func WithVars(names ...string) Option {
	return func(r *rules) { r.vars = append([]string{}, slices.Sorted(slices.Values(names))...) }
}

// WithSources names the buckets beside the lake whose objects can be triggers.
func WithSources(buckets ...string) Option {
	return func(r *rules) { r.other = buckets }
}

// WithDestinations names where the stage can send notices, such as chat:data: others are
// rejected.
func WithDestinations(names ...string) Option {
	return func(r *rules) { r.destinations = append([]string{}, names...) }
}

// AdHoc says that the pipeline comes along with the request for its only run,
// which may name the cluster that it is to run on.
func AdHoc() Option {
	return func(r *rules) { r.adhoc = true }
}

// Parse reads a pipeline file in YAML. The error joins an *Error for every
// fault, each with file, line and column.
func Parse(file string, data []byte, opts ...Option) (Spec, error) {
	return readSpec(file, data, readYAML, opts)
}

// ParseJSON reads a Spec as JSON, as the register function and requests carry
// it, by the same rules. Its errors name a path instead of a line.
func ParseJSON(data []byte, opts ...Option) (Spec, error) {
	return readSpec("", data, readJSON, opts)
}

// Validate checks a Spec that was built in Go.
func (s Spec) Validate(opts ...Option) error {
	f := &faults{}
	newRules(s, f, opts).check()
	return f.err()
}

func readSpec(file string, data []byte, read func([]byte) (*node, error), opts []Option) (Spec, error) {
	f := &faults{file: file, at: map[string]position{}, tainted: map[string]bool{}}
	root, err := readBounded(data, read)
	if err != nil {
		f.unreadable(err)
		return Spec{}, f.err()
	}
	var s Spec
	(&decoder{faults: f}).spec(root, &s)
	newRules(s, f, opts).check()
	if err := f.err(); err != nil {
		return Spec{}, err
	}
	s.inheritZone()
	return s, nil
}

// unreadable adds the error of a document that cannot be read.
func (f *faults) unreadable(err error) {
	var pos position
	if e, ok := errors.AsType[*syntaxError](err); ok {
		pos = e.pos
	}
	if f.file != "" && pos.line == 0 {
		pos = position{1, 1}
	}
	f.addAt(pos, nil, "%v", err)
}

func readBounded(data []byte, read func([]byte) (*node, error)) (*node, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxBytes:
		return nil, &syntaxError{msg: "larger than 256 KiB; split the pipeline"}
	case !utf8.Valid(data):
		return nil, &syntaxError{msg: "not UTF-8; save the file as UTF-8"}
	case bytes.IndexByte(data, 0) >= 0:
		return nil, &syntaxError{msg: "contains a NUL byte; save the file as plain text"}
	case len(bytes.TrimSpace(data)) == 0:
		return nil, &syntaxError{msg: `empty; start with "pipeline: <name>"`}
	}
	root, err := read(data)
	if err != nil {
		return nil, err
	}
	if root.kind != mapNode {
		return nil, &syntaxError{root.pos, "contains " + string(root.kind) + ` instead of a pipeline; start with "pipeline: <name>"`}
	}
	return root, nil
}
