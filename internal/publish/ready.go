package publish

import (
	"context"

	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
	"ephemr/internal/run"
)

// Tables are the tables to which runs publish.
type Tables struct {
	Glue     iceberg.GetTableAPI
	S3       iceberg.GetAPI
	Database string // Glue's
}

// Ready is an error if Spark would write to main of the Iceberg table that a run is to publish, where readers would see
// data before it is checked: https://iceberg.apache.org/docs/latest/spark-configuration/
func (r *Tables) Ready(ctx context.Context, rec *run.Record) error {
	if rec.Spec.Branch(rec.Run.ID) == "" {
		return nil
	}
	p := rec.Spec.Publish
	t, err := iceberg.Read(ctx, r.Glue, r.S3, r.Database, p.TableName())
	if err != nil {
		return refusal(err, "read table "+p.Table)
	}
	if !t.WritesToBranches() {
		return fault.New(fault.InvalidInput, "table %s does not have the property write.wap.enabled, without which Spark writes to main and readers see data before it is checked: ALTER TABLE glue_catalog.%s SET TBLPROPERTIES ('write.wap.enabled' = 'true'), then retry the run", p.Table, t.Name)
	}
	return nil
}
