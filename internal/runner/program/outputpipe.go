package program

import (
	"fmt"
	"io"
	"os"
	"time"
)

// lastWords is the capacity of a pipe: once every writer has ended, no more than
// that can follow.
const lastWords = 1 << 20

// idle is how long a drained pipe may stay silent. Then it is held by a process
// that could not be killed.
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

// start begins to read, after the program has inherited its end of the pipe.
func (t *outputPipe) start() {
	_ = t.write.Close()
	go t.copy()
}

// copy returns at the end of the file, when the last holder of the pipe has
// ended, or when drain has read the rest.
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

// drain reads what is left in the pipe and closes it. The deadline wakes copy.
func (t *outputPipe) drain() {
	_ = t.read.SetReadDeadline(time.Now())
	<-t.done
	_ = t.read.Close()
}
