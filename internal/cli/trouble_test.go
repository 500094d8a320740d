package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/awsfake"
	"ephemr/internal/cli/logs"
	"ephemr/internal/job"
	"ephemr/internal/logstream"
	"ephemr/internal/run"
)

// seen is what a reader gets to see of what a program wrote: its lines, as
// UTF-8, those of more than 1 MiB in pieces.
func seen(written string) []string {
	const most = 1<<20 - 26
	var want []string
	for line := range strings.Lines(written) {
		line = strings.ToValidUTF8(strings.TrimSuffix(line, "\n"), "\uFFFD")
		for len(line) > most {
			want, line = append(want, line[:most]), line[most:]
		}
		want = append(want, line)
	}
	return want
}

// repeat is n lines that all differ.
func repeat(n int, line string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d %s\n", i, line)
	}
	return b.String()
}

// garbage is what no terminal likes.
func garbage(n int) string {
	random := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = random.Read(b)
	return string(b)
}

// What a program writes is what logs shows, through a CloudWatch with the limits
// of AWS's that throttles both sides: nothing lost, nothing doubled, every
// stream in its order; while it is written, and afterwards.
func TestEveryLineComesOnce(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1_000_000)
	for name, tt := range map[string]struct {
		stdout, stderr string
	}{
		"100 MB":                {stdout: repeat(1_000_000, strings.Repeat("0123456789", 9)+"012"), stderr: repeat(1000, "e")},
		"binary garbage":        {stdout: garbage(3 << 20), stderr: "\x00\xff\xfe\n\x1b]0;title\a\r\n"},
		"lines of 1 MB":         {stdout: repeat(20, big), stderr: big + "\n" + big},
		"lines of more":         {stdout: "a\n" + strings.Repeat("y", 5<<20) + "\nb\n"},
		"no newline at the end": {stdout: "one\ntwo", stderr: "three"},
		"empty lines":           {stdout: "\n\none\n\n\n"},
		"one byte":              {stdout: "x"},
		"nothing":               {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && len(tt.stdout) > 50<<20 {
				t.Skip("it takes seconds")
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.logs.Use(&awsfake.Hooks{Before: unwilling()})
				at := time.Now()
				w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
				w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
				j := w.submit("flights-1", "clean", 1)
				go func() {
					w.stream(map[string]string{"stdout": tt.stdout, "stderr": tt.stderr})
					w.over("flights-1", j, 0, false)
					w.end("flights-1", run.Outcome{State: run.Succeeded})
				}()
				want := map[string][]string{"stdout": seen(tt.stdout), "stderr": seen(tt.stderr)}
				for _, follow := range []bool{true, false} {
					var out bytes.Buffer
					w.io.Out = &out
					w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", JSON: true, Follow: follow}, w.io, w.follower()))
					same(t, fmt.Sprintf("follow %t", follow), want, read(t, &out))
				}
			})
		})
	}
}

// unwilling is a CloudWatch that throttles every second call or so, of whoever
// writes and whoever reads.
func unwilling() func(op string) error {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test is to be repeatable
	var mu sync.Mutex
	return func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(2) == 0 {
			return awsfake.Throttled()
		}
		return nil
	}
}

// stream writes what a program writes, as the runner streams it.
func (w *world) stream(texts map[string]string) {
	w.t.Helper()
	var notices bytes.Buffer
	var all sync.WaitGroup
	for name, text := range texts {
		all.Go(func() {
			s := logstream.Open(w.logs, w.settings.RunLogGroup, job.Dir("flights-1", "clean", 1)+"/"+name, &notices)
			if _, err := io.CopyBuffer(struct{ io.Writer }{s}, strings.NewReader(text), make([]byte, 64<<10)); err != nil {
				w.t.Error(err)
			}
			if err := s.Close(w.t.Context()); err != nil {
				w.t.Error(err)
			}
		})
	}
	all.Wait()
	if notices.Len() > 0 {
		w.t.Errorf("the writer says %q", notices.String())
	}
}

// read returns the lines of -o json by stream.
func read(t *testing.T, out io.Reader) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	d := json.NewDecoder(out)
	for {
		var l logs.Line
		if err := d.Decode(&l); err == io.EOF {
			return got
		} else if err != nil {
			t.Fatal(err)
		}
		got[l.Stream] = append(got[l.Stream], l.Message)
	}
}

func same(t *testing.T, what string, want, got map[string][]string) {
	t.Helper()
	for _, name := range []string{"stdout", "stderr"} {
		if slices.Equal(want[name], got[name]) {
			continue
		}
		t.Errorf("%s: %s has %d lines, want %d", what, name, len(got[name]), len(want[name]))
		for i, line := range got[name] {
			if i >= len(want[name]) || line != want[name][i] {
				t.Errorf("line %d is %.100q", i, line)
				break
			}
		}
	}
}
