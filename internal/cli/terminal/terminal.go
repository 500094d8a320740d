// Package terminal is where commands write: text that a person enjoys on a
// terminal, plain text in a pipe, JSON for programs.
package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// IO is where a command writes. Results go to Out, everything about them to Err.
type IO struct {
	Out, Err       io.Writer
	OutTTY, ErrTTY bool
	Color          bool // on those that are terminals
	Width          int  // of the terminal that Out is, in columns; 0 = not limited

	size func() int // of the terminal that Err is, now
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

// Columns is how wide the terminal is at this moment, for lines that move on
// Err: people resize windows while they wait.
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

// OutStyle colours what is written to Out.
func (s *IO) OutStyle() Style { return Style{On: s.Color && s.OutTTY} }

// ErrStyle colours what is written to Err.
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
