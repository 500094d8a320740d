package runner

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const (
	tailLines = 20
	tailBytes = 500 // of one line
)

// tail keeps the last lines that were written, the beginning of each; of progress
// bars, which overwrite a line, the last state.
type tail struct {
	ring  [tailLines][]byte // the lines, the one of number n at n modulo tailLines
	ended int               // lines that have their newline
	begun bool              // the line at ended has no newline yet
	back  bool              // a carriage return came last: what follows overwrites the line
}

func (t *tail) write(p []byte) {
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		at := &t.ring[t.ended%tailLines]
		if !t.begun {
			*at = (*at)[:0]
		}
		for returned := true; returned; {
			var part []byte
			part, line, returned = bytes.Cut(line, []byte{'\r'})
			if len(part) > 0 && t.back {
				*at, t.back = (*at)[:0], false
			}
			*at = append(*at, part[:min(len(part), tailBytes-len(*at))]...)
			t.back = t.back || returned
		}
		t.begun, t.back = !ended, t.back && !ended
		if ended {
			t.ended++
		}
		p = rest
	}
}

// lines returns at most tailLines lines of at most tailBytes bytes of UTF-8.
func (t *tail) lines() (all []string) {
	end := t.ended
	if t.begun {
		end++
	}
	for i := max(0, end-tailLines); i < end; i++ {
		line := strings.ToValidUTF8(string(t.ring[i%tailLines]), "\uFFFD")
		cut := min(len(line), tailBytes)
		for cut < len(line) && !utf8.RuneStart(line[cut]) {
			cut--
		}
		all = append(all, line[:cut])
	}
	return all
}
