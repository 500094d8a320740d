package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// Glue reads tables, and creates and changes partitions.
type Glue struct {
	*GlueReader

	updateTable     Operation[glue.UpdateTableInput, glue.UpdateTableOutput, glue.Options]
	createPartition Operation[glue.CreatePartitionInput, glue.CreatePartitionOutput, glue.Options]
	updatePartition Operation[glue.UpdatePartitionInput, glue.UpdatePartitionOutput, glue.Options]
}

// GlueReader reads tables and partitions.
type GlueReader struct {
	getTable     Operation[glue.GetTableInput, glue.GetTableOutput, glue.Options]
	getPartition Operation[glue.GetPartitionInput, glue.GetPartitionOutput, glue.Options]
}

// GlueTables lists tables.
type GlueTables struct {
	getTables Operation[glue.GetTablesInput, glue.GetTablesOutput, glue.Options]
}

// NewGlueTables returns a client of cfg.
func NewGlueTables(cfg aws.Config) *GlueTables {
	return &GlueTables{getTables: glue.NewFromConfig(cfg).GetTables}
}

// GetTables lists tables of a database.
func (g *GlueTables) GetTables(ctx context.Context, in *glue.GetTablesInput, o ...func(*glue.Options)) (*glue.GetTablesOutput, error) {
	return g.getTables(ctx, in, o...)
}

// NewGlue returns a client of cfg.
func NewGlue(cfg aws.Config) *Glue {
	c := glue.NewFromConfig(cfg)
	return &Glue{GlueReader: NewGlueReader(cfg), updateTable: c.UpdateTable, createPartition: c.CreatePartition, updatePartition: c.UpdatePartition}
}

// NewGlueReader returns a client of cfg.
func NewGlueReader(cfg aws.Config) *GlueReader {
	c := glue.NewFromConfig(cfg)
	return &GlueReader{getTable: c.GetTable, getPartition: c.GetPartition}
}

// GetPartition reads a partition.
func (g *GlueReader) GetPartition(ctx context.Context, in *glue.GetPartitionInput, o ...func(*glue.Options)) (*glue.GetPartitionOutput, error) {
	return g.getPartition(ctx, in, o...)
}

// GetTable reads a table.
func (g *GlueReader) GetTable(ctx context.Context, in *glue.GetTableInput, o ...func(*glue.Options)) (*glue.GetTableOutput, error) {
	return g.getTable(ctx, in, o...)
}

// UpdateTable changes a table.
func (g *Glue) UpdateTable(ctx context.Context, in *glue.UpdateTableInput, o ...func(*glue.Options)) (*glue.UpdateTableOutput, error) {
	return g.updateTable(ctx, in, o...)
}

// CreatePartition creates a partition.
func (g *Glue) CreatePartition(ctx context.Context, in *glue.CreatePartitionInput, o ...func(*glue.Options)) (*glue.CreatePartitionOutput, error) {
	return g.createPartition(ctx, in, o...)
}

// UpdatePartition changes a partition.
func (g *Glue) UpdatePartition(ctx context.Context, in *glue.UpdatePartitionInput, o ...func(*glue.Options)) (*glue.UpdatePartitionOutput, error) {
	return g.updatePartition(ctx, in, o...)
}
