package control

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/athena"
	"ephemr/internal/checksql"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// CheckSQL has Athena run the queries of a run's checks.
func (w *Wiring) CheckSQL() Handler[checksql.Input, checksql.Output] {
	return (&checksql.Checker{Settings: w.settings, Runs: w.runs(), Athena: w.athena}).Check
}

// athena is Athena with the workgroup and the rights of a run's team.
func (w *Wiring) athena(ctx context.Context, rec *run.Record) (*athena.Engine, error) {
	name := stage.QueryParameter(w.settings.Stage)
	out, err := w.clients.ssm().GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return nil, fmt.Errorf("read workgroups of the stage: %w", err)
	}
	settings, err := stage.ParseQuery(*out.Parameter.Value)
	if err != nil {
		return nil, fault.New(fault.Internal, "%s: %w", name, err)
	}
	team := settings.Team(rec.Run.Team)
	return &athena.Engine{
		API:       w.clients.athena(w.settings.CheckRole(team), rec.Run.ID),
		Workgroup: settings.Workgroups[team].Name,
		Database:  settings.Database,
		Busy:      nil,
	}, nil
}
