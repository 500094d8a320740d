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

// tail keeps the last lines that were written, the beginning of each.
type tail struct {
	ring  [tailLines][]byte // the lines, the one of number n at n modulo tailLines
	ended int               // lines that have their newline
	begun bool              // the line at ended has no newline yet
}

func (t *tail) write(p []byte) {
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte{'\n'})
		at := &t.ring[t.ended%tailLines]
		if !t.begun {
			*at = (*at)[:0]
		}
		*at = append(*at, line[:min(len(line), tailBytes-len(*at))]...)
		t.begun = !ended
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
