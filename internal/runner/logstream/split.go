package logstream

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"ephemr/internal/logline"
)

// maxState is the length of what is shown of a line that has not ended.
const maxState = 8 << 10

// splitter splits a stream of bytes into messages that CloudWatch accepts.
type splitter struct {
	rest  []byte    // the line that has no end yet; at most maxMessage
	back  bool      // a carriage return came last: what follows overwrites rest
	bar   bool      // rest has overwritten something
	since time.Time // when the state of the line changed after it was shown
	shown string    // the last state that was shown
}

// split emits every line that ends in p, in its last state. A line longer than
// maxMessage becomes several messages.
func (s *splitter) split(p []byte, emit func(string)) {
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		p = rest
		if ended && len(s.rest) == 0 && len(line) <= maxMessage && bytes.IndexByte(line, '\r') < 0 {
			send(line, emit) // without a copy
			s.end()
			continue
		}
		s.extend(line, emit)
		if ended {
			send(s.rest, emit)
			s.end()
		}
	}
}

// extend adds to the line that has no end yet.
func (s *splitter) extend(p []byte, emit func(string)) {
	for returned := true; returned; {
		var part []byte
		part, p, returned = bytes.Cut(p, []byte{'\r'})
		if len(part) > 0 && s.back {
			s.rest, s.back, s.bar = s.rest[:0], false, true
		}
		for len(part) > 0 {
			if len(s.rest) == maxMessage { // only now it is sure that the line goes on
				cut := boundary(s.rest)
				send(s.rest[:cut], emit)
				s.rest = append(s.rest[:0], s.rest[cut:]...)
			}
			take := min(len(part), maxMessage-len(s.rest))
			s.rest, part = append(s.rest, part[:take]...), part[take:]
		}
		s.back = s.back || returned
	}
	if s.since.IsZero() {
		s.since = time.Now()
	}
}

func (s *splitter) end() {
	s.rest, s.back, s.bar, s.since, s.shown = s.rest[:0], false, false, time.Time{}, ""
}

// state emits the state of a line that has not ended, when it has changed and that
// is some time ago.
func (s *splitter) state(now time.Time, emit func(string)) {
	if s.since.IsZero() || now.Sub(s.since) < showAfter {
		return
	}
	s.since = time.Time{}
	text := strings.ToValidUTF8(string(s.rest[:boundary(s.rest)]), "\uFFFD")
	if text == "" || text == s.shown || len(text) > maxState {
		return
	}
	s.shown = text
	emit(logline.State(text, s.bar || s.back))
}

// finish emits a last line without a newline.
func (s *splitter) finish(emit func(string)) {
	if len(s.rest) > 0 {
		send(s.rest, emit)
		s.end()
	}
}

// send emits raw as valid UTF-8, which may be longer than raw, and never
// empty, which CloudWatch refuses.
func send(raw []byte, emit func(string)) {
	if len(raw) == 0 {
		emit(" ")
		return
	}
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	for len(text) > maxMessage {
		cut := boundary([]byte(text[:maxMessage]))
		emit(text[:cut])
		text = text[cut:]
	}
	emit(text)
}

// boundary is where b may be cut so that no rune is torn apart.
func boundary(b []byte) int {
	for i := len(b) - 1; i >= max(0, len(b)-utf8.UTFMax); i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				break
			}
			return i
		}
	}
	return len(b)
}
