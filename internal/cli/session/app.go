// Package session provides what commands share: the streams, the global flags
// and the connection to a stage in AWS.
package session

import (
	"context"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
)

// App is passed to every command.
type App struct {
	IO     *terminal.IO
	Getenv func(string) string

	Stage  string // --stage
	Output string // --output
	Quiet  bool   // --no-color: no colours and no status lines

	// Connect finds a stage in AWS: Open, or a replacement in tests.
	Connect func(ctx context.Context, stage string) (*Session, error)
}

// Formats of --output.
const (
	FormatTable = "table"
	FormatJSON  = "json"
)

// Variable is the environment variable for the default of --stage.
const Variable = "EPHEMR_STAGE"

// JSON reports whether the output is JSON.
func (a *App) JSON() bool { return a.Output == FormatJSON }

// Check validates the global flags and applies them to the streams.
func (a *App) Check() error {
	if a.Output != FormatTable && a.Output != FormatJSON {
		return exit.Usage("invalid output format %q: use -o table or -o json", a.Output)
	}
	if a.Quiet {
		a.IO.Color = false
	}
	return nil
}

// StageName is the selected stage, or "".
func (a *App) StageName() string {
	if a.Stage != "" {
		return a.Stage
	}
	return a.Getenv(Variable)
}

// Session connects to the selected stage. There is no default, because changes
// to the wrong stage are hard to undo.
func (a *App) Session(ctx context.Context) (*Session, error) {
	name := a.StageName()
	if name == "" {
		return nil, exit.Usage("no stage given; use --stage dev or set %s=dev (for a local region: local)", Variable)
	}
	return a.Connect(ctx, name)
}
