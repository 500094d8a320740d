package resize

import (
	"fmt"
	"sync"
	"time"

	"ephemr/internal/cli/terminal"
)

// line is the last line of a terminal, which says what is waited for and moves
// meanwhile. A nil one shows nothing.
type line struct {
	io    *terminal.IO
	began time.Time
	stop  chan struct{}
	gone  chan struct{}

	mu   sync.Mutex
	text string
	over bool
}

// newLine returns a line on Err, or nil if nothing may move there.
func newLine(io *terminal.IO, json bool) *line {
	if json || !io.ErrTTY || !io.Color {
		return nil
	}
	l := &line{io: io, began: time.Now(), stop: make(chan struct{}), gone: make(chan struct{}), text: "asking EMR"}
	go l.show()
	return l
}

func (l *line) say(text string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

// end takes the line away; a second time it does nothing.
func (l *line) end() {
	if l == nil {
		return
	}
	l.mu.Lock()
	over := l.over
	l.over = true
	l.mu.Unlock()
	if !over {
		close(l.stop)
		<-l.gone
	}
}

func (l *line) show() {
	defer close(l.gone)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		l.mu.Lock()
		text := fmt.Sprintf("%c %s %s", terminal.Frame(n), terminal.Duration(time.Since(l.began)), l.text)
		l.mu.Unlock()
		_, _ = fmt.Fprint(l.io.Err, terminal.Erase+l.io.ErrStyle().Dim(terminal.Clip(text, l.io.Columns()-1)))
		select {
		case <-l.stop:
			_, _ = fmt.Fprint(l.io.Err, terminal.Erase)
			return
		case <-tick.C:
		}
	}
}
