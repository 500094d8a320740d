package laptop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// program describes a process to start.
type program struct {
	argv []string
	env  []string
	dir  string // working directory
	log  string // file, truncated
}

// errExited is the error of a process that ended before it was ready.
var errExited = errors.New("process exited")

// spawn starts what in a session of its own, so that it outlives this program
// and the terminal.
func (p *process) spawn(ctx context.Context, what program) error {
	log, err := os.Create(what.log)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), what.argv[0], what.argv[1:]...) //nolint:gosec // our own tools
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = what.dir, what.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.PID, p.Started = cmd.Process.Pid, created(cmd.Process.Pid)
	go func() { _ = cmd.Wait() }() // no zombie, should it end before us
	return nil
}

// await returns when p responds, has ended, or limit has passed. An error includes
// the end of p's log.
func (p *process) await(ctx context.Context, log string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		// Checked after the response, which may come from another process on the same port.
		answers := p.answers(ctx)
		if !p.alive() {
			return fmt.Errorf("wait for %s: %w; %s", p.Name, errExited, tail(log))
		}
		if answers {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s at %s for up to %s: %w; %s", p.Name, p.URL, limit, ctx.Err(), tail(log))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freeAddress returns a loopback address with an unused port.
func freeAddress(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// tail returns the last lines of a file, indented, under its name.
func tail(path string) string {
	const most, lines = 8 << 10, 15
	f, err := os.Open(path) //nolint:gosec // a log of ours
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err == nil && st.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	all = all[max(0, len(all)-lines):]
	return "the end of " + filepath.Clean(path) + ":\n  " + strings.Join(all, "\n  ")
}
