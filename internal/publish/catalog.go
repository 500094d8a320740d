package publish

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
)

// ReadAPI is the part of Glue that reads what was published.
type ReadAPI interface {
	iceberg.GetTableAPI
	GetPartition(context.Context, *glue.GetPartitionInput, ...func(*glue.Options)) (*glue.GetPartitionOutput, error)
}

// GlueAPI is the part of Glue that publishing calls.
type GlueAPI interface {
	ReadAPI
	iceberg.CommitAPI
	CreatePartition(context.Context, *glue.CreatePartitionInput, ...func(*glue.Options)) (*glue.CreatePartitionOutput, error)
	UpdatePartition(context.Context, *glue.UpdatePartitionInput, ...func(*glue.Options)) (*glue.UpdatePartitionOutput, error)
}

// catalog is a database of Glue.
type catalog struct {
	api      GlueAPI
	database string
}

// table reads a table that runs can publish to. Its keys are named in the error if it does
// not exist.
func (c catalog) table(ctx context.Context, name string, keys []string) (*types.Table, error) {
	full := c.database + "." + name
	out, err := c.api.GetTable(ctx, &glue.GetTableInput{DatabaseName: &c.database, Name: &name})
	if _, missing := errors.AsType[*types.EntityNotFoundException](err); missing {
		return nil, fault.New(fault.InvalidInput,
			"table %s does not exist: create it with the partition keys %s (CREATE EXTERNAL TABLE … PARTITIONED BY …), then retry the run: %w", full, strings.Join(keys, ", "), err)
	}
	if err != nil {
		return nil, refusal(err, "read table "+full)
	}
	t := out.Table
	switch {
	case strings.EqualFold(t.Parameters["table_type"], "ICEBERG"):
		return nil, fault.New(fault.InvalidInput, "table %s is an Iceberg table, whose partitions are not in the catalog: set publish.iceberg, and remove partition and location", full)
	case aws.ToString(t.TableType) == "VIRTUAL_VIEW":
		return nil, fault.New(fault.InvalidInput, "%s is a view: publish to the table that it reads", full)
	case strings.EqualFold(t.Parameters["projection.enabled"], "true"):
		return nil, fault.New(fault.InvalidInput, "table %s has partition projection, with which Athena ignores the partitions of the catalog: remove its property projection.enabled", full)
	}
	return t, nil
}

// keysOf are the names of the table's partition keys in their order.
func keysOf(t *types.Table) []string {
	var keys []string
	for _, column := range t.PartitionKeys {
		keys = append(keys, aws.ToString(column.Name))
	}
	return keys
}

// location is what a partition points at; found is false if it does not exist.
func location(ctx context.Context, api ReadAPI, database, table string, values []string) (uri string, found bool, err error) {
	out, err := api.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: &database, TableName: &table, PartitionValues: values})
	if _, missing := errors.AsType[*types.EntityNotFoundException](err); missing {
		return "", false, nil
	}
	if err != nil {
		return "", false, refusal(err, "read partition "+strings.Join(values, "/")+" of "+database+"."+table)
	}
	if sd := out.Partition.StorageDescriptor; sd != nil {
		uri = aws.ToString(sd.Location)
	}
	return uri, true, nil
}

// point makes a partition point at uri, with the columns and the format of its table. It
// is one call: readers see the data before or the new data.
func (c catalog) point(ctx context.Context, t *types.Table, values []string, uri string, exists bool) error {
	storage := types.StorageDescriptor{}
	if t.StorageDescriptor != nil {
		storage = *t.StorageDescriptor
	}
	storage.Location = &uri
	partition := &types.PartitionInput{Values: values, StorageDescriptor: &storage}
	what := "partition " + strings.Join(values, "/") + " of " + c.database + "." + aws.ToString(t.Name)
	if !exists {
		_, err := c.api.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: &c.database, TableName: t.Name, PartitionInput: partition})
		if _, there := errors.AsType[*types.AlreadyExistsException](err); there {
			return fault.New(fault.Throttled, "create %s: another client has created it at the same moment: %w", what, err)
		}
		return refusal(err, "create "+what)
	}
	_, err := c.api.UpdatePartition(ctx, &glue.UpdatePartitionInput{DatabaseName: &c.database, TableName: t.Name, PartitionValueList: values, PartitionInput: partition})
	if _, gone := errors.AsType[*types.EntityNotFoundException](err); gone {
		return fault.New(fault.Throttled, "update %s: another client has deleted it at the same moment: %w", what, err)
	}
	return refusal(err, "update "+what)
}

// refusal adds to err what was being done, and what a denied caller can do.
func refusal(err error, what string) error {
	switch name := fault.NameOf(err); {
	case err == nil:
		return nil
	case name == fault.Permission:
		return fault.New(name, "%s: %w; the function's role has the permission in IAM: check service control policies and, with Lake Formation, grant it DESCRIBE and ALTER on the table; then retry the run", what, err)
	case name == fault.Timeout: // of the call: the run's deadline is another matter
		return fault.New(fault.Internal, "%s: %w", what, err)
	default:
		return fault.New(name, "%s: %w", what, err)
	}
}
