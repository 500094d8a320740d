package logstream_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/runner/logstream"
)

// A line that does not end is shown after two seconds, and again when it has
// changed; then comes the line.
func TestStatesOfALine(t *testing.T) {
	t.Parallel()
	type write struct {
		at   time.Duration
		text string
	}
	tests := map[string]struct {
		writes []write
		want   []string
	}{
		"a prompt":          {[]write{{0, "loading..."}, {5 * time.Second, "done\n"}}, []string{"loading...\r", "loading...done"}},
		"ends in time":      {[]write{{0, "loading..."}, {time.Second, "done\n"}}, []string{"loading...done"}},
		"grows":             {[]write{{0, "a"}, {4 * time.Second, "b"}, {8 * time.Second, "\n"}}, []string{"a\r", "ab\r", "ab"}},
		"a slow bar":        {[]write{{0, "\r5%"}, {3 * time.Second, "\r10%"}, {6 * time.Second, "\n"}}, []string{"\r5%\r", "\r10%\r", "10%"}},
		"a bar that stands": {[]write{{0, "5%\r"}, {30 * time.Second, "10%\r\n"}}, []string{"\r5%\r", "10%"}},
		"the same again":    {[]write{{0, "5%"}, {4 * time.Second, "\r5%"}, {8 * time.Second, "\n"}}, []string{"5%\r", "5%"}},
		"too long":          {[]write{{0, strings.Repeat("x", 9<<10)}, {4 * time.Second, "\n"}}, []string{strings.Repeat("x", 9<<10)}},
		"half a rune":       {[]write{{0, "a\xe2\x82"}, {4 * time.Second, "\xac\n"}}, []string{"a\r", "a€"}},
		"never ends":        {[]write{{0, "bye"}, {4 * time.Second, ""}}, []string{"bye\r", "bye"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var notices bytes.Buffer
				s := &service{t: t}
				log := logstream.Open(s, "group", "name", &notices)
				began := time.Now()
				for _, w := range tt.writes {
					time.Sleep(time.Until(began.Add(w.at)))
					_, _ = log.Write([]byte(w.text))
				}
				if err := log.Close(t.Context()); err != nil || notices.Len() > 0 {
					t.Errorf("close: %v, notices %q", err, notices.String())
				}
				if diff := cmp.Diff(tt.want, s.messages); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A bar that changes all the time is shown every two seconds.
func TestFastBar(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		log := logstream.Open(s, "group", "name", &bytes.Buffer{})
		for range 1000 { // 20 s
			_, _ = log.Write([]byte("\r" + time.Now().String()))
			time.Sleep(20 * time.Millisecond)
		}
		if err := log.Close(t.Context()); err != nil || len(s.messages) < 7 || len(s.messages) > 11 {
			t.Errorf("%d messages, %v", len(s.messages), err)
		}
	})
}
