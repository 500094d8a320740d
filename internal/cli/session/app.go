// Package session provides what commands share: the streams, the global flags
// and the connection to a stage in AWS.
package session

import (
	"context"
	"errors"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/local/region"
	"ephemr/internal/release"
)

// App is passed to every command.
type App struct {
	IO     *terminal.IO
	Getenv func(string) string

	Commit string // that ephemr was built from, if the linker has set it

	Stage  string // --stage
	Output string // --output
	Quiet  bool   // --no-color: no colours and no status lines

	// Connect finds a stage in AWS: Open, or a replacement in tests.
	Connect func(ctx context.Context, stage string) (*Session, error)

	// UseRegion makes the environment that of the local region of the project, and reports whether there is one; nil
	// if there is none.
	UseRegion func() (bool, error)

	// Release finds what is deployed. Commands of the local region and of deployments use it.
	Release func(context.Context) (release.Release, error)
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
	return a.useRegion()
}

// useRegion selects the local region of the project if no other stage or endpoint is selected: this cannot be a real
// account.
func (a *App) useRegion() error {
	name := a.StageName()
	if a.UseRegion == nil || name != "" && name != region.Stage || a.Getenv("AWS_ENDPOINT_URL") != "" {
		return nil
	}
	used, err := a.UseRegion()
	if used {
		a.Stage = region.Stage
	}
	if name == "" {
		return nil // the command may need no stage
	}
	return err
}

// UseProject selects the local region of the project, which runs.
func (a *App) UseProject() error {
	used, err := a.UseRegion()
	if err != nil {
		return err
	}
	if !used {
		return errors.New("no local region runs in this project; start one with ephemr up")
	}
	a.Stage = region.Stage
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
