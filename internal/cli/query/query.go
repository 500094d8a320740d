// Package query is ephemr query: SQL on Athena, in the team's workgroup.
package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/athena"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/sqlfile"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Clients are the clients that query uses.
type Clients struct {
	Parameters session.ParameterAPI
	Athena     athena.API
}

// Options of the command.
type Options struct {
	SQL   string // or -
	File  string // or -
	Saved string // name of a file in queries/
	ID    string // of a query started earlier
	List  bool

	Params   []string // key=value
	Project  string
	Team     string
	Database string // "" = the stage's
	Format   string // "" = table
	MaxRows  int
	Timeout  time.Duration
	Detach   bool
	JSON     bool
}

// check validates the flags.
func (o Options) check() error {
	given := 0
	for _, source := range []string{o.SQL, o.File, o.Saved, o.ID} {
		if source != "" {
			given++
		}
	}
	if o.List {
		given++
	}
	switch {
	case given == 0:
		return exit.Usage("no query; give SQL, a file with -f, or --saved NAME (ephemr query --list)")
	case given > 1:
		return exit.Usage("give only one of SQL, -f, --saved, --id and --list")
	case o.ID != "" && o.Detach:
		return exit.Usage("--id cannot be combined with --detach")
	case o.ID != "" && len(o.Params) > 0:
		return exit.Usage("--id cannot be combined with --param")
	}
	return o.checkValues()
}

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (o Options) checkValues() error {
	switch {
	case o.Format != "" && !slices.Contains(formats, o.Format):
		return exit.Usage("invalid format %q: use one of %s", o.Format, strings.Join(formats, ", "))
	case o.Database != "" && !databaseName.MatchString(o.Database): // it is used in SQL unquoted
		return exit.Usage("invalid database name %q: use letters, digits and _", o.Database)
	case o.MaxRows < 0:
		return exit.Usage("invalid --max-rows %d: must not be negative", o.MaxRows)
	case o.Timeout <= 0:
		return exit.Usage("invalid --timeout %s: must be positive", o.Timeout)
	}
	return nil
}

// Run runs the selected statements and writes their rows.
func Run(ctx context.Context, o Options, term *terminal.IO, stdin io.Reader, s stage.Settings, c Clients) error {
	if err := o.check(); err != nil {
		return err
	}
	q, err := load(ctx, c.Parameters, s.Stage)
	if err != nil {
		return err
	}
	group, ok := q.Workgroups[o.Team]
	if !ok {
		teams := strings.Join(slices.Sorted(maps.Keys(q.Workgroups)), ", ")
		return exit.Usage("team %q has no workgroup in stage %s; use --team with one of %s, or add it to infra/config/%[2]s.yaml (query.teams)", o.Team, s.Stage, teams)
	}
	if o.Database == "" {
		o.Database = q.Database
	}
	a := &asking{
		o: o, term: term, stage: s, group: group, progress: newProgress(term),
		engine: &athena.Engine{API: c.Athena, Workgroup: group.Name, Database: o.Database},
	}
	if o.ID != "" {
		return a.resume(ctx)
	}
	file, err := o.source(stdin)
	if err != nil {
		return err
	}
	return a.all(ctx, file)
}

// load reads the query settings of the stage.
func load(ctx context.Context, api session.ParameterAPI, name string) (stage.Query, error) {
	out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.QueryParameter(name))})
	if fault.Code(err) == "ParameterNotFound" {
		return stage.Query{}, fmt.Errorf("stage %s has no workgroups: it was deployed by an older version; redeploy it with make deploy STAGE=%[1]s", name)
	}
	if err != nil {
		return stage.Query{}, fmt.Errorf("look up workgroups of stage %s: %w", name, err)
	}
	return stage.ParseQuery(aws.ToString(out.Parameter.Value))
}

// asking is one invocation of the command.
type asking struct {
	o        Options
	term     *terminal.IO
	stage    stage.Settings
	group    stage.Workgroup
	engine   *athena.Engine
	progress *progress

	several bool // statements
	results int  // written so far
}

