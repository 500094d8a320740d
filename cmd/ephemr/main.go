// Command ephemr is the command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"ephemr/internal/cli"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
)

// version is set by the linker; otherwise that of the build is shown.
var version string

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The second interrupt ends the program at once.
	context.AfterFunc(ctx, stop)
	app := &session.App{IO: terminal.System(os.Getenv), Getenv: os.Getenv, Connect: session.Open}
	return cli.Main(ctx, os.Args[1:], app, version)
}
