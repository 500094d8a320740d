package notify

import (
	"fmt"
	"strings"
	"time"
)

// Text is the message as mail: lines that end in a newline.
func (m Message) Text() string {
	var b strings.Builder
	b.WriteString(m.opening() + "\n")
	for _, f := range m.facts() {
		fmt.Fprintf(&b, "%-8s %s\n", f.Name+":", f.Value)
		if f.Name == "Job" {
			for _, line := range m.Lines {
				fmt.Fprintf(&b, "  | %s\n", line)
			}
		}
	}
	return b.String()
}

// opening says what happened.
func (m Message) opening() string {
	switch {
	case m.Kind == Resolved:
		return fmt.Sprintf("Pipeline %s works again: run %s succeeded.", m.Pipeline, m.RunID)
	case m.Kind == Budget:
		return m.Headline
	case m.Count > 1:
		return fmt.Sprintf("%d runs of pipeline %s: %s. What follows is the last of them.", m.Count, m.Pipeline, m.State)
	case m.Kind == Deadline:
		return fmt.Sprintf("Run %s of pipeline %s has not ended yet.", m.RunID, m.Pipeline)
	case m.Kind == Approval:
		return fmt.Sprintf("Job %s of run %s of pipeline %s waits for approval.", m.Job, m.RunID, m.Pipeline)
	}
	state := m.State
	if m.NothingToDo {
		state += " (nothing to do)"
	}
	return fmt.Sprintf("Run %s of pipeline %s: %s", m.RunID, m.Pipeline, state)
}

// facts are the lines of a message, in order.
func (m Message) facts() []Fact {
	var out facts
	add := out.add
	add("For", m.For)
	if m.Count > 1 || m.Kind == Resolved && m.Count > 0 {
		add("Runs", m.span())
	}
	for _, name := range m.Idle {
		add("Idle", name+" had nothing to do")
	}
	add("Class", m.Class)
	add("Cause", m.Cause)
	if m.Kind != Resolved {
		add("Reason", m.Reason)
	}
	if m.Kind == Failure || m.Kind == Success {
		add("Job", m.job())
	}
	for _, c := range m.Running {
		add("Running", c)
	}
	out = append(out, m.Facts...)
	add("Cost", m.Cost)
	add("Stage", m.Stage)
	out.commands(m.Next)
	add("Message", m.ID)
	return out
}

// facts are lines without those that are empty.
type facts []Fact

func (f *facts) add(name, value string) {
	if value != "" {
		*f = append(*f, Fact{name, value})
	}
}

// commands adds what to run next.
func (f *facts) commands(next []string) {
	for i, command := range next {
		name := "Or"
		if i == 0 {
			name = "Next"
		}
		f.add(name, command)
	}
}

func (m Message) job() string {
	switch {
	case m.Job == "":
		return ""
	case m.ExitCode == nil:
		return fmt.Sprintf("%s, attempt %d", m.Job, m.Attempt)
	}
	return fmt.Sprintf("%s, attempt %d, exit code %d", m.Job, m.Attempt, *m.ExitCode)
}

// span names the runs of a digest.
func (m Message) span() string {
	if m.First == nil || m.Last == nil || m.Count == 1 {
		return fmt.Sprintf("%d since the last message", m.Count)
	}
	at := func(r *Ref) string { return fmt.Sprintf("%s at %s", r.RunID, r.At.UTC().Format(time.RFC3339)) }
	return fmt.Sprintf("%d since the last message, from %s to %s", m.Count, at(m.First), at(m.Last))
}

// maxSubject is SNS's limit, in characters.
const maxSubject = 100

// Subject is the subject of the mail, at most 100 characters of ASCII: SNS refuses others.
func (m Message) Subject() string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, m.Headline)
	return s[:min(len(s), maxSubject)]
}
