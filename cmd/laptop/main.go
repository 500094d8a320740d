// Command laptop starts, deploys to and stops the local region.
//
// Tested by internal/local/laptop and by every acceptance test.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	if err := command().ExecuteContext(ctx); err != nil { //nolint:contextcheck // cobra hands it to the commands
		_, _ = fmt.Fprintln(os.Stderr, "laptop:", err)
		return 1
	}
	return 0
}
