package binary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"ephemr/internal/stage"
)

// patience is how long a function may take to start.
const patience = 20 * time.Second

// Start runs a function's binary until it asks the Lambda Runtime API for its
// first event, and returns how long that took: what Lambda calls init, without
// the download of the package.
func Start(ctx context.Context, path, settings string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := make(chan time.Time, 1)
	api, err := serve(ctx, asked)
	if err != nil {
		return 0, err
	}
	defer api.Close() //nolint:errcheck // nothing is left to be done about it
	cmd := exec.CommandContext(ctx, path)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = environ(api.Addr, settings)
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-asked:
		cancel()
		<-ended
		return at.Sub(begun), nil
	case err := <-ended:
		return 0, fmt.Errorf("start %s: it ended before it requested an event: %w: %s", path, errors.Join(err, ctx.Err()), said.String())
	}
}

// serve is enough of a Runtime API to be requested once.
func serve(ctx context.Context, asked chan<- time.Time) (*http.Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve runtime API: %w", err)
	}
	s := &http.Server{
		Addr: listener.Addr().String(), ReadHeaderTimeout: patience,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/invocation/next") {
				select {
				case asked <- time.Now():
				default:
				}
			}
			<-r.Context().Done() // there never is an event
		}),
	}
	go s.Serve(listener) //nolint:errcheck // it ends with Close
	return s, nil
}

// environ is the environment in which Lambda starts a function.
func environ(api, settings string) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + api, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_LOG_GROUP_NAME=bench", "AWS_LAMBDA_LOG_STREAM_NAME=bench",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=000000000000", "AWS_SECRET_ACCESS_KEY=test",
		"PATH=" + os.Getenv("PATH"), "TZ=:UTC", stage.Variable + "=" + settings,
	}
}
