package program

import (
	"fmt"
	"io"
	"os"
	"time"
)

// lastWords is what a pipe can hold at most: once every writer is dead, no
// more than that can come.
const lastWords = 1 << 20

// idle is how long a drained pipe may stay silent. Whoever holds it then has
// escaped us.
const idle = time.Second

// outputPipe copies a pipe to a writer.
type outputPipe struct {
	read, write *os.File
	to          io.Writer
	done        chan struct{}
}

func newOutputPipe(to io.Writer) (*outputPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	return &outputPipe{read: r, write: w, to: to, done: make(chan struct{})}, nil
}

func (t *outputPipe) close() {
	_ = t.read.Close()
	_ = t.write.Close()
}

// start reads, after the program has got its end of the pipe.
func (t *outputPipe) start() {
	_ = t.write.Close()
	go t.copy()
}

// copy ends at the end of the file, that is with the last holder of the pipe,
// or when a drain has had what there was.
func (t *outputPipe) copy() {
	defer close(t.done)
	buf := make([]byte, 64<<10)
	draining := false
	for left := lastWords; left > 0; {
		if draining {
			_ = t.read.SetReadDeadline(time.Now().Add(idle))
		}
		n, err := t.read.Read(buf)
		_, _ = t.to.Write(buf[:n])
		switch {
		case err != nil && !draining && os.IsTimeout(err):
			draining = true
		case err != nil:
			return
		case draining:
			left -= n
		}
	}
}

// drain reads what is still in the pipe and closes it. The deadline tells copy.
func (t *outputPipe) drain() {
	_ = t.read.SetReadDeadline(time.Now())
	<-t.done
	_ = t.read.Close()
}
