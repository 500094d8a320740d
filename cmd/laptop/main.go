// Command laptop starts, deploys to and stops the local region.
//
// Tested by internal/local/laptop and by every acceptance test.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"ephemr/internal/local/laptop"
)

// exitNotRecorded is the exit code if there is no region: ephemr test starts one then.
const exitNotRecorded = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	if err := command().ExecuteContext(ctx); err != nil { //nolint:contextcheck // cobra hands it to the commands
		_, _ = fmt.Fprintln(os.Stderr, "laptop:", err)
		if errors.Is(err, laptop.ErrNotRecorded) {
			return exitNotRecorded
		}
		return 1
	}
	return 0
}
