package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/notify"
	"ephemr/internal/outbox"
)

const window = 10 * time.Minute

var day = time.Date(2026, time.November, 30, 0, 0, 0, 0, time.UTC)

// timeline adds entries to a State and takes what is due, and prints it.
type timeline struct {
	state    outbox.State
	silences []outbox.Silence
	runs     int
	said     []string
}

// at does what a script says: "f job" a failure of a class, "f job pt" for a value, "s" a
// success, "r" a rejected request, "d" a deadline, "-" nothing. Then it takes what is due
// so many minutes after midnight.
func (l *timeline) at(minutes float64, script string) {
	now := day.Add(time.Duration(minutes * float64(time.Minute)))
	for _, step := range strings.Split(script, ", ") {
		if words := strings.Fields(step); words[0] != "-" {
			l.state.Add(l.entry(words, now))
		}
	}
	id := func(n int) string { return fmt.Sprint(n) }
	for _, x := range l.state.Take(id, 100, l.silences, window, now) {
		m := x.Message
		l.said = append(l.said, strings.TrimSpace(fmt.Sprintf("%s: %s %s %d %s", now.Format("15:04"), m.Kind, m.Class, m.Count, strings.Join(x.To, "+"))))
	}
}

func (l *timeline) entry(words []string, now time.Time) notify.Entry {
	l.runs++
	m := notify.Message{Stage: "dev", Pipeline: "p", RunID: fmt.Sprintf("r-%d", l.runs), At: now}
	e := notify.Entry{To: []string{"me"}, Logical: now}
	switch words[0] {
	case "f":
		m.Kind, m.State, m.Class = notify.Failure, "FAILED", words[1]
		if len(words) > 2 {
			e.Value = words[2]
		}
	case "s":
		m.Kind, e.To = notify.Success, nil
		if len(words) > 1 {
			e.Value = words[1]
		}
		if len(words) > 2 { // of an earlier date
			e.Logical = day.AddDate(0, 0, -1)
		}
	case "r":
		m.Kind, m.State = notify.Rejected, "REJECTED"
	case "d":
		m.Kind = notify.Deadline
	}
	e.Message = m
	return e
}

func TestThreads(t *testing.T) {
	t.Parallel()
	thousand := strings.TrimSuffix(strings.Repeat("f job, ", 1000), ", ")
	for name, tt := range map[string]struct {
		do   func(*timeline)
		want []string
	}{
		"one failure a day": {
			func(l *timeline) { l.at(0, "f job"); l.at(1440, "f job"); l.at(2880, "f job") },
			[]string{"00:00: failure job 1 me", "00:00: failure job 1 me", "00:00: failure job 1 me"},
		},
		"a thousand in a minute": {
			func(l *timeline) { l.at(0, "f job"); l.at(1, thousand); l.at(9, "-"); l.at(10, "-"); l.at(20, "-") },
			[]string{"00:00: failure job 1 me", "00:10: failure job 1000 me"},
		},
		"classes have threads of their own": {
			func(l *timeline) { l.at(0, "f job, f data"); l.at(1, "f job, f data"); l.at(10, "-") },
			[]string{"00:00: failure data 1 me", "00:00: failure job 1 me", "00:10: failure data 1 me", "00:10: failure job 1 me"},
		},
		"resolved": {
			func(l *timeline) { l.at(0, "f job"); l.at(1, "s"); l.at(20, "s") },
			[]string{"00:00: failure job 1 me", "00:01: resolved job 0 me"},
		},
		"resolved with what was pending": {
			func(l *timeline) { l.at(0, "f job"); l.at(1, "f job, f job"); l.at(2, "s") },
			[]string{"00:00: failure job 1 me", "00:02: resolved job 2 me"},
		},
		"a pipeline that fails at every other run": {
			func(l *timeline) {
				for m := range 20 {
					l.at(float64(m), []string{"f job", "s"}[m%2])
				}
			},
			[]string{"00:00: failure job 1 me", "00:01: resolved job 0 me", "00:10: failure job 5 me", "00:11: resolved job 0 me"},
		},
		"a success before any failure":       {func(l *timeline) { l.at(0, "s") }, nil},
		"a success of an earlier date":       {func(l *timeline) { l.at(0, "f job"); l.at(1, "s - -") }, []string{"00:00: failure job 1 me"}},
		"a success of another value":         {func(l *timeline) { l.at(0, "f job pt"); l.at(1, "s es") }, []string{"00:00: failure job 1 me"}},
		"success of all values":              {func(l *timeline) { l.at(0, "f job pt, f job es"); l.at(1, "s es"); l.at(2, "s pt") }, []string{"00:00: failure job 2 me", "00:02: resolved job 0 me"}},
		"rejected requests are not resolved": {func(l *timeline) { l.at(0, "r"); l.at(1, "s, r"); l.at(10, "-") }, []string{"00:00: rejected  1 me", "00:10: rejected  1 me"}},
		"deadlines do not wait":              {func(l *timeline) { l.at(0, "d"); l.at(1, "d, d") }, []string{"00:00: deadline  1 me", "00:01: deadline  1 me", "00:01: deadline  1 me"}},
		"silence": {
			func(l *timeline) {
				l.silences = []outbox.Silence{{Until: day.Add(2 * time.Hour)}}
				l.at(0, "f job")
				l.at(60, "f job")
				l.at(121, "-")
			},
			[]string{"02:01: failure job 2 me"},
		},
		"silence of a class": {
			func(l *timeline) {
				l.silences = []outbox.Silence{{Class: "data", Until: day.Add(time.Hour)}}
				l.at(0, "f job, f data")
				l.at(60, "-")
			},
			[]string{"00:00: failure job 1 me", "01:00: failure data 1 me"},
		},
		"resolved while silent": {
			func(l *timeline) {
				l.silences = []outbox.Silence{{Until: day.Add(time.Hour)}}
				l.at(0, "f job")
				l.at(1, "s")
				l.at(60, "-")
			},
			[]string{"01:00: resolved job 1 me"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l timeline
			tt.do(&l)
			if diff := cmp.Diff(tt.want, l.said); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestForgotten: threads are removed when they are over.
func TestForgotten(t *testing.T) {
	t.Parallel()
	var l timeline
	l.at(0, "f job, f data, r")
	l.at(1, "s")
	l.at(30, "-")
	if n := len(l.state.Threads); n != 0 {
		t.Errorf("%d threads are left: %+v", n, l.state.Threads)
	}
	if _, due := l.state.Due(nil); due {
		t.Error("something is due")
	}
}
