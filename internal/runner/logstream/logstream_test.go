package logstream_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/runner/logstream"
)

// maxMessage is what one event may carry.
const maxMessage = 1<<20 - 26

func stream(t *testing.T, writes ...string) []string {
	t.Helper()
	return streamTo(t, &service{t: t}, writes...)
}

func streamTo(t *testing.T, s *service, writes ...string) []string {
	t.Helper()
	var notices bytes.Buffer
	log := logstream.Open(s, "group", "name", &notices)
	for _, w := range writes {
		if n, err := log.Write([]byte(w)); n != len(w) || err != nil {
			t.Errorf("write %d of %d bytes: %v", n, len(w), err)
		}
	}
	if err := log.Close(t.Context()); err != nil || notices.Len() > 0 {
		t.Errorf("close: %v, notices %q", err, notices.String())
	}
	return s.messages
}

func TestLines(t *testing.T) {
	t.Parallel()
	x, euros := strings.Repeat("x", maxMessage), strings.Repeat("€", maxMessage/3)
	tests := map[string]struct {
		writes []string
		want   []string
	}{
		"nothing":               {writes: []string{""}},
		"lines":                 {writes: []string{"a\nb\n"}, want: []string{"a", "b"}},
		"a line in pieces":      {writes: []string{"a", "b", "\nc", "\n"}, want: []string{"ab", "c"}},
		"no newline at the end": {writes: []string{"a\nb"}, want: []string{"a", "b"}},
		"empty lines":           {writes: []string{"\n\na\n\n"}, want: []string{" ", " ", "a", " "}},
		"carriage returns":      {writes: []string{"a\r\nb\rc\n"}, want: []string{"a", "c"}},
		"a progress bar":        {writes: []string{"\rcopied 5%", "\rcopied 10", "%\rcopied 15%", "\ndone\n"}, want: []string{"copied 15%", "done"}},
		"a bar that returns":    {writes: []string{"5%\r", "10%\r\n", "\r\n", "\r"}, want: []string{"10%", " "}},
		"a bar at the end":      {writes: []string{"5%\r10%\r"}, want: []string{"10%"}},
		"a long bar":            {writes: []string{strings.Repeat("\r"+x, 3) + "\rend\n"}, want: []string{"end"}},
		"binary":                {writes: []string{"\x00\xff\xfea\x80b\n\xe2\x82\n"}, want: []string{"\x00\uFFFDa\uFFFDb", "\uFFFD"}},
		"a rune in pieces":      {writes: []string{"\xe2", "\x82", "\xac\n"}, want: []string{"€"}},
		"as long as allowed":    {writes: []string{x, "\n", "y\n"}, want: []string{x, "y"}},
		"one byte longer":       {writes: []string{x + "x\ny"}, want: []string{x, "x", "y"}},
		"longest at the end":    {writes: []string{x}, want: []string{x}},
		"a line of 1 MB":        {writes: []string{"a\n" + x[:1_000_000] + "\nb\n"}, want: []string{"a", x[:1_000_000], "b"}},
		"a line of 4 MiB":       {writes: []string{strings.Repeat(x, 4) + "z\n"}, want: []string{x, x, x, x, "z"}},
		"runes are not cut":     {writes: []string{"a" + euros + "€\n"}, want: []string{"a" + euros, "€"}},
		"growing by its replacements": {
			writes: []string{strings.Repeat("a\xff", maxMessage/2) + "\n"},
			want: []string{
				strings.Repeat("a\uFFFD", maxMessage/4) + "a",
				"\uFFFD" + strings.Repeat("a\uFFFD", maxMessage/4-1) + "a",
				"\uFFFD",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := stream(t, tt.writes...)
			if !slices.Equal(tt.want, got) {
				if len(got) == len(tt.want) {
					for i := range got {
						t.Logf("message %d: %d bytes, want %d", i, len(got[i]), len(tt.want[i]))
					}
				}
				t.Errorf("got %d messages, want %d: %.60q", len(got), len(tt.want), got)
			}
		})
	}
}