// all runs the statements of a file one after the other.
func (a *asking) all(ctx context.Context, file *sqlfile.File) error {
	params, err := a.o.params()
	if err != nil {
		return err
	}
	texts, err := file.Fill(sqlfile.Values{Params: params, Lake: a.stage.LakeURIs(), Stage: a.stage.Stage, Database: a.o.Database})
	switch {
	case err != nil:
		return exit.Usage("%w", err)
	case len(texts) == 0:
		return exit.Usage("%s: contains no statement", file.Name)
	case a.o.Detach && len(texts) > 1:
		return exit.Usage("%s: --detach accepts one statement, not %d", file.Name, len(texts))
	}
	a.several = len(texts) > 1
	for i, text := range texts {
		if err := a.one(ctx, file.Statements[i], text); err != nil {
			return err
		}
	}
	if a.results == 0 && a.o.Format == FormatJSON && !a.o.Detach {
		a.term.Printf("[]\n") // valid JSON even without a result
	}
	return nil
}

var errTimeout = errors.New("timeout")

// one runs a statement and writes its rows.
func (a *asking) one(ctx context.Context, s sqlfile.Statement, text string) error {
	limited, cancel := context.WithTimeoutCause(ctx, a.o.Timeout, errTimeout)
	defer cancel()
	defer a.progress.line.Clear()
	a.progress.began = time.Now()
	a.engine.Busy = func() { a.progress.note("Athena query limit reached; waiting") }
	id, err := a.engine.Start(limited, text)
	if err != nil {
		return a.explain(ctx, err, s)
	}
	if a.o.Detach {
		return a.detach(id)
	}
	x, err := a.engine.Wait(limited, id, a.progress.draw)
	if limited.Err() != nil && !x.Over() {
		return a.stop(ctx, s, id)
	}
	if err != nil {
		return a.explain(ctx, err, s)
	}
	return a.show(ctx, x, s)
}

// stop stops a query after an interrupt or a timeout.
func (a *asking) stop(ctx context.Context, s sqlfile.Statement, id string) error {
	a.progress.line.Clear()
	err := a.engine.Stop(ctx, id)
	if err != nil {
		err = fmt.Errorf("%w; it may continue and incur cost; stop it with: aws athena stop-query-execution --query-execution-id %s", err, id)
	}
	if ctx.Err() == nil {
		return errors.Join(fmt.Errorf("%s: stopped after %s; set a longer --timeout (query %s)", s.Where(), a.o.Timeout, id), err)
	}
	if err != nil {
		a.term.Notef("%v\n", err)
	} else {
		a.term.Notef("stopped query %s\n", id)
	}
	return exit.Silent(exit.CodeInterrupted)
}

// Started is what --detach prints with -o json.
type Started struct {
	ID        string `json:"queryExecutionId"`
	Workgroup string `json:"workgroup"`
	Database  string `json:"database"`
}

func (a *asking) detach(id string) error {
	if a.o.Format == FormatJSON {
		return a.term.JSON(Started{ID: id, Workgroup: a.group.Name, Database: a.o.Database})
	}
	a.term.Printf("%s\n", id)
	a.term.Notef("%s\n", a.term.ErrStyle().Dim("get the rows with: ephemr query --id "+id+a.asTeam()))
	return nil
}

func (a *asking) asTeam() string {
	if a.o.Team == stage.NoTeam {
		return ""
	}
	return " --team " + a.o.Team
}

// resume waits for a query started earlier. An interrupt does not stop it.
func (a *asking) resume(ctx context.Context) error {
	limited, cancel := context.WithTimeoutCause(ctx, a.o.Timeout, errTimeout)
	defer cancel()
	defer a.progress.line.Clear()
	a.progress.keeps = true
	var s sqlfile.Statement
	x, err := a.engine.Wait(limited, a.o.ID, a.progress.draw)
	switch {
	case limited.Err() != nil && !x.Over():
		a.progress.line.Clear()
		a.term.Notef("the query continues; get its rows with: ephemr query --id %s%s\n", a.o.ID, a.asTeam())
		if ctx.Err() != nil {
			return exit.Silent(exit.CodeInterrupted)
		}
		return fmt.Errorf("query %s has not finished after %s", a.o.ID, a.o.Timeout)
	case err != nil:
		return a.explain(ctx, err, s)
	case x.Workgroup != a.group.Name:
		return exit.Usage("query %s ran in workgroup %s, not in %s; use --team", a.o.ID, x.Workgroup, a.group.Name)
	}
	return a.show(ctx, x, s)
}
