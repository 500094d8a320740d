package mask

import "io"

// Writer masks a stream. It is not safe for use by several goroutines.
type Writer struct {
	masker *Masker
	to     io.Writer

	rest   []byte // not yet written: it may begin a secret
	masked int    // how many bytes of rest are part of a secret that was found
	hiding bool   // the last that was written is Hidden
	line   bool   // rest is at the start of a line
	err    error  // of to
}

// Writer returns a Writer to w. That of a nil Masker changes nothing.
func (m *Masker) Writer(w io.Writer) *Writer { return &Writer{masker: m, to: w} }

// Write masks p and writes what cannot be the beginning of a secret.
func (w *Writer) Write(p []byte) (int, error) {
	if w.masker == nil {
		return w.to.Write(p)
	}
	text := p
	if len(w.rest) > 0 {
		w.rest = append(w.rest, p...)
		text = w.rest
	}
	left, err := w.pass(text, false)
	w.rest = append(w.rest[:0], left...)
	return len(p), err
}

// Flush writes the rest, after which no secret can go on.
func (w *Writer) Flush() {
	_, _ = w.pass(w.rest, true)
	w.rest, w.masked = w.rest[:0], 0
}

// pass writes text up to where a secret may begin, and returns what follows.
func (w *Writer) pass(text []byte, end bool) (left []byte, err error) {
	until, plain, i := w.masked, 0, 0 // all before until is masked; from plain on nothing is written
	for ; i < len(text); i++ {
		if i >= until {
			i = w.masker.anywhere.skip(text, i)
		}
		n, more := w.find(text, i)
		if more && !end {
			break
		}
		if n > 0 && i >= until {
			w.write(text[plain:i])
		}
		if until = max(until, i+n); i < until {
			plain = i + 1
			w.hide()
		}
	}
	w.write(text[min(plain, i):i])
	if i > 0 {
		w.line = isEnd(text[i-1])
	}
	w.masked = max(0, until-i)
	err, w.err = w.err, nil
	return text[i:], err
}

// find returns the length of the longest form at text[i], and whether one may go on
// after text.
func (w *Writer) find(text []byte, i int) (length int, more bool) {
	length, more = w.masker.anywhere.match(text[i:])
	if w.atLineStart(text, i) {
		rest, moreRest := w.masker.lineStart.match(text[i:])
		return max(length, rest), more || moreRest
	}
	return length, more
}

func (w *Writer) write(b []byte) {
	if len(b) > 0 && w.err == nil {
		_, w.err = w.to.Write(b)
		w.hiding = false
	}
}

// hide writes Hidden, once for secrets that touch.
func (w *Writer) hide() {
	if !w.hiding {
		w.write([]byte(Hidden))
		w.hiding = true
	}
}

// atLineStart reports whether the byte before text[i] ended a line.
func (w *Writer) atLineStart(text []byte, i int) bool {
	if i == 0 {
		return w.line
	}
	return isEnd(text[i-1])
}

func isEnd(c byte) bool { return c == '\n' || c == '\r' }
