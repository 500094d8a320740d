package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// reader takes fields out of a JSON object and refuses what is left at the
// end. Unlike encoding/json it is strict about case.
type reader struct {
	where  string
	fields map[string]json.RawMessage
	errs   []error
}

func readObject(where string, raw []byte) (*reader, error) {
	if _, err := decode(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	r := &reader{where: where}
	if err := json.Unmarshal(raw, &r.fields); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return r, nil
}

func (r *reader) errorf(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(r.where+": "+format, args...))
}

// take removes a field and returns it.
func (r *reader) take(name string) (json.RawMessage, bool) {
	raw, ok := r.fields[name]
	delete(r.fields, name)
	return raw, ok
}

func (r *reader) optional(name string, into any) bool {
	raw, ok := r.take(name)
	if !ok {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		r.errorf("%s: %w", name, err)
	}
	return true
}

func (r *reader) require(name string, into any) {
	if !r.optional(name, into) {
		r.errorf("%s is missing", name)
	}
}

const maxSeconds = 99999999

// seconds reads a positive number of seconds; 0 stands for none.
func (r *reader) seconds(name string) time.Duration {
	var n int
	if r.optional(name, &n) && (n < 1 || n > maxSeconds) {
		r.errorf("%s: %d is out of range", name, n)
	}
	return time.Duration(n) * time.Second
}

// path reads a path; JSON's null gives nil, nothing gives $.
func (r *reader) path(name string) *path {
	s := new("$")
	r.optional(name, &s)
	if s == nil {
		return nil
	}
	p, err := parsePath(*s)
	if err != nil {
		r.errorf("%s: %w", name, err)
	}
	return p
}

func (r *reader) template(name string) expr {
	raw, ok := r.take(name)
	if !ok {
		return nil
	}
	x, err := parseTemplate(raw)
	if err != nil {
		r.errorf("%s: %w", name, err)
		return nil
	}
	return x
}

// list reads an array of objects.
func (r *reader) list(name string, each func(*reader)) {
	var raws []json.RawMessage
	if !r.optional(name, &raws) {
		return
	}
	if len(raws) == 0 {
		r.errorf("%s is empty", name)
	}
	for i, raw := range raws {
		e, err := readObject(fmt.Sprintf("%s: %s[%d]", r.where, name, i), raw)
		if err != nil {
			r.errs = append(r.errs, err)
			continue
		}
		each(e)
		r.errs = append(r.errs, e.close())
	}
}

// close returns all errors, including one for the fields that were not taken.
func (r *reader) close() error {
	if len(r.fields) > 0 {
		r.errorf("unsupported field %s", strings.Join(slices.Sorted(maps.Keys(r.fields)), ", "))
	}
	return errors.Join(r.errs...)
}
