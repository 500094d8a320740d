package logstream_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/runner/logstream"
)

// CloudWatch is away for minutes: the program is not held up for long, lines that
// find room are kept, and streaming resumes with a line about the gap.
func TestOutage(t *testing.T) {
	t.Parallel()
	const minutes = 5
	for name, tt := range map[string]struct {
		every time.Duration // between two lines
		bytes int           // of a line
		cut   bool
	}{
		"few lines":  {time.Second, 100, false},
		"many lines": {time.Millisecond, 100, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := &service{t: t, put: func(int) error {
					if at := time.Since(began); at > 10*time.Second && at < minutes*time.Minute {
						return apiError("ServiceUnavailableException")
					}
					return nil
				}}
				var notices bytes.Buffer
				log := logstream.Open(s, "group", "name", &notices)
				var want []string
				for time.Since(began) < (minutes+1)*time.Minute {
					line := fmt.Sprintf("%0*d", tt.bytes, len(want))
					want = append(want, line)
					before := time.Now()
					_, _ = log.Write([]byte(line + "\n"))
					if held := time.Since(before); held > time.Minute {
						t.Fatalf("the program was held up for %s", held)
					}
					time.Sleep(tt.every)
				}
				err := log.Close(t.Context())
				if (err != nil) != tt.cut || strings.Count(notices.String(), "is available again") != 1 {
					t.Errorf("close: %v, notices %q", err, notices.String())
				}
				if tt.cut {
					checkGap(t, want, s.messages)
				} else if !slices.Equal(want, s.messages) {
					t.Errorf("%d messages, want %d", len(s.messages), len(want))
				}
			})
		})
	}
}

// checkGap checks that got is want with a line in place of those that are missing.
func checkGap(t *testing.T, want, got []string) {
	t.Helper()
	i := slices.IndexFunc(got, func(m string) bool { return strings.Contains(m, "lines are missing here") })
	if i < 0 {
		t.Fatal("no line about the gap")
	}
	before, after := got[:i], got[i+1:]
	missing := len(want) - len(before) - len(after)
	if !slices.Equal(before, want[:len(before)]) || !slices.Equal(after, want[len(want)-len(after):]) ||
		!strings.Contains(got[i], fmt.Sprintf("ephemr: %d lines are missing here", missing)) {
		t.Errorf("%d lines, %d before the gap, %d after it: %s", len(want), len(before), len(after), got[i])
	}
	if len(after) < 1000 || len(before) < 10_000 {
		t.Errorf("%d lines before the gap, %d after it", len(before), len(after))
	}
}

// Lines were dropped, and the service is back only after Close has begun: what was
// kept is delivered within the limits of a batch, with a line for each gap.
func TestOutageUntilClose(t *testing.T) {
	t.Parallel()
	line := func(size int) string { return strings.Repeat("x", size-1) }
	for name, tt := range map[string]struct {
		held []string // fills the batch that waits for the service
		lost []string
	}{
		"events":                      {slices.Repeat([]string{"x"}, 10_000), []string{"y", "z"}},
		"bytes":                       {slices.Repeat([]string{line(1<<18 - 26)}, 4), []string{line(1 << 18)}},
		"one event of the whole size": {[]string{line(1<<20 - 26)}, []string{line(100)}},
		"a short line after a long":   {[]string{line(1<<20 - 160)}, []string{line(1 << 19), "y"}},
		"long lines after a gap":      {[]string{line(1<<20 - 26)}, []string{line(1<<20 - 26), line(1<<20 - 26)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var there atomic.Bool
				s := &service{t: t, put: func(int) error {
					if there.Load() {
						return nil
					}
					return apiError("ServiceUnavailableException")
				}}
				log := logstream.Open(s, "group", "name", io.Discard)
				want := slices.Concat([]string{"first"}, tt.held, tt.lost)
				_, _ = log.Write([]byte("first\n"))
				time.Sleep(2 * time.Minute) // the first line is being sent, and Write does not wait any longer
				_, _ = log.Write([]byte(strings.Join(want[1:], "\n") + "\n"))
				time.AfterFunc(2*time.Second, func() { there.Store(true) })
				if err := log.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "lines were dropped") {
					t.Errorf("close: %v", err)
				}
				checkGaps(t, want, s.messages)
			})
		})
	}
}

// After an outage that was longer than a batch may span, and after a gap before the
// longest line, batches are within their limits.
func TestAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := &service{t: t, put: func(int) error {
			if at := time.Since(began); at > time.Second && at < 25*time.Hour {
				return apiError("ServiceUnavailableException")
			}
			return nil
		}}
		log := logstream.Open(s, "group", "name", io.Discard)
		want := []string{"first"}
		_, _ = log.Write([]byte("first\n"))
		for time.Since(began) < 26*time.Hour {
			time.Sleep(10 * time.Minute)
			want = append(want, time.Since(began).String())
			_, _ = log.Write([]byte(want[len(want)-1] + "\n"))
		}
		want = append(want, strings.Repeat("x", 1<<20-26))
		_, _ = log.Write([]byte(want[len(want)-1] + "\n"))
		if err := log.Close(t.Context()); err == nil {
			t.Error("nothing was dropped in a day")
		}
		checkGaps(t, want, s.messages)
	})
}

// checkGaps checks that got is want with a line in place of those that are missing.
func checkGaps(t *testing.T, want, got []string) {
	t.Helper()
	at, gaps := 0, 0
	for _, m := range got {
		var n int
		if _, err := fmt.Sscanf(m, "ephemr: %d lines are missing here", &n); err == nil {
			at, gaps = at+n, gaps+1
			continue
		}
		if at >= len(want) || m != want[at] {
			t.Fatalf("line %d is %.20q of %d bytes", at, m, len(m))
		}
		at++
	}
	if at != len(want) || gaps == 0 {
		t.Errorf("%d lines with %d gaps, want %d", at, gaps, len(want))
	}
}
