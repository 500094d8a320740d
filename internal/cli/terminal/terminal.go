// Package terminal writes the output of commands: formatted text on a terminal,
// plain text in a pipe, JSON for programs.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// IO is the output of a command: results go to Out, messages to Err.
type IO struct {
	Out, Err       io.Writer
	OutTTY, ErrTTY bool
	Color          bool // if it is a terminal
	Width          int  // of Out in columns, if it is a terminal; 0 = not limited

	size func() int // current width of Err, if it is a terminal
}

// System returns the IO of the process. NO_COLOR is respected, see no-color.org.
func System(getenv func(string) string) *IO {
	s := &IO{
		Out: os.Stdout, Err: os.Stderr,
		OutTTY: isTerminal(os.Stdout), ErrTTY: isTerminal(os.Stderr),
		Color: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb",
	}
	if s.OutTTY {
		s.Width = columns(os.Stdout)
	}
	if s.ErrTTY {
		s.size = func() int { return columns(os.Stderr) }
	}
	return s
}

// Columns returns the current width of the terminal, which may be resized while
// a status line is shown.
func (s *IO) Columns() int {
	if s.size != nil {
		if n := s.size(); n > 0 {
			return n
		}
	}
	if s.Width > 0 {
		return s.Width
	}
	return 80
}

func columns(f *os.File) int {
	n, _, _ := term.GetSize(int(f.Fd()))
	return n
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// OutStyle is the style of text on Out.
func (s *IO) OutStyle() Style { return Style{On: s.Color && s.OutTTY} }

// ErrStyle is the style of text on Err.
func (s *IO) ErrStyle() Style { return Style{On: s.Color && s.ErrTTY} }

// Printf writes to Out.
func (s *IO) Printf(format string, args ...any) { _, _ = fmt.Fprintf(s.Out, format, args...) }

// Notef writes to Err.
func (s *IO) Notef(format string, args ...any) { _, _ = fmt.Fprintf(s.Err, format, args...) }

// JSON writes v to Out, indented.
func (s *IO) JSON(v any) error {
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
