package outbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"ephemr/internal/notify"
)

// State is what is known of a pipeline's messages: its threads, by kind and class.
type State struct {
	Threads map[string]*Thread `json:"threads"`
	Count   int                `json:"count"` // of messages so far
}

// Thread is one kind of trouble of a pipeline.
type Thread struct {
	Class   string               `json:"class,omitempty"`
	Failing map[string]time.Time `json:"failing,omitempty"` // value of the matrix -> newest logical time of a run that failed
	Sent    int                  `json:"sent,omitempty"`    // alerts since the trouble began
	To      []string             `json:"to,omitempty"`      // who got them
	Pending *Pending             `json:"pending,omitempty"` // what no message contains yet
	Works   *notify.Message      `json:"works,omitempty"`   // the success that ended the trouble; it is not reported yet

	NextAlert   time.Time `json:"nextAlert,omitzero"` // no earlier
	NextResolve time.Time `json:"nextResolve,omitzero"`
}

// Pending is what the next message of a thread says.
type Pending struct {
	Count   int            `json:"count"`
	First   notify.Ref     `json:"first"`
	Message notify.Message `json:"message"` // the newest
	To      []string       `json:"to"`
}

// Silence keeps the messages of a pipeline back, or those of one class.
type Silence struct {
	Class string    `dynamodbav:"class,omitempty" json:"class,omitempty"` // "" = all
	Until time.Time `dynamodbav:"until" json:"until"`
	By    string    `dynamodbav:"by,omitempty" json:"by,omitempty"`
	At    time.Time `dynamodbav:"at" json:"at"`
}

// Sending is a message with where it goes.
type Sending struct {
	Message notify.Message
	To      []string
}

// immediate are kinds that no window delays.
func immediate(k notify.Kind) bool {
	return k == notify.Deadline || k == notify.Approval || k == notify.Budget
}

// Add takes entries in the order in which they happened.
func (s *State) Add(entries ...notify.Entry) {
	for _, e := range entries {
		if e.Works() {
			s.works(e)
		}
		if e.To == nil {
			continue
		}
		key := threadKey(e.Message)
		t := s.Threads[key]
		if t == nil {
			t = &Thread{Class: e.Message.Class}
			if s.Threads == nil {
				s.Threads = map[string]*Thread{}
			}
			s.Threads[key] = t
		}
		t.add(e)
	}
}

// threadKey is the same for messages that belong together. Each approval is on its own, and
// so is each deadline: the end of one run does not make the notice about another outdated.
func threadKey(m notify.Message) string {
	switch m.Kind {
	case notify.Failure:
		return m.Class
	case notify.Approval:
		return string(m.Kind) + " " + m.RunID + " " + m.Job
	case notify.Deadline:
		return string(m.Kind) + " " + m.RunID
	case notify.Success, notify.Resolved, notify.Rejected, notify.Budget:
	}
	return string(m.Kind)
}

// maxFailing is how many values of a matrix a thread names. Beyond it the first success
// of any run counts for them all.
const maxFailing = 500

func (t *Thread) add(e notify.Entry) {
	p := t.Pending
	if p == nil {
		p = &Pending{First: notify.Ref{RunID: e.Message.RunID, At: e.Message.At}}
		t.Pending = p
	}
	p.Count++
	p.Message = e.Message
	p.To = union(p.To, e.To)
	if e.Message.Kind != notify.Failure {
		return
	}
	t.Works = nil
	value := e.Value
	if _, known := t.Failing[value]; !known && len(t.Failing) >= maxFailing {
		value = ""
	}
	if t.Failing == nil {
		t.Failing = map[string]time.Time{}
	}
	if e.Logical.After(t.Failing[value]) || t.Failing[value].IsZero() {
		t.Failing[value] = e.Logical
	}
}

// works ends the trouble that e's success shows to be over: a run for the same value of
// the matrix, and not for an earlier date.
func (s *State) works(e notify.Entry) {
	for _, t := range s.Threads {
		for value, since := range t.Failing {
			if (value == e.Value || value == "") && !e.Logical.Before(since) {
				delete(t.Failing, value)
				if len(t.Failing) == 0 {
					t.Works = &e.Message
				}
			}
		}
	}
}

// Take removes and returns messages that are due, at most so many. id names the n-th of a
// pipeline.
func (s *State) Take(id func(n int) string, most int, silences []Silence, window time.Duration, now time.Time) (out []Sending) {
	for _, key := range slices.Sorted(maps.Keys(s.Threads)) {
		t := s.Threads[key]
		due, ok := t.due(silences)
		if ok && !due.After(now) && len(out) < most {
			s.Count++
			sending := t.take(window, now)
			sending.Message.ID, sending.Message.Thread = id(s.Count), threadID(sending.Message, key)
			out = append(out, sending)
		}
		if t.over(now) {
			delete(s.Threads, key)
		}
	}
	return out
}

func threadID(m notify.Message, key string) string {
	return m.Stage + "/" + cmp.Or(m.Pipeline, m.Team) + "/" + key
}

// Due is when the next message is due; false = nothing is pending.
func (s *State) Due(silences []Silence) (first time.Time, pending bool) {
	for _, t := range s.Threads {
		if due, ok := t.due(silences); ok && (!pending || due.Before(first)) {
			first, pending = due, true
		}
	}
	return first, pending
}

func (t *Thread) due(silences []Silence) (time.Time, bool) {
	var at time.Time
	switch {
	case t.Works != nil:
		at = t.NextResolve
	case t.Pending == nil:
		return at, false
	case !immediate(t.Pending.Message.Kind):
		at = t.NextAlert
	}
	return covers(silences, t.Class, at), true
}

// take is the message that is due.
func (t *Thread) take(window time.Duration, now time.Time) Sending {
	var out Sending
	if p := t.Pending; p != nil {
		out.Message, out.To = p.Message, p.To
		out.Message.Count = p.Count
		out.Message.First, out.Message.Last = &p.First, &notify.Ref{RunID: p.Message.RunID, At: p.Message.At}
		if p.Count > 1 {
			out.Message.Headline = fmt.Sprintf("%d runs of %s: %s", p.Count, p.Message.Pipeline, cmp.Or(p.Message.State, string(p.Message.Kind)))
		}
		t.Pending = nil
	}
	if t.Works == nil {
		t.Sent++
		t.To, t.NextAlert = union(t.To, out.To), now.Add(window)
		return out
	}
	works := *t.Works
	works.Kind, works.Headline = notify.Resolved, "RESOLVED "+works.Pipeline
	works.Class, works.Count, works.First, works.Last = t.Class, out.Message.Count, out.Message.First, out.Message.Last
	out.Message, out.To = works, union(t.To, out.To)
	t.Works, t.Sent, t.To, t.NextResolve = nil, 0, nil, now.Add(window)
	return out
}

// over reports whether nothing of t is left to be remembered.
func (t *Thread) over(now time.Time) bool {
	return t.Pending == nil && t.Works == nil && len(t.Failing) == 0 && !t.NextAlert.After(now) && !t.NextResolve.After(now)
}

// Failing reports whether a success would end some trouble.
func (s *State) Failing() bool {
	for _, t := range s.Threads {
		if len(t.Failing) > 0 {
			return true
		}
	}
	return false
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
