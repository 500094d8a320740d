package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Supersede records that r publishes nothing, because a run whose work began later has.
func (s *Runs) Supersede(ctx context.Context, r run.Run, p run.Publication) error {
	mine := records.Is("state", run.Running).And(records.Is("execution", r.Execution), unchanged(r))
	ok, err := s.update(ctx, records.RunKey(r.ID), set(expression.UpdateBuilder{}, "publication", p), mine)
	if err == nil && !ok {
		err = fault.New(fault.Throttled, "record that run %s is superseded: it has changed at the same moment", r.ID)
	}
	return err
}

// unchanged holds while the state of r's publication is the one that was read.
func unchanged(r run.Run) expression.ConditionBuilder {
	if r.Publication == nil {
		return expression.Name("publication").AttributeNotExists()
	}
	return records.Is("publication.state", r.Publication.State)
}
