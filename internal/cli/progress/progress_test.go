package progress_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/terminal"
)

func TestBar(t *testing.T) {
	t.Parallel()
	tty := terminal.IO{ErrTTY: true, Color: true, Width: 80}
	for name, tt := range map[string]struct {
		io    terminal.IO
		json  bool
		takes time.Duration
		want  []string
	}{
		"long work":         {io: tty, takes: 10 * time.Second, want: []string{"packing jobs/clean", "% |█", " MiB/s) [5s:"}},
		"short work":        {io: tty, takes: 900 * time.Millisecond},
		"a pipe":            {io: terminal.IO{OutTTY: true, Color: true}, takes: 10 * time.Second},
		"nothing may move":  {io: terminal.IO{ErrTTY: true}, takes: 10 * time.Second},
		"a program reads":   {io: tty, json: true, takes: 10 * time.Second},
		"a narrow terminal": {io: terminal.IO{ErrTTY: true, Color: true, Width: 60}, takes: 3 * time.Second, want: []string{"packing j…"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				tt.io.Err = &out
				bar := progress.New(&tt.io, tt.json).Begin("packing jobs/clean")
				const all, steps = 100 << 20, 1000
				for i := range steps {
					time.Sleep(tt.takes / steps)
					bar.Update(int64(i+1)*all/steps, all)
				}
				bar.End()
				look(t, out.String(), tt.io.Width, tt.want)
			})
		})
	}
}

// Work that is counted shows things in place of bytes.
func TestBarOfCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		bar := progress.New(&terminal.IO{Err: &out, ErrTTY: true, Color: true, Width: 80}, false).BeginCount("generating orders", "rows")
		time.Sleep(50 * time.Millisecond) // updates fall between two drawings
		for i := range 100 {
			bar.Update(int64(i)*1000, 100_000)
			time.Sleep(100 * time.Millisecond)
		}
		bar.End()
		look(t, out.String(), 80, []string{"generating orders", " 50% |█", "rows/s"})
		if strings.Contains(out.String(), "iB") {
			t.Error("the bar shows bytes")
		}
	})
}

// Work of unknown size shows activity.
func TestBarOfUnknownSize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		bar := progress.New(&terminal.IO{Err: &out, ErrTTY: true, Color: true}, false).Begin("packing x")
		time.Sleep(3 * time.Second)
		bar.End()
		if !strings.Contains(out.String(), "packing x") || !strings.Contains(out.String(), "[2s]") {
			t.Errorf("got %q", out.String())
		}
	})
}

// look checks the output on a terminal of this width: nothing at all, or all of
// want and an empty line at the end.
func look(t *testing.T, out string, columns int, want []string) {
	t.Helper()
	if len(want) == 0 && out != "" {
		t.Errorf("got %q, want nothing", out)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("no %q in %q", w, out)
		}
	}
	if len(want) > 0 && !strings.HasSuffix(out, "\x1b[2K\r") {
		t.Errorf("it stays: %q", out[max(0, len(out)-100):])
	}
	for frame := range strings.SplitSeq(out, "\r") {
		if n := len([]rune(strings.TrimSuffix(frame, "\x1b[0K"))); columns >= 80 && n > columns {
			t.Errorf("%d columns: %q", n, frame)
		}
	}
}
