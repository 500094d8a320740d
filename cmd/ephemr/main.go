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

// version and commit are set by the linker; otherwise those of the build are shown.
var version, commit string

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The second interrupt ends the program at once.
	context.AfterFunc(ctx, stop)
	app := &session.App{
		IO: terminal.System(os.Getenv), Getenv: os.Getenv, Connect: session.Open, Commit: commit,
		UseRegion: session.UseRegion,
		Release:   find,
	}
	return cli.Main(ctx, os.Args[1:], app, version)
}
