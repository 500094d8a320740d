package terminal

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const gap = "  "

// Table writes rows under a header to Out. On a terminal the last column is
// clipped to what is left; when that is too little, columns before it are left
// out, but never the first two, which are what people look for and copy.
func (s *IO) Table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, r := range append([][]string{header}, rows...) {
		for i, cell := range r {
			widths[i] = max(widths[i], width(cell))
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
			b.WriteString(r[i] + strings.Repeat(" ", widths[i]-width(r[i])) + gap)
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
		s.Notef("%s\n", s.ErrStyle().Dim("no room for "+strings.Join(out, ", ")+"; widen the terminal, or use -o json"))
	}
}

// least is how wide the last column is at least, if it has that much to say.
const least = 16

// fitting returns the columns that there is room for.
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

// left is what columns leave of the terminal.
func (s *IO) left(widths, columns []int) int {
	left := s.Width
	for _, i := range columns {
		left -= widths[i] + len(gap)
	}
	return left
}

// clip shortens a cell to room on a terminal. One that has colours would lose
// their end, so it stays.
func (s *IO) clip(cell string, room int) string {
	if s.Width == 0 || width(cell) != utf8.RuneCountInString(cell) {
		return cell
	}
	return Clip(cell, max(room, 10))
}

var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func width(cell string) int { return utf8.RuneCountInString(colors.ReplaceAllString(cell, "")) }

// Clip shortens text without colours to room columns; 0 = not limited.
func Clip(text string, room int) string {
	if room <= 0 || width(text) <= room {
		return text
	}
	return string([]rune(text)[:room-1]) + "…"
}
