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

// Phase is a named part of a longer task.
type Phase struct {
	Name string  `json:"name"`
	Took Seconds `json:"took"`
}

// demo measures make demo with everything installed and no region up, in a region
// of its own.
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

// heading begins a phase in the demo's output.
var heading = regexp.MustCompile(`^(\d+\. [^:]+)`)

// timed runs a program of the checkout and returns the phases in its output.
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

// readPhases measures the time between the headings in a program's output.
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

// setupLine is the last line of a part's log by scripts/setup.
var setupLine = regexp.MustCompile(`(?m)^setup: (\w+) +(\d+) s$`)

// cold reads how long each part of the last set-up took.
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
