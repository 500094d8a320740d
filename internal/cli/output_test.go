package cli_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/start"
	"ephemr/internal/cli/terminal"
)

// full is a disk that is full after some bytes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, syscall.ENOSPC
	}
	f.left -= len(p)
	return len(p), nil
}

// Output that is lost is an error, whatever the command prints.
func TestOutputIsLost(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"version", "version -o json", "help", "runs --help", "completion bash", "completion zsh"} {
		for name, space := range map[string]int{"at once": 0, "later": 3} {
			t.Run(line+" "+name, func(t *testing.T) {
				t.Parallel()
				var stderr buffer
				app := &session.App{
					IO: &terminal.IO{Out: &full{left: space}, Err: &stderr}, Getenv: func(string) string { return "" },
					Connect: func(context.Context, string) (*session.Session, error) { return nil, errors.New("not connected") },
				}
				code := cli.Main(t.Context(), strings.Fields(line), app, "v1")
				if code != exit.CodeFailed || !strings.Contains(stderr.String(), "output lost: no space left on device") {
					t.Errorf("exit code %d, stderr %q", code, stderr.String())
				}
			})
		}
	}
}

// Following a run whose output cannot be written ends: it would go on unseen.
func TestLostOutputEndsFollowing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := newWorld(t)
		w.register()
		w.io.Out = terminal.Check(&full{}, cancel)
		go func() {
			time.Sleep(time.Second)
			w.deliver()
		}()
		began := time.Now()
		err := start.Run(ctx, start.Options{Pipeline: "flights", Priority: -1, Follow: true}, w.io, w.settings, start.Clients{
			Pipelines: w.pipelines, SQS: w.sqs, Follower: w.follower(), Sender: caller,
		})
		if exit.CodeOf(err) != exit.CodeInterrupted || time.Since(began) > time.Minute {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
	})
}
