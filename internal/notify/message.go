// Package notify has the messages to people: which runs they are about, to whom they go,
// and how they read as mail, in a chat, at a webhook and in PagerDuty. Package outbox
// decides when they are sent.
package notify

import (
	"strings"
	"time"
	"unicode"
)

// Kind is the occasion of a message.
type Kind string

// The kinds.
const (
	Failure  Kind = "failure"  // runs failed, or were cancelled
	Success  Kind = "success"  // runs succeeded, and the pipeline asks for that
	Resolved Kind = "resolved" // the pipeline works again
	Rejected Kind = "rejected" // requests were invalid
	Deadline Kind = "deadline" // a run has not ended, and its deadline is near
	Approval Kind = "approval" // a job waits for a person
	Budget   Kind = "budget"   // a team has spent a part of its budget
)

// Message is the content of a notice, whatever it is sent by. Text of jobs and senders is in
// single lines.
type Message struct {
	ID       string `json:"id"`            // is the same whenever the message is sent again
	Thread   string `json:"thread"`        // is the same for all messages about the same trouble
	Kind     Kind   `json:"kind"`          //
	Headline string `json:"headline"`      // one line
	Stage    string `json:"stage"`         //
	Pipeline string `json:"pipeline"`      // "" = of a budget
	Team     string `json:"team"`          //
	RunID    string `json:"run,omitempty"` // the newest, if there are several
	State    string `json:"state,omitempty"`
	Class    string `json:"class,omitempty"`

	NothingToDo bool `json:"nothingToDo,omitempty"` // it SUCCEEDED without work

	For      string   `json:"for,omitempty"` // date, object, params
	Job      string   `json:"job,omitempty"` // that failed
	Attempt  int      `json:"attempt,omitempty"`
	ExitCode *int     `json:"exitCode,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Cause    string   `json:"cause,omitempty"`   // the line of the job's output that says why
	Lines    []string `json:"lines,omitempty"`   // the end of its output, if the pipeline wants it
	Idle     []string `json:"idle,omitempty"`    // jobs that had nothing to do
	Running  []string `json:"running,omitempty"` // clusters that could not be ended
	Cost     string   `json:"cost,omitempty"`
	Facts    []Fact   `json:"facts,omitempty"`
	Next     []string `json:"next"` // commands; the first is the one to run

	Count int       `json:"count"` // of runs that the message is about
	First *Ref      `json:"first,omitempty"`
	Last  *Ref      `json:"last,omitempty"`
	At    time.Time `json:"at"` // of the newest event
}

// Fact is something else that is worth a line.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Ref is a run of a digest.
type Ref struct {
	RunID string    `json:"run"`
	At    time.Time `json:"at"`
}

// oneLine makes text that a job or a sender wrote a part of a line, so that it
// cannot pose as another line of the message.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028', r == '\u2029', unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
