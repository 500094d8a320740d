package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

const gap = "  "

// Table writes rows under a header to Out, aligned by the columns that a
// terminal uses for wide and combining characters. On a terminal the last column
// is clipped to the room that is left. If that is too little, columns before it
// are left out, but never the first two: people search for and copy those.
func (s *IO) Table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, r := range append([][]string{header}, rows...) {
		for i, cell := range r {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	shown := s.fitting(widths)
	bold := make([]string, len(header))
	for i, name := range header {
		bold[i] = s.OutStyle().Bold(name)
	}
	last := shown[len(shown)-1]
	for _, r := range append([][]string{bold}, rows...) {
		var b strings.Builder
		for _, i := range shown[:len(shown)-1] {
			b.WriteString(r[i] + strings.Repeat(" ", widths[i]-ansi.StringWidth(r[i])) + gap)
		}
		b.WriteString(s.clip(r[last], s.left(widths, shown[:len(shown)-1])))
		s.Printf("%s\n", strings.TrimRight(b.String(), " "))
	}
	var out []string
	for i, name := range header {
		if !slices.Contains(shown, i) {
			out = append(out, name)
		}
	}
	if len(out) > 0 {
		s.Notef("%s\n", s.ErrStyle().Dim(s.hidden(out)))
	}
}

// hidden says which columns have no room, or how many if there is none for that.
func (s *IO) hidden(names []string) string {
	const advice = "; widen the terminal or use -o json"
	text := "columns hidden: " + strings.Join(names, ", ") + advice
	if s.Width > 0 && len(text) > s.Width {
		text = fmt.Sprintf("columns hidden: %d%s", len(names), advice)
	}
	return text
}

// least is the minimum width of the last column, unless its text is shorter.
const least = 16

// fitting returns the columns that fit.
func (s *IO) fitting(widths []int) []int {
	shown := make([]int, len(widths))
	for i := range shown {
		shown[i] = i
	}
	last := len(widths) - 1
	for s.Width > 0 && len(shown) > 3 && s.left(widths, shown[:len(shown)-1]) < min(widths[last], least) {
		shown = slices.Delete(shown, len(shown)-2, len(shown)-1)
	}
	return shown
}

// left returns the room that columns leave on the terminal.
func (s *IO) left(widths, columns []int) int {
	left := s.Width
	for _, i := range columns {
		left -= widths[i] + len(gap)
	}
	return left
}

// clip shortens a cell to room on a terminal.
func (s *IO) clip(cell string, room int) string {
	if s.Width == 0 {
		return cell
	}
	return Clip(cell, max(room, 10))
}

// Clip shortens text to room columns and keeps its colours; 0 = not limited.
func Clip(text string, room int) string {
	if room <= 0 {
		return text
	}
	return ansi.Truncate(text, room, "…")
}
