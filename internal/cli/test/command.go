package test

import (
	"runtime"

	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
)

const long = `Run pipelines on fixtures in the local region, and compare their data with what is expected.

A test is a folder with a test.yaml: the file of a pipeline, its params, the input to put into the lake, and the
expected outcome, outputs of jobs and rows of datasets. A folder stands for all tests below it. See docs/testing.md.

Each test has folders of its own in the lake and a pipeline of its own without triggers, so that tests do not see
each other's data, nor what else is in the region. Without --stage and EPHEMR_STAGE the local region of the checkout
is used; if there is none, one is started and ended afterwards. Another stage has to be named by --stage.

Exit codes: 0 all tests passed; 1 a test failed, or an error occurred; 2 a test is invalid, and none was run.`

const example = `  ephemr test
  ephemr test tests/flights-daily --keep
  ephemr test tests --run '^flights' --junit build/tests.xml`

// Command returns ephemr test.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "test [FOLDER...]", Short: "run pipelines on fixtures and compare their data", Long: long, Example: example,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Dirs, o.JSON = args, app.JSON()
			if !cmd.Flags().Changed("parallel") {
				o.Parallel = min(runtime.GOMAXPROCS(0), maxDefault)
			}
			return Run(cmd.Context(), o, app.IO, connector(app))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.Project, "project", "p", ".", "project root that pipelines and sources are relative to; its folder tests is the default")
	flags.StringVar(&o.Run, "run", "", "run only tests whose names match the `regexp`")
	flags.StringVar(&o.JUnit, "junit", "", "write the results to this `file` as JUnit XML")
	flags.BoolVar(&o.Keep, "keep", false, "keep the data that tests wrote, and a region that was started")
	flags.IntVar(&o.Parallel, "parallel", 0, "`number` of tests that run at the same time (default: CPUs, at most 4)")
	cobra.CheckErr(cmd.MarkFlagDirname("project"))
	cobra.CheckErr(cmd.MarkFlagFilename("junit", "xml"))
	return cmd
}
