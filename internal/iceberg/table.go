package iceberg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/fault"
)

// Main is the branch that readers see.
const Main = "main"

// mostBytes of a metadata file are read.
const mostBytes = 64 << 20

// GetTableAPI is the part of Glue that reads a table.
type GetTableAPI interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
}

// GetAPI is the part of S3 that reads metadata files.
type GetAPI interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Table is a table of Glue as it was when it was read.
type Table struct {
	Name     string // database.table
	Location string // of its current metadata file

	glue types.Table
	raw  map[string]json.RawMessage // the whole metadata file: what is not known here stays in it
	meta metadata
}

// metadata is the part of a metadata file that is read: https://iceberg.apache.org/spec/#table-metadata-fields
type metadata struct {
	Version    int               `json:"format-version"`
	Updated    int64             `json:"last-updated-ms"`
	Current    *int64            `json:"current-snapshot-id"` // null or -1 = the table is empty
	Properties map[string]string `json:"properties"`
	Refs       map[string]struct {
		Snapshot int64 `json:"snapshot-id"`
	} `json:"refs"`
	Snapshots []struct {
		ID     int64  `json:"snapshot-id"`
		Parent *int64 `json:"parent-snapshot-id"`
	} `json:"snapshots"`
	Log      []json.RawMessage `json:"metadata-log"`
	Currents []json.RawMessage `json:"snapshot-log"`
}

// Read reads a table and its current metadata file. The error is fault.InvalidInput if it is not an Iceberg table.
func Read(ctx context.Context, catalog GetTableAPI, files GetAPI, database, name string) (*Table, error) {
	t := &Table{Name: database + "." + name}
	out, err := catalog.GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &name})
	if _, none := errors.AsType[*types.EntityNotFoundException](err); none {
		return nil, fault.New(fault.InvalidInput, "table %s does not exist: create it (CREATE TABLE glue_catalog.%[1]s (…) USING iceberg TBLPROPERTIES ('write.wap.enabled' = 'true')), then retry the run: %w", t.Name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", t.Name, err)
	}
	t.glue, t.Location = *out.Table, out.Table.Parameters[metadataLocation]
	if !strings.EqualFold(t.glue.Parameters["table_type"], "ICEBERG") || t.Location == "" {
		return nil, fault.New(fault.InvalidInput, "table %s is not an Iceberg table: publish a partition of it, without publish.iceberg", t.Name)
	}
	body, err := get(ctx, files, t.Location)
	if err != nil {
		return nil, fmt.Errorf("read metadata of table %s: %w", t.Name, err)
	}
	if err := errors.Join(json.Unmarshal(body, &t.raw), json.Unmarshal(body, &t.meta)); err != nil {
		return nil, fault.New(fault.InvalidInput, "metadata %s of table %s is not valid: %w", t.Location, t.Name, err)
	}
	if t.meta.Version < 1 || t.meta.Version > 3 {
		return nil, fault.New(fault.InvalidInput, "table %s has format version %d, and 3 is the newest that is known", t.Name, t.meta.Version)
	}
	return t, nil
}

func get(ctx context.Context, files GetAPI, address string) ([]byte, error) {
	bucket, key, err := locate(address)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(key, ".gz.metadata.json") {
		return nil, fault.New(fault.InvalidInput, "%s is compressed, which is not read; set write.metadata.compression-codec to none", address)
	}
	out, err := files.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(out.Body, mostBytes+1))
	if err == nil && len(body) > mostBytes {
		err = fault.New(fault.InvalidInput, "%s has more than %d bytes, which is not read; expire snapshots", address, mostBytes)
	}
	return body, err
}

// locate is the bucket and the key of a metadata file.
func locate(address string) (bucket, key string, err error) {
	scheme, rest, _ := strings.Cut(address, "://")
	bucket, key, _ = strings.Cut(rest, "/")
	if scheme != "s3" && scheme != "s3a" && scheme != "s3n" || bucket == "" || key == "" {
		return "", "", fault.New(fault.InvalidInput, "metadata file %q is not in S3", address)
	}
	return bucket, key, nil
}

// WritesToBranches reports whether Spark writes to the branch that spark.wap.branch names.
func (t *Table) WritesToBranches() bool {
	return strings.EqualFold(t.meta.Properties["write.wap.enabled"], "true")
}

// Branch is the snapshot of a branch; ok is false if there is no such branch, or no snapshot on it.
func (t *Table) Branch(name string) (id int64, ok bool) {
	if ref, ok := t.meta.Refs[name]; ok {
		return ref.Snapshot, true
	}
	if name != Main || t.meta.Current == nil || *t.meta.Current < 0 {
		return 0, false
	}
	return *t.meta.Current, true
}

// Has reports whether id is a snapshot of the table.
func (t *Table) Has(id int64) bool {
	_, ok := t.parent(id)
	return ok
}

func (t *Table) parent(id int64) (*int64, bool) {
	for _, s := range t.meta.Snapshots {
		if s.ID == id {
			return s.Parent, true
		}
	}
	return nil, false
}

// Contains reports whether a snapshot is, or was made from, an earlier one. Snapshots that have expired are not followed.
func (t *Table) Contains(id, earlier int64) bool {
	for range len(t.meta.Snapshots) + 1 { // a chain has no more
		if id == earlier {
			return true
		}
		parent, ok := t.parent(id)
		if !ok || parent == nil {
			return false
		}
		id = *parent
	}
	return false
}

// nextNumber is that of the metadata file after address.
func nextNumber(address string) int {
	name := address[strings.LastIndex(address, "/")+1:]
	n := 0
	if _, err := fmt.Sscanf(name, "%d-", &n); err != nil {
		_, _ = fmt.Sscanf(name, "v%d.", &n)
	}
	return n + 1
}

// input is what UpdateTable takes of a table.
func input(t types.Table, parameters map[string]string) *types.TableInput {
	return &types.TableInput{
		Name: t.Name, Description: t.Description, Owner: t.Owner, LastAccessTime: t.LastAccessTime, LastAnalyzedTime: t.LastAnalyzedTime,
		Retention: t.Retention, StorageDescriptor: t.StorageDescriptor, PartitionKeys: t.PartitionKeys, TableType: t.TableType,
		ViewOriginalText: t.ViewOriginalText, ViewExpandedText: t.ViewExpandedText, TargetTable: t.TargetTable, Parameters: parameters,
	}
}

// version is the condition of an update.
func (t *Table) version() (*string, error) {
	if aws.ToString(t.glue.VersionId) == "" {
		return nil, fault.New(fault.InvalidInput, "table %s has no version in the catalog, and cannot be changed safely", t.Name)
	}
	return t.glue.VersionId, nil
}
