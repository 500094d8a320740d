// Package version is ephemr version.
package version

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"ephemr/internal/cli/session"

	"github.com/spf13/cobra"
)

// Info is what -o json prints.
type Info struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // commit
	Modified bool   `json:"modified,omitempty"` // the checkout differed from it
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Of describes this program; given is the version that the linker has set.
func Of(given string) Info {
	i := Info{Version: given, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return i
	}
	if i.Version == "" {
		i.Version = build.Main.Version
	}
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Revision = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		}
	}
	return i
}

// Command returns ephemr version.
func Command(app *session.App, given string) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: cobra.NoArgs,
		Example: `  ephemr version
  ephemr version -o json`,
		RunE: func(*cobra.Command, []string) error {
			i := Of(given)
			i.Revision = cmp.Or(app.Commit, i.Revision)
			if app.JSON() {
				return app.IO.JSON(i)
			}
			commit := ""
			if i.Revision != "" {
				commit = "commit " + i.Revision + ", "
			}
			app.IO.Printf("ephemr %s (%s%s, %s)\n", i.Version, commit, i.Go, i.Platform)
			return nil
		},
	}
}
