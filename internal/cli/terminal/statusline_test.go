package terminal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/terminal"
)

const erase = "\r\x1b[K"

// The line is animated in place, erased for permanent output, and erased at the
// end.
func TestStatusLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		io := terminal.IO{Err: &out, ErrTTY: true, Color: true, Width: 12}
		line := io.StatusLine()
		line.Set("connecting")
		began := time.Now()
		line.Animate(func(spinner rune) string { return fmt.Sprintf("%c %s, 文字文字", spinner, time.Since(began)) })
		time.Sleep(250 * time.Millisecond)
		line.Print(func() { io.Notef("note\n") })
		time.Sleep(100 * time.Millisecond)
		line.Close()
		line.Close()
		line.Set("too late")
		line.Animate(func(rune) string { return "too late" })
		time.Sleep(time.Second)
		want := strings.Join([]string{
			"", "\x1b[2mconnecting\x1b[0m", "\x1b[2m⠙ 100ms, …\x1b[0m", "\x1b[2m⠹ 200ms, …\x1b[0m", "note\n",
			"\x1b[2m⠸ 300ms, …\x1b[0m", "",
		}, erase)
		if out.String() != want {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
	})
}

// Without an interactive terminal there is no status line.
func TestStatusLineWithoutTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for name, io := range map[string]terminal.IO{"a pipe": {Color: true}, "no colour": {ErrTTY: true, OutTTY: true}} {
		io.Out, io.Err = &out, &out
		for _, line := range []*terminal.StatusLine{io.StatusLine(), io.OutStatusLine()} {
			out.Reset()
			line.Set("waiting")
			line.Animate(func(rune) string { return "waiting" })
			line.Print(func() { io.Notef("note\n") })
			line.Clear()
			line.Close()
			if out.String() != "note\n" {
				t.Errorf("%s: got %q", name, out.String())
			}
		}
	}
}
