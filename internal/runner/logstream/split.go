package logstream

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// splitter splits a stream of bytes into messages that CloudWatch accepts.
type splitter struct {
	rest []byte // the line that has no end yet; at most maxMessage
}

// split emits every line that ends in p. A line longer than maxMessage becomes
// several messages.
func (s *splitter) split(p []byte, emit func(string)) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end >= 0 && len(s.rest)+end <= maxMessage {
			s.line(p[:end], emit)
			p = p[end+1:]
			continue
		}
		if len(s.rest) == maxMessage { // only now it is sure that the line goes on
			cut := boundary(s.rest)
			send(s.rest[:cut], emit)
			s.rest = append(s.rest[:0], s.rest[cut:]...)
			continue
		}
		take := min(len(p), maxMessage-len(s.rest))
		s.rest = append(s.rest, p[:take]...)
		p = p[take:]
	}
}

// finish emits a last line without a newline.
func (s *splitter) finish(emit func(string)) {
	if len(s.rest) > 0 {
		s.line(nil, emit)
	}
}

func (s *splitter) line(end []byte, emit func(string)) {
	if len(s.rest) == 0 {
		send(end, emit)
		return
	}
	s.rest = append(s.rest, end...)
	send(s.rest, emit)
	s.rest = s.rest[:0]
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
