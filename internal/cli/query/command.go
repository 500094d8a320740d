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

// TeamVariable names the team when no flag does.
const TeamVariable = "EPHEMR_TEAM"

const long = `Ask the lake with SQL, on Amazon Athena in the team's workgroup: within its scan limit, and with the
results in its part of the bucket.

The rows go to stdout, everything about them to stderr: how many, how much was read, what that costs at list
price, and the query's id. What a file holds is run one statement after the other, up to the first that fails.
An interrupt stops the query (130).

Saved queries are the files queries/*.sql of the project; --list tells of them. Params are filled in by
--param, and whatever is given stays a value: it cannot become SQL.

Formats: table shows the first --max-rows rows, csv and json all of them, as they come. An empty text is "" in
CSV and NULL is nothing; in JSON numbers and booleans are such, NULL is null, everything else is text.`

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
		Use: "query [SQL | -]", Short: "ask the lake with SQL, on Athena", Long: long, Example: example,
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
	flags.StringVarP(&o.File, "file", "f", "", "run the statements of a file; - is stdin")
	flags.StringVar(&o.Saved, "saved", "", "run the saved query of this `name`")
	flags.BoolVar(&o.List, "list", false, "list the saved queries")
	flags.StringArrayVar(&o.Params, "param", nil, "param of the query, as `key=value`; can be repeated")
	flags.StringVarP(&o.Project, "project", "p", ".", "project root, which has queries/")
	flags.StringVar(&o.Team, "team", cmp.Or(app.Getenv(TeamVariable), stage.NoTeam), "team whose workgroup it runs in; $"+TeamVariable+" when that is set")
	flags.StringVar(&o.Database, "database", "", "database for tables without one (default the stage's)")
	flags.StringVar(&o.Format, "format", "", "how rows are written: table, csv or json (default as -o says)")
	flags.IntVar(&o.MaxRows, "max-rows", 100, "most rows of a table; 0 = all")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Minute, "longest time for a statement, which is stopped then")
	flags.BoolVar(&o.Detach, "detach", false, "start it, print its id and leave")
	flags.StringVar(&o.ID, "id", "", "wait for a query that was started before, and show its rows")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("saved", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		names, _ := savedNames(os.DirFS(o.Project)) // nothing to complete is no error
		return slices.Clone(names), cobra.ShellCompDirectiveNoFileComp
	}))
	return cmd
}
