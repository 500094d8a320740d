// Package session knows what every command works with: the streams, the global
// flags and, when a command asks for it, the stage in AWS.
package session

import (
	"context"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
)

// App is given to every command.
type App struct {
	IO     *terminal.IO
	Getenv func(string) string

	Stage  string // --stage
	Output string // --output
	Quiet  bool   // --no-color: no colour and nothing that moves

	// Connect finds a stage in AWS; Open, unless a test has another.
	Connect func(ctx context.Context, stage string) (*Session, error)
}

// Formats of --output.
const (
	FormatTable = "table"
	FormatJSON  = "json"
)

// Variable names the stage when no flag does.
const Variable = "EPHEMR_STAGE"

// JSON says whether a program reads the output.
func (a *App) JSON() bool { return a.Output == FormatJSON }

// Check looks at the global flags and applies them to the streams.
func (a *App) Check() error {
	if a.Output != FormatTable && a.Output != FormatJSON {
		return exit.Usage("invalid output format %q: use -o table or -o json", a.Output)
	}
	if a.Quiet {
		a.IO.Color = false
	}
	return nil
}

// StageName is the stage that the user names, or "".
func (a *App) StageName() string {
	if a.Stage != "" {
		return a.Stage
	}
	return a.Getenv(Variable)
}

// Session finds the stage that the user means. There is no default: what a
// command does to the wrong stage is hard to take back.
func (a *App) Session(ctx context.Context) (*Session, error) {
	name := a.StageName()
	if name == "" {
		return nil, exit.Usage("no stage given; use --stage dev or set %s=dev (for a local region: local)", Variable)
	}
	return a.Connect(ctx, name)
}
