package runner

import (
	"context"
	"io"

	"ephemr/internal/runner/cause"
	"ephemr/internal/runner/logstream"
	"ephemr/internal/runner/mask"
)

// output takes one stream of the program's: raw for EMR's archive, line by
// line for CloudWatch, and for the Result its end and what says why it failed.
type output struct {
	raw    io.Writer
	stream *logstream.Stream // nil = none
	tail   tail
	cause  cause.Finder
	open   bool // the last line has no newline yet

	mask   *mask.Masker // nil = there are no secrets
	masked *mask.Writer // to taker
}

// hide masks what m finds in all that follows.
func (o *output) hide(m *mask.Masker) {
	if m != nil {
		o.mask, o.masked = m, m.Writer(taker{o})
	}
}

// flush passes on what was held back as the possible beginning of a secret.
func (o *output) flush() {
	if o.masked != nil {
		o.masked.Flush()
	}
}

// Write never fails: a job must not fail because of its logs.
func (o *output) Write(p []byte) (int, error) {
	if o.masked != nil {
		return o.masked.Write(p)
	}
	return taker{o}.Write(p)
}

// taker takes what has no secrets any more.
type taker struct{ *output }

func (o taker) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	o.tail.write(p)
	_, _ = o.cause.Write(p)
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

// forget leaves what was printed so far out of the tail and of the cause.
func (o *output) forget() { o.tail, o.cause = tail{}, cause.Finder{} }

// notice adds a line of the runner's own, which is not part of the tail.
func (o *output) notice(line string) {
	o.flush()
	line = o.mask.Text(line)
	if o.open {
		line = "\n" + line
	}
	o.pass([]byte(line + "\n"))
}

// close sends the rest and reports whether everything was delivered.
func (o *output) close(ctx context.Context) bool {
	return o.stream == nil || o.stream.Close(ctx) == nil // the stream itself has said what is missing
}
