package terminal

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Clean removes from untrusted text (logs, names, reasons) everything that
// could control a terminal: escape sequences, control characters other than
// tabs, and characters that reverse the direction of text.
func Clean(line string) string {
	if utf8.ValidString(line) && strings.IndexFunc(line, isUnsafe) < 0 {
		return line
	}
	line = strings.ToValidUTF8(line, string(utf8.RuneError)) // a byte like 0x9b is a control character to some terminals
	return strings.Map(func(r rune) rune {
		if isUnsafe(r) {
			return -1
		}
		return r
	}, ansi.Strip(line))
}

func isUnsafe(r rune) bool {
	switch {
	case r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0: // C0, DEL and C1
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, // bidirectional embeddings, overrides and isolates
		r == 0x061c, r == 0x200e, r == 0x200f: // bidirectional marks
		return true
	}
	return false
}

// OneLine makes untrusted text fit into a table cell or a message.
func OneLine(text string) string { return Clean(strings.Join(strings.Fields(text), " ")) }
