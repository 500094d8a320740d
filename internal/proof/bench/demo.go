package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/local/laptop"
)

// Phase is a part of a longer way.
type Phase struct {
	Name string  `json:"name"`
	Took Seconds `json:"took"`
}

// demo does what make demo does when everything is installed and no region is
// up, in a region of its own, and times it.
func demo(ctx context.Context, root string, log io.Writer) (phases []Phase, err error) {
	dir, err := os.MkdirTemp("", "ephemr-bench-demo-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	defer func() {
		err = errors.Join(err, laptop.Down(context.WithoutCancel(ctx), laptop.Options{Root: root, Dir: dir}), os.RemoveAll(dir))
	}()
	program := filepath.Join(root, "dist", "bin", "laptop")
	for _, c := range []struct {
		name string
		argv []string
	}{
		{"scripts/setup", []string{filepath.Join(root, "scripts", "setup")}},
		{"scripts/build", []string{filepath.Join(root, "scripts", "build"), laptop.Stage}},
		{"laptop up", []string{program, "--dir", dir, "up"}},
		{"laptop deploy", []string{program, "--dir", dir, "deploy"}},
		{"laptop demo", []string{program, "--dir", dir, "demo"}},
	} {
		_, _ = fmt.Fprintln(log, "demo:", c.name)
		begun := time.Now()
		parts, err := timed(ctx, root, c.argv)
		if err != nil {
			return phases, fmt.Errorf("%s: %w", c.name, err)
		}
		phases = append(append(phases, Phase{c.name, Seconds(time.Since(begun))}), parts...)
	}
	return phases, nil
}

// heading begins a phase in what the demo prints.
var heading = regexp.MustCompile(`^(\d+\. [^:]+)`)

// timed runs a program of the checkout and returns the phases that its output
// shows.
func timed(ctx context.Context, root string, argv []string) ([]Phase, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // our own programs
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("run program: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run program: %w", err)
	}
	phases := readPhases(out, time.Now)
	if err := cmd.Wait(); err != nil {
		return phases, fmt.Errorf("%w\n%s", err, said.String())
	}
	return phases, nil
}

// readPhases times the headings in what a program prints, until it ends.
func readPhases(out io.Reader, now func() time.Time) []Phase {
	var phases []Phase
	var begun time.Time
	end := func() {
		if len(phases) > 0 {
			phases[len(phases)-1].Took = Seconds(now().Sub(begun))
		}
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := heading.FindString(lines.Text()); m != "" {
			end()
			phases, begun = append(phases, Phase{Name: "  " + m}), now()
		}
	}
	end()
	return phases
}

// setupLine is what scripts/setup leaves at the end of a part's log.
var setupLine = regexp.MustCompile(`(?m)^setup: (\w+) +(\d+) s$`)

// cold reads how long each part of the set-up took when it was done last.
func cold(root string) []Phase {
	logs, _ := filepath.Glob(filepath.Join(root, ".tools", "log", "*.log")) // the pattern is well-formed
	var phases []Phase
	for _, path := range logs {
		text, _ := os.ReadFile(path) //nolint:gosec // found above
		for _, m := range setupLine.FindAllStringSubmatch(string(text), -1) {
			seconds, _ := strconv.Atoi(m[2])
			phases = append(phases, Phase{m[1], Seconds(time.Duration(seconds) * time.Second)})
		}
	}
	return phases
}
