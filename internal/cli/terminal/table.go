package terminal

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const gap = "  "

// Table writes rows under a header to Out. The last column is clipped to the
// terminal.
func (s *IO) Table(header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, r := range append([][]string{header}, rows...) {
		for i, cell := range r {
			widths[i] = max(widths[i], width(cell))
		}
	}
	bold := make([]string, len(header))
	for i, name := range header {
		bold[i] = s.OutStyle().Bold(name)
	}
	last := len(header) - 1
	for _, r := range append([][]string{bold}, rows...) {
		var b strings.Builder
		for i, cell := range r[:last] {
			b.WriteString(cell + strings.Repeat(" ", widths[i]-width(cell)) + gap)
		}
		b.WriteString(Clip(r[last], s.room(widths[:last])))
		s.Printf("%s\n", strings.TrimRight(b.String(), " "))
	}
}

// room is what the terminal leaves beside columns of these widths; 0 = not
// limited.
func (s *IO) room(widths []int) int {
	if s.Width == 0 {
		return 0
	}
	left := s.Width
	for _, w := range widths {
		left -= w + len(gap)
	}
	return max(left, 10)
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
