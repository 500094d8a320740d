package query

import (
	"context"
	"errors"
	"fmt"

	"ephemr/internal/athena"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/sqlfile"
)

// explain adds the position in the file and a hint to an error.
func (a *asking) explain(ctx context.Context, err error, s sqlfile.Statement) error {
	a.progress.line.Clear()
	failed, ok := errors.AsType[*athena.FailedError](err)
	switch {
	case ctx.Err() != nil:
		return exit.Silent(exit.CodeInterrupted)
	case errors.Is(err, errTimeout):
		return fmt.Errorf("%s: Athena query limit reached for %s; try again later, or set a longer --timeout", s.Where(), a.o.Timeout)
	case ok:
		return a.failure(failed, s)
	case fault.Code(err) == "AccessDeniedException":
		return fmt.Errorf("%s\n%s", session.Short(err), a.permissionHint())
	}
	return err
}

func (a *asking) failure(failed *athena.FailedError, s sqlfile.Statement) error {
	where := s.Where()
	if line, column := failed.Position(); line > 1 || column > 0 {
		where = s.Place(line, column)
	}
	if a.o.ID != "" {
		where = "query " + a.o.ID // its file is not known
	}
	text := fmt.Sprintf("%s: %s", where, failed.Text())
	if hint := a.hint(failed.Cause()); hint != "" {
		text += "\n" + hint
	}
	if id := failed.Execution.ID; id != "" && a.o.ID == "" {
		text += fmt.Sprintf("\nquery %s in workgroup %s", id, a.group.Name)
	}
	return errors.New(text)
}

// hint explains how to fix a cause.
func (a *asking) hint(c athena.Cause) string {
	switch c {
	case athena.ScanLimit:
		return fmt.Sprintf("a query of team %s may scan %s (query in infra/config/%s.yaml); select only the columns you need, and filter by the "+
			"partition columns of the table, e.g. where dt = '2013-02-01' (describe TABLE lists them)",
			a.o.Team, terminal.Bytes(a.group.ScanLimit), a.stage.Stage)
	case athena.Access:
		return a.permissionHint()
	case athena.NoSchema:
		return `ephemr query "show databases" lists the databases; the default of --database is the stage's`
	case athena.NoTable:
		if a.stage.OnLaptop() {
			return `ephemr query "show tables" lists the tables of the database; in a local region jobs do not create tables: use ephemr query --saved create-tables for the demo`
		}
		return `ephemr query "show tables" lists the tables of the database; select another with --database`
	case athena.NoColumn:
		return `ephemr query "describe TABLE" lists the columns`
	case athena.NoEngine:
		return "run scripts/setup, and make down up deploy"
	case athena.NoGroup:
		return fmt.Sprintf("workgroup %s is missing; redeploy the stage with make deploy STAGE=%s", a.group.Name, a.stage.Stage)
	case athena.Other:
	}
	return ""
}

func (a *asking) permissionHint() string {
	return fmt.Sprintf("ask the administrator of stage %s for the policy %s and, if Lake Formation governs the tables, for a SELECT grant; "+
		"or use the --team that you belong to", a.stage.Stage, a.group.Policy)
}
