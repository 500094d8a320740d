package awsfake

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Glue is the Data Catalog of an account: databases, tables and partitions.
type Glue struct {
	Control

	mu         sync.Mutex
	databases  map[string]map[string]*glueTable
	most       int // partitions of a table; 0 = any number
	onLocation func(table string, values []string, location string)
}

type glueTable struct {
	types.Table

	partitions []types.Partition
}

// NewGlue returns a catalog with databases that have no tables.
func NewGlue(databases ...string) *Glue {
	g := &Glue{Control: newControl("Glue"), databases: map[string]map[string]*glueTable{}}
	for _, name := range databases {
		g.databases[name] = map[string]*glueTable{}
	}
	return g
}

// Create adds a table, or replaces it and its partitions. Its columns and keys are strings.
func (g *Glue) Create(database string, t types.Table, keys ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		t.PartitionKeys = append(t.PartitionKeys, types.Column{Name: aws.String(key), Type: aws.String("string")})
	}
	t.DatabaseName, t.VersionId = &database, aws.String("0")
	g.databases[database][*t.Name] = &glueTable{Table: t}
}

// Limit is how many partitions a table may have.
func (g *Glue) Limit(partitions int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.most = partitions
}

// OnLocation has f called, under the lock of the catalog, when a partition points elsewhere.
func (g *Glue) OnLocation(f func(table string, values []string, location string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.onLocation = f
}

// Drop removes a partition, as another client of the catalog.
func (g *Glue) Drop(database, table string, values ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.databases[database][table]
	t.partitions = slices.DeleteFunc(t.partitions, func(p types.Partition) bool { return slices.Equal(p.Values, values) })
}

// GetTable reads a table. Names are not case-sensitive.
func (g *Glue) GetTable(ctx context.Context, in *glue.GetTableInput, _ ...func(*glue.Options)) (*glue.GetTableOutput, error) {
	return call(ctx, &g.Control, "GetTable", func() (*glue.GetTableOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		t, err := g.table(in.DatabaseName, in.Name)
		if err != nil {
			return nil, err
		}
		found := t.Table
		return &glue.GetTableOutput{Table: &found}, nil
	})
}

// GetTables lists the tables of a database in one page, by their names.
func (g *Glue) GetTables(ctx context.Context, in *glue.GetTablesInput, _ ...func(*glue.Options)) (*glue.GetTablesOutput, error) {
	return call(ctx, &g.Control, "GetTables", func() (*glue.GetTablesOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		tables, ok := g.databases[strings.ToLower(aws.ToString(in.DatabaseName))]
		if !ok {
			return nil, notFound("Database " + aws.ToString(in.DatabaseName) + " not found.")
		}
		out := &glue.GetTablesOutput{}
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			out.TableList = append(out.TableList, tables[name].Table)
		}
		return out, nil
	})
}

// UpdateTable replaces the definition of a table, if it has the version that the caller names.
func (g *Glue) UpdateTable(ctx context.Context, in *glue.UpdateTableInput, _ ...func(*glue.Options)) (*glue.UpdateTableOutput, error) {
	return call(ctx, &g.Control, "UpdateTable", func() (*glue.UpdateTableOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		t, err := g.table(in.DatabaseName, in.TableInput.Name)
		if err != nil {
			return nil, err
		}
		if in.VersionId != nil && *in.VersionId != aws.ToString(t.VersionId) {
			return nil, &types.ConcurrentModificationException{Message: aws.String("Update table failed due to concurrent modifications.")}
		}
		version, _ := strconv.Atoi(aws.ToString(t.VersionId))
		t.VersionId = aws.String(strconv.Itoa(version + 1))
		t.Parameters, t.StorageDescriptor, t.TableType = in.TableInput.Parameters, in.TableInput.StorageDescriptor, in.TableInput.TableType
		return &glue.UpdateTableOutput{}, nil
	})
}

// GetPartition reads a partition.
func (g *Glue) GetPartition(ctx context.Context, in *glue.GetPartitionInput, _ ...func(*glue.Options)) (*glue.GetPartitionOutput, error) {
	return call(ctx, &g.Control, "GetPartition", func() (*glue.GetPartitionOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		t, err := g.table(in.DatabaseName, in.TableName)
		if err != nil {
			return nil, err
		}
		if err := t.fits(in.PartitionValues); err != nil {
			return nil, err
		}
		i := t.find(in.PartitionValues)
		if i < 0 {
			return nil, notFound("Cannot find partition.")
		}
		found := t.partitions[i]
		return &glue.GetPartitionOutput{Partition: &found}, nil
	})
}

