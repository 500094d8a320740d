// Package iceberg is the catalog of Iceberg tables in Glue: which metadata file of a table is current, and moving branch
// main to another snapshot.
package iceberg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
)

// metadataLocation is the property of a table of Glue that names its current metadata file:
// https://iceberg.apache.org/docs/latest/aws/#glue-catalog
const metadataLocation = "metadata_location"

// TablesAPI is the part of Glue that lists tables.
type TablesAPI interface {
	GetTables(context.Context, *glue.GetTablesInput, ...func(*glue.Options)) (*glue.GetTablesOutput, error)
}

// Catalog is a database of Glue.
type Catalog struct {
	Glue     TablesAPI
	Database string
}

// Metadata returns the address of the current metadata file of the table at root; "" = the database has no such
// table, or the caller may not list its tables. Glue does not find tables by location: the whole database is listed,
// 100 tables a request.
func (c Catalog) Metadata(ctx context.Context, root dataset.Address) (string, error) {
	prefix := root.Bucket + "/" + root.Prefix + "metadata/"
	for pages := glue.NewGetTablesPaginator(c.Glue, &glue.GetTablesInput{DatabaseName: &c.Database}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if _, none := errors.AsType[*types.EntityNotFoundException](err); none {
			return "", nil
		}
		if err != nil && fault.NameOf(err) == fault.Permission {
			slog.WarnContext(ctx, "tables of the catalog cannot be listed: the metadata file with the highest number is used", "database", c.Database, "error", err.Error())
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("list tables of database %s: %w", c.Database, err)
		}
		for _, t := range page.TableList {
			location := t.Parameters[metadataLocation]
			if _, rest, _ := strings.Cut(location, "://"); strings.HasPrefix(rest, prefix) {
				return location, nil
			}
		}
	}
	return "", nil
}
