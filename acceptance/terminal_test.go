package acceptance_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"

	"ephemr/internal/local/laptop"
	"ephemr/internal/run"
)

// tty is ephemr in a terminal of its own, as a person uses it.
type tty struct {
	cmd    *exec.Cmd
	screen *os.File
	gone   chan struct{} // the program has ended, and all it wrote is here

	mu  sync.Mutex
	out bytes.Buffer
}

// terminal starts ephemr in a terminal of so many columns. more is added to the
// environment.
func (w *world) terminal(t *testing.T, dir string, columns uint16, more []string, args ...string) *tty {
	t.Helper()
	x := &tty{cmd: exec.CommandContext(t.Context(), program, args...), gone: make(chan struct{})} //nolint:gosec // our own binary
	x.cmd.Dir = dir
	x.cmd.Env = append(laptop.Overlay(os.Environ(), w.region.Environ()), append([]string{"TERM=xterm-256color", "NO_COLOR="}, more...)...)
	var err error
	if x.screen, err = pty.StartWithSize(x.cmd, &pty.Winsize{Rows: 40, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.screen.Close() })
	go func() {
		defer close(x.gone)
		buf := make([]byte, 4096)
		for {
			n, err := x.screen.Read(buf)
			x.mu.Lock()
			x.out.Write(buf[:n])
			x.mu.Unlock()
			if err != nil { // EIO: nobody has the terminal open any more
				return
			}
		}
	}()
	return x
}

// written is what came so far, as the terminal got it.
func (x *tty) written() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.out.String()
}

// sees waits until the terminal has shown text.
func (x *tty) sees(t *testing.T, text string) {
	t.Helper()
	eventually(t, text+" on the terminal", func() (bool, string) {
		select {
		case <-x.gone:
			if !strings.Contains(x.written(), text) {
				t.Fatalf("ephemr ended before it said %q:\n%s", text, x.written())
			}
		default:
		}
		return strings.Contains(x.written(), text), x.written()
	})
}

// presses types something; \x03 is Ctrl-C.
func (x *tty) presses(t *testing.T, keys string) {
	t.Helper()
	if _, err := x.screen.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// end waits for the program, and returns what it wrote and its exit code.
func (x *tty) end(t *testing.T) (out string, code int) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-x.gone:
	case <-limit.C:
		t.Fatalf("ephemr did not end; it wrote:\n%s", x.written())
	}
	err := x.cmd.Wait()
	exited, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return x.written(), 0
	case failed && exited.Sys().(syscall.WaitStatus).Signaled():
		return x.written(), 128 + int(exited.Sys().(syscall.WaitStatus).Signal())
	case failed:
		return x.written(), exited.ExitCode()
	}
	t.Fatal(err)
	return "", 0
}

var (
	escape = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	moving = regexp.MustCompile(`\r\x1b\[K([^\r\n]*)`)
)

// remains is what a person still sees when everything is over: lines that were
// wiped are not there any more.
func remains(written string) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(written, "\r\n", "\n"), "\n") {
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i:]
		}
		lines = append(lines, strings.TrimLeft(escape.ReplaceAllString(line, ""), "\r"))
	}
	return lines
}

// spun are the lines that moved, without colours.
func spun(written string) []string {
	var lines []string
	for _, m := range moving.FindAllStringSubmatch(written, -1) {
		if text := escape.ReplaceAllString(m[1], ""); strings.ContainsAny(text, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") {
			lines = append(lines, text)
		}
	}
	return lines
}

func widest(lines []string) int {
	n := 0
	for _, l := range lines {
		n = max(n, utf8.RuneCountInString(l))
	}
	return n
}

// jobThatWaits is a source that begins, waits for an object to appear, and ends.
func jobThatWaits(t *testing.T, key string) (dir string) {
	t.Helper()
	return project(t, map[string]string{"job/run.sh": `echo begun; echo "to stderr" >&2
for i in $(seq 600); do aws s3 ls "` + w.settings.Lake["raw"] + "/" + key + `" >/dev/null && break; sleep 0.2; done
echo over`})
}

