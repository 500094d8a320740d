// Command localemr is an Amazon EMR for a laptop. Package
// ephemr/internal/local/localemr says what it does and documents its admin API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run returns the exit code: 2 for wrong flags, 1 for anything else that fails.
func run(ctx context.Context, args []string) int {
	opts, err := parse(args, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err := serve(ctx, opts); err != nil {
		slog.ErrorContext(ctx, "serve", "error", err)
		return 1
	}
	return 0
}
