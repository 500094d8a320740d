package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Error is one fault of a pipeline: where it is and what to do about it.
type Error struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`   // from 1; 0 when the pipeline did not come from a file
	Column int    `json:"column,omitempty"` // from 1
	Path   string `json:"path,omitempty"`   // e.g. jobs[1].needs[0]; empty for the whole file
	Msg    string `json:"message"`
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ":")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", e.Line, e.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Msg)
	return b.String()
}

// Errors returns every *Error in err, which Parse, ParseJSON and Validate join.
func Errors(err error) []*Error {
	switch e := err.(type) { //nolint:errorlint // this walks the tree itself: As finds one error, we want all
	case *Error:
		return []*Error{e}
	case interface{ Unwrap() []error }:
		var all []*Error
		for _, part := range e.Unwrap() {
			all = append(all, Errors(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		return Errors(e.Unwrap())
	}
	return nil
}

// maxErrors is how many errors are printed; the rest is counted.
const maxErrors = 100

// faults collects the errors of one pipeline.
type faults struct {
	file    string
	at      map[string]position // where each path was read; empty for JSON
	tainted map[string]bool     // paths already reported by the decoder
	list    []*Error
}

type position struct{ line, column int }

// add reports a fault at p, at the position of p or of its nearest ancestor
// that was written down.
func (f *faults) add(p *place, format string, args ...any) {
	f.addAt(f.position(p), p, format, args...)
}

func (f *faults) addAt(pos position, p *place, format string, args ...any) {
	f.list = append(f.list, &Error{
		File: f.file, Line: pos.line, Column: pos.column, Path: p.String(), Msg: fmt.Sprintf(format, args...),
	})
}

func (f *faults) position(p *place) position {
	for ; p != nil; p = p.parent {
		if pos, ok := f.at[p.String()]; ok {
			return pos
		}
	}
	return f.at[""]
}

// taint marks p as reported, so that no rule reports it again.
func (f *faults) taint(p *place) { f.tainted[p.String()] = true }

func (f *faults) isTainted(p *place) bool {
	for ; p != nil; p = p.parent {
		if f.tainted[p.String()] {
			return true
		}
	}
	return false
}

// err joins what was found, in the order of the file.
func (f *faults) err() error {
	slices.SortStableFunc(f.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	list := f.list
	if more := len(list) - maxErrors; more > 0 {
		last := *list[maxErrors]
		last.Path, last.Msg = "", fmt.Sprintf("and %d more errors; fix the ones above first", more)
		list = append(slices.Clip(list[:maxErrors]), &last)
	}
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = e
	}
	return errors.Join(errs...)
}
