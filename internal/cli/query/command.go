package query

import (
	"cmp"
	"os"
	"slices"
	"time"

	"ephemr/internal/cli/session"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
)

// TeamVariable is the environment variable for the default of --team.
const TeamVariable = "EPHEMR_TEAM"

const long = `Run a SQL query on the data lake with Amazon Athena, in the team's workgroup: with the team's scan limit and
result location.

Rows are written to stdout; the row count, bytes scanned, estimated cost at list price and query id to stderr.
The statements of a file run one after the other and stop at the first error. An interrupt stops the query and
exits with 130.

Saved queries are the files queries/*.sql of the project; --list shows them. --param sets their params; values
are always passed as values and cannot change the SQL.

Formats: table shows the first --max-rows rows; csv and json stream all rows. In CSV an empty string is "" and
NULL is empty; in JSON numbers, booleans and NULL keep their types and everything else is a string.`

const example = `  ephemr query "select carrier, sum(flights) from delays group by 1"
  ephemr query --list
  ephemr query --saved delays --param month=2013-02 --format csv > delays.csv
  ephemr query -f report.sql -o json | jq '.[0]'
  ephemr query "show tables" --team data
  ephemr query --detach -f long.sql`

// Command returns ephemr query.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "query [SQL | -]", Short: "run a SQL query on the data lake (Athena)", Long: long, Example: example,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.SQL = args[0]
			}
			if o.JSON = app.JSON(); o.JSON {
				o.Format = cmp.Or(o.Format, FormatJSON)
			}
			if err := o.check(); err != nil {
				return err
			}
			if o.List {
				return List(o, app.IO)
			}
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, cmd.InOrStdin(), s.Settings, Clients{
				Parameters: ssm.NewFromConfig(s.Config), Athena: athena.NewFromConfig(s.Config),
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&o.File, "file", "f", "", "run the statements of a file; - for stdin")
	flags.StringVar(&o.Saved, "saved", "", "run the saved query of this `name`")
	flags.BoolVar(&o.List, "list", false, "list the saved queries")
	flags.StringArrayVar(&o.Params, "param", nil, "param of the query, as `key=value`; can be repeated")
	flags.StringVarP(&o.Project, "project", "p", ".", "project root, which contains queries/")
	flags.StringVar(&o.Team, "team", cmp.Or(app.Getenv(TeamVariable), stage.NoTeam), "team whose workgroup is used; $"+TeamVariable+" if set")
	flags.StringVar(&o.Database, "database", "", "database for unqualified table names (default the stage's)")
	flags.StringVar(&o.Format, "format", "", "format of rows: table, csv or json (default as -o)")
	flags.IntVar(&o.MaxRows, "max-rows", 100, "maximum rows in a table; 0 = all")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Minute, "stop a statement after this time")
	flags.BoolVar(&o.Detach, "detach", false, "start the query, print its id and exit")
	flags.StringVar(&o.ID, "id", "", "wait for a query started earlier and show its rows")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("saved", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		names, _ := savedNames(os.DirFS(o.Project)) // without completions on an error
		return slices.Clone(names), cobra.ShellCompDirectiveNoFileComp
	}))
	return cmd
}
