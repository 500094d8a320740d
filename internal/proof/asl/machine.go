// Package asl interprets Amazon States Language, for tests and simulations of
// the definitions this project deploys.
//
// It knows the JSONPath part of the language that the project uses and
// refuses everything else at Parse, so that a definition which passes here
// behaves the same on AWS. Time is that of package time: under testing/synctest it
// is virtual.
package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Machine is a parsed definition. It is safe for concurrent use.
type Machine struct {
	startAt string
	states  map[string]*state
	timeout time.Duration // of the whole execution; 0 = none
}

// state is any kind of state; each uses its own part.
type state struct {
	name, kind string
	next       string // "" = terminal

	inputPath, outputPath *path // nil = discard
	resultPath            *path // nil = discard
	parameters, selector  expr  // nil = none

	waitForToken bool
	timeout      time.Duration
	retry        []retrier
	catch        []catcher

	choices  []choice
	fallback string

	err, cause expr // Fail

	seconds *path // Wait
}

// Parse reads a definition and checks it. The error names every state and
// field that is wrong or unknown to this interpreter.
func Parse(def []byte) (*Machine, error) {
	r, err := readObject("definition", def)
	if err != nil {
		return nil, err
	}
	m := &Machine{states: map[string]*state{}}
	var version, language, comment string
	var states map[string]json.RawMessage
	r.require("StartAt", &m.startAt)
	r.require("States", &states)
	r.optional("Comment", &comment)
	if r.optional("Version", &version) && version != "1.0" {
		r.errorf("Version %q is not supported", version)
	}
	if r.optional("QueryLanguage", &language) && language != "JSONPath" {
		r.errorf("QueryLanguage %q is not supported", language)
	}
	m.timeout = r.seconds("TimeoutSeconds")
	errs := []error{r.close()}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		s, err := parseState(name, states[name])
		errs = append(errs, err)
		m.states[name] = s
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, m.check()
}

// WithTimeout returns the machine with another TimeoutSeconds.
func (m *Machine) WithTimeout(d time.Duration) *Machine {
	other := *m
	other.timeout = d
	return &other
}

// States returns the names of all states, sorted.
func (m *Machine) States() []string { return slices.Sorted(maps.Keys(m.states)) }

// check looks at the graph: every transition leads somewhere, every state can
// be reached, and the machine can end.
func (m *Machine) check() error {
	if m.states[m.startAt] == nil {
		return fmt.Errorf("definition: StartAt names no state %q", m.startAt)
	}
	var errs []error
	seen := map[string]bool{m.startAt: true}
	ends := false
	for todo := []string{m.startAt}; len(todo) > 0; todo = todo[1:] {
		s := m.states[todo[0]]
		targets := s.targets()
		ends = ends || s.terminal()
		for _, to := range targets {
			if m.states[to] == nil {
				errs = append(errs, fmt.Errorf("state %q: Next names no state %q", s.name, to))
			} else if !seen[to] {
				seen[to] = true
				todo = append(todo, to)
			}
		}
	}
	for _, name := range m.States() {
		if !seen[name] {
			errs = append(errs, fmt.Errorf("state %q: cannot be reached", name))
		}
	}
	if !ends {
		errs = append(errs, errors.New("definition: no terminal state can be reached"))
	}
	return errors.Join(errs...)
}

func (s *state) terminal() bool { return s.kind != "Choice" && s.next == "" }

func (s *state) targets() []string {
	var out []string
	for _, c := range s.choices {
		out = append(out, c.next)
	}
	for _, c := range s.catch {
		out = append(out, c.next)
	}
	for _, n := range []string{s.next, s.fallback} {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}
