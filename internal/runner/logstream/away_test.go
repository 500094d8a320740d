package logstream_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
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
