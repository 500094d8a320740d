package terminal_test

import (
	"strings"
	"testing"
	"unicode"

	"ephemr/internal/cli/terminal"
)

// Untrusted text cannot control a terminal.
func TestClean(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ line, want string }{
		"plain text":                   {"done\tin 3 s", "done\tin 3 s"},
		"wide and combining":           {"日本 e\u0301 👩‍💻", "日本 e\u0301 👩‍💻"},
		"right-to-left text":           {"שלום", "שלום"},
		"colours":                      {"\x1b[1;31mred\x1b[0m", "red"},
		"a cursor movement":            {"a\x1b[2Ab", "ab"},
		"a window title":               {"a\x1b]0;title\x07b", "ab"},
		"a title without its end":      {"a\x1b]0;title", "a"},
		"a hyperlink":                  {"\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\", "here"},
		"a device control string":      {"a\x1bP1$qm\x1b\\b", "ab"},
		"a carriage return":            {"error\rfine", "errorfine"},
		"a backspace, a bell, DEL":     {"a\b\a\x7fb", "ab"},
		"C1 controls":                  {"a\u009b31mb\u0085", "a31mb"},
		"a raw C1 byte":                {"a\x9b31mb", "a\ufffd31mb"},
		"invalid UTF-8":                {"a\xffb", "a\ufffdb"},
		"an escape in a broken rune":   {"a\xc2\x1b[31mb", "a\ufffdb"},
		"a bidirectional override":     {"a\u202etxt.exe\u202c", "atxt.exe"},
		"bidirectional marks":          {"a\u200eb\u200fc\u061cd", "abcd"},
		"bidirectional isolates":       {"\u2066a\u2069", "a"},
		"an escape around an override": {"\x1b\u202e[31ma", "[31ma"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := terminal.Clean(tt.line); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// For any input, the output has no control characters, and Clean is idempotent.
func FuzzClean(f *testing.F) {
	for _, line := range []string{"", "a\x1b[31mb\x1b[0m", "\x1b\x1b]\x9b\xc2\x1b[\u202e", "\xe2\x80", "日本\x07"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := terminal.Clean(line)
		if i := strings.IndexFunc(got, func(r rune) bool {
			return r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && r > 0x2010
		}); i >= 0 {
			t.Errorf("%q became %q, which has a control character at %d", line, got, i)
		}
		if again := terminal.Clean(got); again != got {
			t.Errorf("%q became %q, and then %q", line, got, again)
		}
	})
}
