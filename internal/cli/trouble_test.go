package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/logs"
	"ephemr/internal/job"
	"ephemr/internal/logline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/runner/logstream"
)

// seen returns the lines that a reader gets of a program's output: as UTF-8, split
// after 1 MiB.
func seen(written string) []string {
	const most = 1<<20 - 26
	var want []string
	for line := range strings.Lines(written) {
		line = strings.ToValidUTF8(logline.Last(strings.TrimSuffix(line, "\n")), "\uFFFD")
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

// garbage is text with control characters and invalid bytes.
func garbage(n int) string {
	random := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = random.Read(b)
	return string(b)
}

// logs shows exactly what a program writes, through a CloudWatch with AWS's
// limits that throttles writes and reads: no line is lost, repeated or out of
// order, during the run and afterwards.
func TestEveryLineComesOnce(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1_000_000)
	type texts struct{ stdout, stderr string }
	for name, tt := range map[string]func() texts{ // made when their turn comes: they are large
		"100 MB": func() texts {
			return texts{repeat(1_000_000, strings.Repeat("0123456789", 9)+"012"), repeat(1000, "e")}
		},
		"binary garbage":        func() texts { return texts{garbage(3 << 20), "\x00\xff\xfe\n\x1b]0;title\a\r\n"} },
		"lines of 1 MB":         func() texts { return texts{repeat(10, big), big + "\n" + big} },
		"lines of more":         func() texts { return texts{"a\n" + strings.Repeat("y", 5<<20) + "\nb\n", ""} },
		"no newline at the end": func() texts { return texts{"one\ntwo", "three"} },
		"empty lines":           func() texts { return texts{"\n\none\n\n\n", ""} },
		"one byte":              func() texts { return texts{"x", ""} },
		"nothing":               func() texts { return texts{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && name == "100 MB" {
				t.Skip("it takes seconds")
			}
			text := tt()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.logs.Use(&awsfake.Hooks{Before: throttling()})
				at := time.Now()
				w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
				w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
				j := w.submit("flights-1", "clean", 1)
				go func() {
					w.stream(map[string]string{"stdout": text.stdout, "stderr": text.stderr})
					w.over("flights-1", j, 0, false)
					w.end("flights-1", run.Outcome{State: run.Succeeded})
				}()
				want := map[string][]string{"stdout": seen(text.stdout), "stderr": seen(text.stderr)}
				for _, follow := range []bool{true, false} {
					look := &looker{t: t, what: fmt.Sprintf("follow %t", follow), want: want, got: map[string]int{}}
					w.io.Out = look
					w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", JSON: true, Follow: follow}, w.io, w.follower()))
					look.end()
				}
			})
		})
	}
}

// throttling is a CloudWatch that throttles about every second call, for writes
// and reads.
func throttling() func(op string) error {
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

// stream streams the output of a program as the runner does.
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

// looker compares the lines of -o json with the expected ones as they arrive.
type looker struct {
	t    *testing.T
	what string
	want map[string][]string
	got  map[string]int // by stream
}

// Write receives one line: the encoder writes each with one call.
func (k *looker) Write(p []byte) (int, error) {
	var l logs.Line
	if err := json.Unmarshal(p, &l); err != nil {
		k.t.Fatalf("%s: %v in %.100q", k.what, err, p)
	}
	n := k.got[l.Stream]
	k.got[l.Stream]++
	if want := k.want[l.Stream]; n >= len(want) || l.Message != want[n] {
		k.t.Fatalf("%s: line %d of %s is %.100q", k.what, n, l.Stream, l.Message)
	}
	return len(p), nil
}

func (k *looker) end() {
	for name, want := range k.want {
		if k.got[name] != len(want) {
			k.t.Errorf("%s: %s has %d lines, want %d", k.what, name, k.got[name], len(want))
		}
	}
}
