package service

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"time"

	"ephemr/internal/proof/bench/trace"
)

// Start is the start time of ephemr.
type Start struct {
	Version Seconds `json:"version"` // ephemr version, from start to end, median
	Request Seconds `json:"request"` // ephemr runs, until AWS has its first request, median
	Nothing Seconds `json:"nothing"` // true(1), from start to end, median
	Rounds  int     `json:"rounds"`  // of each
	Ratio   float64 `json:"ratio"`   // version to nothing
}

const startRounds = 20

func (s *Stage) start(ctx context.Context) (Start, error) {
	out := Start{Rounds: startRounds}
	var version, request, nothing trace.Sample
	for range startRounds {
		for _, x := range []struct {
			into *trace.Sample
			cmd  *exec.Cmd
		}{
			{&nothing, exec.CommandContext(ctx, "true")},
			{&version, exec.CommandContext(ctx, s.Program, "version")}, //nolint:gosec // our own binary
		} {
			x.cmd.Env = s.Environ
			begun := time.Now()
			if said, err := x.cmd.CombinedOutput(); err != nil {
				return out, fmt.Errorf("%s: %w\n%s", x.cmd, err, said)
			}
			*x.into = append(*x.into, time.Since(begun))
		}
		took, err := s.untilRequest(ctx)
		if err != nil {
			return out, err
		}
		request = append(request, took)
	}
	out.Version, out.Request, out.Nothing = Seconds(version.Median()), Seconds(request.Median()), Seconds(nothing.Median())
	out.Ratio = float64(out.Version) / float64(out.Nothing)
	return out, nil
}

// untilRequest starts a command that needs AWS and ends it at its first request.
func (s *Stage) untilRequest(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("listen for a request: %w", err)
	}
	asked := make(chan time.Time, 1)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case asked <- time.Now():
		default:
		}
		cancel()
	})}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(listener) }()
	cmd := exec.CommandContext(ctx, s.Program, "runs") //nolint:gosec // our own binary
	url := "http://" + listener.Addr().String()
	cmd.Env = slices.Concat(s.Environ, []string{"AWS_ENDPOINT_URL=" + url, "AWS_ENDPOINT_URL_SSM=" + url})
	begun := time.Now()
	said, err := cmd.CombinedOutput()
	select {
	case at := <-asked:
		return at.Sub(begun), nil
	default:
		return 0, fmt.Errorf("ephemr runs sent no request: %w\n%s", err, said)
	}
}
