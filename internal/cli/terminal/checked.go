package terminal

import (
	"io"
	"sync"
)

// Checked is a Writer that keeps the first error, because most of what is printed
// has no way to return it: without it, output lost on a full disk is a success.
type Checked struct {
	to   io.Writer
	lost func() // called once, on the first error

	mu  sync.Mutex
	err error
}

// Check returns a Checked for w.
func Check(w io.Writer, lost func()) *Checked { return &Checked{to: w, lost: lost} }

// Write writes to the Writer below.
func (c *Checked) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil {
			c.err = err
			c.lost()
		}
	}
	return n, err //nolint:wrapcheck // it is the Writer's
}

// Err is the first error.
func (c *Checked) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