// Where events may have no more than 256 KiB, as it was for long, longer lines
// come in pieces.
func TestSmallEvents(t *testing.T) {
	t.Parallel()
	const small = 256<<10 - 26
	x := strings.Repeat("x", small)
	s := &service{t: t, most: 256 << 10}
	got := streamTo(t, s, "a\n", strings.Repeat("x", maxMessage)+"\nb\n", "é"+strings.Repeat("é", small/2)+"\n", x+"\n", x+"y")
	tail := strings.Repeat("x", maxMessage-4*small)
	want := []string{"a", x, x, x, x, tail, "b", strings.Repeat("é", small/2), "é", x, x, "y"}
	if !slices.Equal(want, got) {
		t.Errorf("got %d messages, want %d", len(got), len(want))
	}
}

// What CloudWatch throws away is said once, and by Close.
func TestRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var notices bytes.Buffer
		log := logstream.Open(&service{t: t, reject: true}, "group", "name", &notices)
		for range 3 {
			_, _ = log.Write([]byte("line\n"))
			time.Sleep(time.Second)
		}
		if err := log.Close(t.Context()); err == nil || strings.Count(notices.String(), "check the clock") != 1 {
			t.Errorf("close: %v, notices %q", err, notices.String())
		}
	})
}

// However the bytes arrive, the same lines come out.
func TestAnyPieces(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test is to be repeatable
	var text strings.Builder
	var want []string
	for range 3000 {
		line := strings.Repeat("é", random.IntN(1+random.IntN(2000)))
		text.WriteString(line + "\n")
		if line == "" {
			line = " "
		}
		want = append(want, line)
	}
	var pieces []string
	for all := text.String(); all != ""; {
		n := 1 + random.IntN(min(len(all), 1+random.IntN(100_000)))
		pieces, all = append(pieces, all[:n]), all[n:]
	}
	if got := stream(t, pieces...); !slices.Equal(want, got) {
		t.Errorf("got %d messages, want %d", len(got), len(want))
	}
}

func TestWithinOneSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		log := logstream.Open(s, "group", "name", io.Discard)
		for range 20 {
			at := time.Now()
			_, _ = log.Write([]byte("line\n"))
			time.Sleep(700 * time.Millisecond) // of the bubble's clock
			s.mu.Lock()
			last := s.stamps[len(s.stamps)-1]
			s.mu.Unlock()
			if last.Before(at) || last.Sub(at) > time.Second {
				t.Errorf("line of %s was sent at %s", at, last)
			}
		}
		if err := log.Close(t.Context()); err != nil || len(s.messages) != 20 {
			t.Errorf("%d messages, %v", len(s.messages), err)
		}
	})
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, put: func(n int) error {
			if n%4 != 0 {
				return apiError("ThrottlingException")
			}
			return nil
		}}
		var notices bytes.Buffer
		log := logstream.Open(s, "group", "name", &notices)
		var want []string
		for i := range 60_000 {
			line := strings.Repeat("x", i%100) + "."
			want = append(want, line)
			_, _ = log.Write([]byte(line + "\n"))
		}
		if err := log.Close(t.Context()); err != nil || notices.Len() > 0 {
			t.Errorf("close: %v, notices %q", err, notices.String())
		}
		if !slices.Equal(want, s.messages) {
			t.Errorf("got %d messages, want %d in order", len(s.messages), len(want))
		}
	})
}

// While nothing is accepted, at most two batches are held and Write blocks.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var accepts atomic.Bool
		var written atomic.Int64
		s := &service{t: t, put: func(int) error {
			if !accepts.Load() {
				return apiError("ThrottlingException")
			}
			return nil
		}}
		log := logstream.Open(s, "group", "name", io.Discard)
		go func() {
			for range 50 {
				n, _ := log.Write(bytes.Repeat([]byte("0123456789abcde\n"), 4096))
				written.Add(int64(n))
			}
			if err := log.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if written := written.Load(); written > 1<<20 {
			t.Errorf("%d bytes were taken while nothing was accepted", written)
		}
		accepts.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.messages) != 50*4096 {
			t.Errorf("%d messages", len(s.messages))
		}
	})
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		service *service
		most    time.Duration
		tries   int
	}{
		"access denied":    {&service{put: func(int) error { return apiError("AccessDeniedException") }}, 3 * time.Second, 3},
		"no group":         {&service{create: func() error { return apiError("ResourceNotFoundException") }}, 3 * time.Second, 3},
		"always down":      {&service{put: func(int) error { return io.ErrUnexpectedEOF }}, time.Minute, 20},
		"always throttled": {&service{put: func(int) error { return apiError("ThrottlingException") }}, 3 * time.Minute, 50},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tt.service
				s.t = t
				var notices bytes.Buffer
				start := time.Now()
				log := logstream.Open(s, "group", "name", &notices)
				for range 100_000 { // more than is ever held: blocks until the stream is given up
					_, _ = log.Write([]byte("0123456789012345678901234567890123456789\n"))
				}
				if took := time.Since(start); took > tt.most {
					t.Errorf("the program was held up for %s", took)
				}
				if err := log.Close(t.Context()); err == nil {
					t.Error("close tells of no failure")
				}
				if n := strings.Count(notices.String(), "stop streaming to log stream name of group"); n != 1 {
					t.Errorf("said so %d times: %q", n, notices.String())
				}
				if s.calls > tt.tries {
					t.Errorf("%d tries", s.calls)
				}
			})
		})
	}
}

func TestCloseInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t, put: func(int) error { return apiError("ThrottlingException") }}
		log := logstream.Open(s, "group", "name", io.Discard)
		_, _ = log.Write([]byte("line\n"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		err := log.Close(ctx)
		if took := time.Since(start); err == nil || took > 10*time.Second {
			t.Errorf("closed after %s: %v", took, err)
		}
		if n, err := log.Write([]byte("late\n")); n != 5 || err != nil {
			t.Errorf("write after close: %d, %v", n, err)
		}
	})
}

// A batch whose answer did not come is neither doubled nor lost.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	answer := func(status int, err error) error { // as the SDK wraps it, status 0 where none came
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}
	}
	timeout := answer(0, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded})
	badGateway := answer(http.StatusBadGateway, io.EOF)
	refused := answer(0, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	first := func(err error) func(int) error {
		return func(n int) error {
			if n == 1 {
				return err
			}
			return nil
		}
	}
	for name, tt := range map[string]struct {
		service *service
		want    []string
		gets    int
	}{
		"taken, no answer":           {&service{lost: first(timeout)}, []string{"one", "two"}, 1},
		"taken, seen late":           {&service{lost: first(timeout), lag: 2500 * time.Millisecond}, []string{"one", "two"}, 3},
		"taken, answered by a proxy": {&service{lost: first(badGateway)}, []string{"one", "two"}, 1},
		"taken, half an answer":      {&service{lost: first(answer(http.StatusOK, net.ErrClosed))}, []string{"one", "two"}, 1},
		"not taken, no answer":       {&service{put: first(timeout)}, []string{"one", "two"}, 3},
		"not taken, never left":      {&service{put: first(refused)}, []string{"one", "two"}, 0},
		"throttled":                  {&service{put: first(apiError("ThrottlingException"))}, []string{"one", "two"}, 0},
		"taken, may not be read":     {&service{lost: first(timeout), get: apiError("AccessDeniedException")}, []string{"one", "one", "two"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tt.service
				s.t = t
				s.again = name == "taken, may not be read"
				log := logstream.Open(s, "group", "name", io.Discard)
				_, _ = log.Write([]byte("one\n"))
				time.Sleep(time.Second)
				_, _ = log.Write([]byte("two\n"))
				if err := log.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.want, s.messages); diff != "" || s.gets != tt.gets {
					t.Errorf("looked %d times, want %d: %s", s.gets, tt.gets, diff)
				}
			})
		})
	}
}

func TestStreamDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{t: t}
		log := logstream.Open(s, "group", "name", io.Discard)
		_, _ = log.Write([]byte("one\n"))
		time.Sleep(time.Second)
		s.mu.Lock()
		s.created = 0
		s.mu.Unlock()
		_, _ = log.Write([]byte("two\n"))
		if err := log.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"one", "two"}, s.messages); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkLines(b *testing.B) {
	log := logstream.Open(&service{created: 1}, "group", "name", io.Discard)
	chunk := bytes.Repeat([]byte(strings.Repeat("x", 99)+"\n"), 640)
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		_, _ = log.Write(chunk)
	}
	_ = log.Close(context.Background())
	b.ReportMetric(float64(b.N)*640/b.Elapsed().Seconds(), "lines/s")
}
