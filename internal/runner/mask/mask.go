// Package mask removes secrets from what a program prints.
//
// A Masker knows the values, and the forms in which programs print them: each line
// of a value, base64 at any position in other text, escaped for URLs, JSON, shells
// and XML, in hex. A Writer replaces them in a stream, also if it is cut into writes
// anywhere. It holds back only what may be the beginning of a form, and no line that
// has ended, unless it ends with base64 that seems to go on in the next one.
package mask

import "bytes"

// Hidden replaces a secret, or several that touch.
const Hidden = "***"

// Shortest is the length in bytes of the shortest value that is masked: shorter ones
// would be found everywhere.
const Shortest = 4

// Masker finds forms of secrets. A nil Masker finds none.
type Masker struct {
	anywhere  index // forms
	lineStart index // rests of base64 whose beginning ended the line before
}

// New returns a Masker of values, or nil if there is none to mask.
func New(values ...string) *Masker {
	m := &Masker{}
	seen := map[string]bool{}
	for _, v := range values {
		for _, f := range forms(v) {
			if len(f.text) < Shortest || seen[f.text] {
				continue
			}
			seen[f.text] = true
			m.anywhere.add(f)
			if f.wraps {
				m.addRests(f)
			}
		}
	}
	if len(seen) == 0 {
		return nil
	}
	return m
}

// held is how many characters of base64 must end a line for the line to be held back
// until it is known whether they go on in the next one.
const held = 8

// addRests adds what follows in the next line when a line that was not held back
// ended with the beginning of f.
func (m *Masker) addRests(f form) {
	for k := 1; k < held && len(f.text)-k >= Shortest; k++ {
		m.lineStart.add(form{text: f.text[k:], wraps: true})
	}
}

// index finds forms by their first two bytes.
type index struct {
	begins [1 << 16 / 64]uint64
	forms  map[[2]byte][]form
}

func (x *index) add(f form) {
	start := [2]byte{f.text[0], f.text[1]}
	n := int(start[0])<<8 | int(start[1])
	x.begins[n/64] |= 1 << (n % 64)
	if x.forms == nil {
		x.forms = map[[2]byte][]form{}
	}
	x.forms[start] = append(x.forms[start], f)
}

// skip returns the position from at on where a form may begin, or a line, or where text
// ends.
func (x *index) skip(text []byte, at int) int {
	if at > 0 && isEnd(text[at-1]) || at == 0 {
		return at
	}
	for ; at+1 < len(text); at++ {
		n := int(text[at])<<8 | int(text[at+1])
		if x.begins[n/64]&(1<<(n%64)) != 0 {
			break
		}
		if text[at] == '\n' || text[at] == '\r' {
			return at + 1
		}
	}
	return at
}

// match looks for forms at the beginning of text. It returns the length of the longest
// one, and whether a form could go on after the end of text.
func (x *index) match(text []byte) (length int, more bool) {
	switch len(text) {
	case 0:
		return 0, false
	case 1:
		return 0, x.beginsWith(text[0])
	}
	n := int(text[0])<<8 | int(text[1])
	if x.begins[n/64]&(1<<(n%64)) == 0 {
		return 0, false
	}
	for _, f := range x.forms[[2]byte(text)] {
		l, open := f.match(text)
		length, more = max(length, l), more || open
	}
	return length, more
}

func (x *index) beginsWith(first byte) bool {
	words := x.begins[int(first)<<8/64:][:256/64]
	return words[0]|words[1]|words[2]|words[3] != 0
}

// Text masks a whole text.
func (m *Masker) Text(text string) string {
	if m == nil || text == "" {
		return text
	}
	var b bytes.Buffer
	w := m.Writer(&b)
	_, _ = w.Write([]byte(text))
	w.Flush()
	return b.String()
}