// A job is followed live: in colours, with a line that moves and is gone in the
// end, and that keeps within the window whatever becomes of its size.
func TestTerminalFollowsLive(t *testing.T) {
	t.Parallel()
	key := "terminal/" + nonce + "/live"
	x := w.terminal(t, jobThatWaits(t, key), 70, nil, "submit", "-d", "job", "-t", "bash", "-u", "etl")
	x.sees(t, "begun")
	x.sees(t, "0 of 1 jobs finished")
	before := len(spun(x.written()))
	if err := pty.Setsize(x.screen, &pty.Winsize{Rows: 40, Cols: 24}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a line in the narrow window", func() (bool, string) {
		all := spun(x.written())
		return len(all) > before+3, strings.Join(all, "\n")
	})
	narrow := len(spun(x.written())) - 1
	w.upload(t, key, "go on")
	out, code := x.end(t)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	contains(t, out, "\x1b[32mSUCCEEDED\x1b[0m", "\x1b[33mRUNNING\x1b[0m", "\x1b[36mj-")
	if n := widest(spun(out)[:before]); n < 30 || n >= 70 {
		t.Errorf("the moving line had up to %d columns in a window of 70", n)
	}
	if n := widest(spun(out)[narrow:]); n == 0 || n >= 24 {
		t.Errorf("the moving line had up to %d columns in a window of 24", n)
	}
	rest := strings.Join(remains(out), "\n")
	if strings.ContainsAny(rest, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏\x1b") {
		t.Errorf("the moving line is still there:\n%s", rest)
	}
	contains(t, rest, "\nbegun\n", "\nto stderr\n", "\nover\n", "] run SUCCEEDED after ")
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, want := range parts {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// Ctrl-C leaves the run alone and says how to come back to it; coming back
// shows everything.
func TestTerminalDetaches(t *testing.T) {
	t.Parallel()
	key := "terminal/" + nonce + "/detached"
	x := w.terminal(t, jobThatWaits(t, key), 100, nil, "submit", "-d", "job", "-t", "bash", "-u", "etl")
	x.sees(t, "begun")
	x.presses(t, "\x03")
	began := time.Now()
	out, code := x.end(t)
	if took := time.Since(began); code != 130 || took > patience/6 {
		t.Errorf("exit code %d after %s, want 130 at once", code, took)
	}
	rest := strings.Join(remains(out), "\n")
	m := regexp.MustCompile(`detached; the run continues; follow it with: ephemr logs -f (\S+)\n`).FindStringSubmatch(rest)
	if m == nil || strings.ContainsAny(rest, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏\x1b") {
		t.Fatalf("it did not say how to come back, or left the moving line:\n%s", rest)
	}
	if rec, err := w.runs.Load(t.Context(), m[1]); err != nil || rec.Run.State != run.Running {
		t.Errorf("the run does not go on: %+v, %v", rec, err)
	}
	back := w.terminal(t, t.TempDir(), 100, nil, "logs", "-f", m[1])
	back.sees(t, "begun")
	w.upload(t, key, "go on")
	if out, code := back.end(t); code != 0 || !strings.Contains(strings.Join(remains(out), "\n"), "\nover\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// Whoever presses Ctrl-C twice does not wait for anything.
func TestTerminalSecondInterrupt(t *testing.T) {
	t.Parallel()
	x := w.terminal(t, t.TempDir(), 80, nil, "start", "nobody-"+nonce)
	_, _ = x.end(t)
	key := "terminal/" + nonce + "/twice"
	x = w.terminal(t, jobThatWaits(t, key), 80, nil, "submit", "-d", "job", "-t", "bash", "-u", "etl")
	x.sees(t, "begun")
	x.presses(t, "\x03\x03")
	began := time.Now()
	if _, code := x.end(t); code != 130 || time.Since(began) > patience/6 {
		t.Errorf("exit code %d after %s, want 130 at once", code, time.Since(began))
	}
	w.upload(t, key, "go on")
}

// NO_COLOR and --no-color take away everything that is not text; a pipe does so
// by itself.
func TestTerminalWithoutColour(t *testing.T) {
	t.Parallel()
	name := "plain-" + nonce
	w.apply(t, bash(name, ""), map[string]string{"work": "echo hello"})
	for how, x := range map[string]*tty{
		"NO_COLOR":   w.terminal(t, t.TempDir(), 80, []string{"NO_COLOR=1"}, "start", name, "--follow"),
		"--no-color": w.terminal(t, t.TempDir(), 80, nil, "pipelines", "--no-color"),
		"TERM=dumb":  w.terminal(t, t.TempDir(), 80, []string{"TERM=dumb"}, "doctor", "--timeout", patience.String()),
	} {
		out, code := x.end(t)
		if code != 0 || strings.Contains(out, "\x1b") || strings.Contains(strings.ReplaceAll(out, "\r\n", ""), "\r") {
			t.Errorf("%s: exit code %d, %q", how, code, out)
		}
	}
}

// Tables keep within the window, and say what there is no room for.
func TestTerminalTables(t *testing.T) {
	t.Parallel()
	name := "table-" + nonce
	w.apply(t, bash(name, "description: "+strings.Repeat("a long description ", 10)+"\n"), map[string]string{"work": "exit 3"})
	id := w.begin(t, name)
	w.end(t, id)
	for _, columns := range []uint16{80, 120, 200} {
		for _, args := range [][]string{{"runs", name}, {"pipelines"}} {
			out, code := w.terminal(t, t.TempDir(), columns, nil, args...).end(t)
			lines := remains(out)
			if n := widest(lines); code != 0 || n > int(columns) {
				t.Errorf("ephemr %s: exit code %d, %d columns in a window of %d:\n%s", args[0], code, n, columns, strings.Join(lines, "\n"))
			}
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, name) }) {
				t.Errorf("ephemr %s: nothing of %s in a window of %d:\n%s", args[0], name, columns, strings.Join(lines, "\n"))
			}
			// What fits into 120 depends on the names of pipelines.
			if told := strings.Contains(out, "columns hidden: "); told != (columns == 80) && columns != 120 {
				t.Errorf("ephemr %s in a window of %d: says what was left out: %v\n%s", args[0], columns, told, out)
			}
		}
	}
}