// CreatePartition adds a partition.
func (g *Glue) CreatePartition(ctx context.Context, in *glue.CreatePartitionInput, _ ...func(*glue.Options)) (*glue.CreatePartitionOutput, error) {
	return call(ctx, &g.Control, "CreatePartition", func() (*glue.CreatePartitionOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		t, err := g.table(in.DatabaseName, in.TableName)
		if err != nil {
			return nil, err
		}
		if err := t.fits(in.PartitionInput.Values); err != nil {
			return nil, err
		}
		if t.find(in.PartitionInput.Values) >= 0 {
			return nil, &types.AlreadyExistsException{Message: aws.String("Partition already exists.")}
		}
		if g.most > 0 && len(t.partitions) >= g.most {
			return nil, &types.ResourceNumberLimitExceededException{Message: aws.String("Number of partitions exceeds the limit.")}
		}
		t.partitions = append(t.partitions, partitionFrom(in.PartitionInput, t.Table))
		g.moved(t, in.PartitionInput)
		return &glue.CreatePartitionOutput{}, nil
	})
}

// UpdatePartition replaces a partition. It has no condition: the last call counts.
func (g *Glue) UpdatePartition(ctx context.Context, in *glue.UpdatePartitionInput, _ ...func(*glue.Options)) (*glue.UpdatePartitionOutput, error) {
	return call(ctx, &g.Control, "UpdatePartition", func() (*glue.UpdatePartitionOutput, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		t, err := g.table(in.DatabaseName, in.TableName)
		if err != nil {
			return nil, err
		}
		for _, values := range [][]string{in.PartitionValueList, in.PartitionInput.Values} {
			if err := t.fits(values); err != nil {
				return nil, err
			}
		}
		i := t.find(in.PartitionValueList)
		if i < 0 {
			return nil, notFound("Partition not found.")
		}
		if j := t.find(in.PartitionInput.Values); j >= 0 && j != i {
			return nil, &types.AlreadyExistsException{Message: aws.String("Partition already exists.")}
		}
		t.partitions[i] = partitionFrom(in.PartitionInput, t.Table)
		g.moved(t, in.PartitionInput)
		return &glue.UpdatePartitionOutput{}, nil
	})
}

// table finds a table. The caller holds the lock.
func (g *Glue) table(database, name *string) (*glueTable, error) {
	tables, ok := g.databases[strings.ToLower(aws.ToString(database))]
	if !ok {
		return nil, notFound("Database " + aws.ToString(database) + " not found.")
	}
	t, ok := tables[strings.ToLower(aws.ToString(name))]
	if !ok {
		return nil, notFound("Entity Not Found")
	}
	return t, nil
}

func (g *Glue) moved(t *glueTable, p *types.PartitionInput) {
	if g.onLocation != nil {
		g.onLocation(*t.Name, p.Values, aws.ToString(p.StorageDescriptor.Location))
	}
}

func notFound(message string) error {
	return &types.EntityNotFoundException{Message: &message, FromFederationSource: aws.Bool(false)}
}

// fits reports values that are not one for each partition key.
func (t *glueTable) fits(values []string) error {
	if len(values) != len(t.PartitionKeys) {
		return &types.InvalidInputException{Message: aws.String("The number of partition keys do not match the number of partition values"), FromFederationSource: aws.Bool(false)}
	}
	return nil
}

// find is the place of the partition with these values, or -1.
func (t *glueTable) find(values []string) int {
	return slices.IndexFunc(t.partitions, func(p types.Partition) bool { return slices.Equal(p.Values, values) })
}

func partitionFrom(in *types.PartitionInput, t types.Table) types.Partition {
	return types.Partition{
		Values: slices.Clone(in.Values), StorageDescriptor: in.StorageDescriptor, Parameters: in.Parameters,
		DatabaseName: t.DatabaseName, TableName: t.Name, CreationTime: aws.Time(time.Now()),
	}
}
