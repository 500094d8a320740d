package service

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/proof/bench/trace"
)

// Lines is the latency and rate of a job's output at the terminal.
type Lines struct {
	Timed   int     `json:"timed"`   // lines that say when they were printed
	P50     Seconds `json:"p50"`     // from print to terminal
	P99     Seconds `json:"p99"`     // likewise
	Longest Seconds `json:"longest"` // likewise
	Many    int     `json:"many"`    // lines printed as fast as possible
	Bytes   int64   `json:"bytes"`   // of those
	Rate    float64 `json:"rate"`    // of those on the terminal, lines a second
	Pipe    float64 `json:"pipe"`    // through a pipe on this machine, lines a second
	Ratio   float64 `json:"ratio"`   // rate to pipe
}

const (
	timedLines = 300
	manyLines  = 200_000
)

// timed prints the time about twenty times a second.
var timed = fmt.Sprintf("for i in $(seq %d); do echo \"at ${EPOCHREALTIME/,/.}\"; sleep 0.05; done\n", timedLines)

// many prints lines of 100 bytes.
var many = fmt.Sprintf(`awk 'BEGIN { for (i = 1; i <= %d; i++) printf "%%09d %%089d\n", i, i }'`+"\n", manyLines)

func (s *Stage) lines(ctx context.Context) (l Lines, err error) {
	root, err := s.project("timed", timed)
	if err != nil {
		return l, err
	}
	var late trace.Sample
	if err := s.submit(ctx, root, "timed", func(line string, at time.Time) {
		if printed, ok := printedAt(line); ok {
			late = append(late, at.Sub(printed))
		}
	}); err != nil {
		return l, err
	}
	l.Timed, l.P50, l.P99, l.Longest = len(late), Seconds(late.Quantile(0.5)), Seconds(late.Quantile(0.99)), Seconds(late.Quantile(1))
	if root, err = s.project("many", many); err != nil {
		return l, err
	}
	var seen flow
	if err := s.submit(ctx, root, "many", seen.line); err != nil {
		return l, err
	}
	l.Many, l.Bytes, l.Rate = seen.lines, seen.bytes, seen.rate()
	if l.Pipe, err = pipe(ctx, filepath.Join(root, "many", "run.sh")); err != nil {
		return l, err
	}
	l.Ratio = l.Rate / l.Pipe
	return l, nil
}

// pipe is the rate of the same lines without a cluster.
func pipe(ctx context.Context, script string) (float64, error) {
	cmd := exec.CommandContext(ctx, "bash", script) //nolint:gosec // our own script
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", script, err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("run %s: %w", script, err)
	}
	var seen flow
	if err := each(out, time.Now, seen.line); err != nil {
		return 0, err
	}
	return seen.rate(), cmd.Wait()
}

// flow counts lines.
type flow struct {
	lines       int
	bytes       int64
	first, last time.Time
}

func (f *flow) line(line string, at time.Time) {
	if f.lines == 0 {
		f.first = at
	}
	f.lines, f.bytes, f.last = f.lines+1, f.bytes+int64(len(line))+1, at
}

// rate is in lines a second, from the first line to the last.
func (f *flow) rate() float64 {
	if f.lines < 2 || !f.last.After(f.first) {
		return 0
	}
	return float64(f.lines-1) / f.last.Sub(f.first).Seconds()
}

// printedAt reads the time in a line like "at 1795305600.123456".
func printedAt(line string) (time.Time, bool) {
	text, ok := strings.CutPrefix(line, "at ")
	whole, part, dotted := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	micros, partErr := strconv.ParseInt(part, 10, 64)
	if !ok || !dotted || err != nil || partErr != nil || len(part) != 6 {
		return time.Time{}, false
	}
	return time.Unix(seconds, micros*1000), true
}

// each passes every line to read, with its time of arrival.
func each(out io.Reader, now func() time.Time, read func(line string, at time.Time)) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		read(lines.Text(), now())
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read lines: %w", err)
	}
	return nil
}
