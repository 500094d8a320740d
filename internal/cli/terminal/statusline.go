package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// redrawEvery is the time between two frames of an animation.
const redrawEvery = 100 * time.Millisecond

const eraseLine = "\r" + ansi.EraseLineRight

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// StatusLine is the last line of a terminal. It shows what a command waits for
// and is redrawn in place. A nil StatusLine shows nothing.
type StatusLine struct {
	out     io.Writer
	style   Style
	columns func() int

	mu     sync.Mutex
	render func(spinner rune) string
	frame  int
	shown  bool
	closed bool
	stop   chan struct{} // ends the animation; nil = there is none
	done   chan struct{} // the animation has ended
}

// StatusLine returns the status line of Err, or nil if Err is not an
// interactive terminal.
func (s *IO) StatusLine() *StatusLine {
	if !s.ErrTTY || !s.Color {
		return nil
	}
	return &StatusLine{out: s.Err, style: s.ErrStyle(), columns: s.Columns}
}

// OutStatusLine returns the status line of Out, or nil if Out is not an
// interactive terminal.
func (s *IO) OutStatusLine() *StatusLine {
	if !s.OutTTY || !s.Color {
		return nil
	}
	return &StatusLine{out: s.Out, style: s.OutStyle(), columns: s.Columns}
}

// Set draws text now.
func (l *StatusLine) Set(text string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw(text)
}

// Animate redraws what render returns until Close. Calling it again replaces
// render, which must not use l.
func (l *StatusLine) Animate(render func(spinner rune) string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.render = render
	if l.stop == nil && !l.closed {
		l.stop, l.done = make(chan struct{}), make(chan struct{})
		go l.animate()
	}
}

func (l *StatusLine) animate() {
	defer close(l.done)
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.mu.Lock()
			l.frame++
			l.draw(l.render(spinner[l.frame%len(spinner)]))
			l.mu.Unlock()
		}
	}
}

// Print calls write, whose output stays, while the line is erased and cannot be
// redrawn.
func (l *StatusLine) Print(write func()) {
	if l == nil {
		write()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	write()
}

// Clear erases the line until it is drawn again.
func (l *StatusLine) Clear() { l.Print(func() {}) }

// Close erases the line for good. It may be called more than once.
func (l *StatusLine) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.erase()
	l.mu.Unlock()
	if first && l.stop != nil {
		close(l.stop)
		<-l.done
	}
}

func (l *StatusLine) draw(text string) {
	if l.closed {
		return
	}
	_, _ = fmt.Fprint(l.out, eraseLine+l.style.Dim(Clip(text, max(l.columns()-1, 1))))
	l.shown = true
}

func (l *StatusLine) erase() {
	if l.shown {
		_, _ = fmt.Fprint(l.out, eraseLine)
		l.shown = false
	}
}
