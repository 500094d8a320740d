package runner

import (
	"context"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"ephemr/internal/logstream"
)

// output takes one stream of the program's: raw for EMR's archive, line by
// line for CloudWatch, and its end for the Result.
type output struct {
	raw    io.Writer
	stream *logstream.Stream // nil = none
	tail   tail
	open   bool // the last line has no newline yet
}

// Write never fails: a job does not end for its logs.
func (o *output) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	o.tail.write(p)
	o.pass(p)
	return len(p), nil
}

func (o *output) pass(p []byte) {
	o.open = p[len(p)-1] != '\n'
	_, _ = o.raw.Write(p)
	if o.stream != nil {
		_, _ = o.stream.Write(p)
	}
}

// notice adds a line of the runner's own, which is not part of the tail.
func (o *output) notice(line string) {
	if o.open {
		line = "\n" + line
	}
	o.pass([]byte(line + "\n"))
}

func (o *output) close(ctx context.Context) {
	if o.stream != nil {
		_ = o.stream.Close(ctx) // the stream itself has said what is missing
	}
}

const (
	tailLines = 20
	tailBytes = 500 // of one line
)

// tail keeps the last lines that were written, the beginning of each.
type tail struct {
	kept []string
	last []byte // the line that has no newline yet
	any  bool   // there is such a line, be it empty after the cut
}

func (t *tail) write(p []byte) {
	for len(p) > 0 {
		line, rest, ended := strings.Cut(string(p[:min(len(p), 64<<10)]), "\n")
		t.last = append(t.last, line[:min(len(line), tailBytes-len(t.last))]...)
		t.any = true
		if ended {
			t.kept = append(t.kept, string(t.last))
			t.last, t.any = t.last[:0], false
			if len(t.kept) > 4*tailLines {
				t.kept = slices.Delete(t.kept, 0, len(t.kept)-tailLines)
			}
		}
		p = p[min(len(p), 64<<10)-len(rest):]
	}
}

// lines returns at most tailLines lines of at most tailBytes bytes of UTF-8.
func (t *tail) lines() []string {
	all := slices.Clone(t.kept)
	if t.any {
		all = append(all, string(t.last))
	}
	all = all[max(0, len(all)-tailLines):]
	for i, line := range all {
		line = strings.ToValidUTF8(line, "\uFFFD")
		cut := min(len(line), tailBytes)
		for cut < len(line) && !utf8.RuneStart(line[cut]) {
			cut--
		}
		all[i] = line[:cut]
	}
	return all
}
