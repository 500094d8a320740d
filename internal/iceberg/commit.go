package iceberg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"ephemr/internal/fault"
)

// CommitAPI is the part of Glue that a commit calls.
type CommitAPI interface {
	UpdateTable(context.Context, *glue.UpdateTableInput, ...func(*glue.Options)) (*glue.UpdateTableOutput, error)
}

// PutAPI is the part of S3 that writes metadata files.
type PutAPI interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// keptMetadata is how many earlier metadata files a metadata file lists, unless the table says otherwise.
const keptMetadata = 100

// SetMain makes a snapshot of the table the one that readers see: it writes a metadata file that differs in nothing
// else, and makes it the table's by one update of the catalog. That is refused by Glue if the table has changed since
// it was read, whatever has changed.
func (t *Table) SetMain(ctx context.Context, catalog CommitAPI, files PutAPI, id int64) error {
	version, err := t.version()
	if err != nil {
		return err
	}
	body, err := t.withMain(id, time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("encode metadata of table %s: %w", t.Name, err)
	}
	next := fmt.Sprintf("%s/%05d-%s.metadata.json", t.Location[:strings.LastIndex(t.Location, "/")], nextNumber(t.Location), uuid.NewString())
	bucket, key, err := locate(next)
	if err != nil {
		return err
	}
	if _, err := files.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json")}); err != nil {
		return fmt.Errorf("write %s: %w", next, err)
	}
	parameters := maps.Clone(t.glue.Parameters)
	parameters[metadataLocation], parameters["previous_metadata_location"] = next, t.Location
	_, err = catalog.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: t.glue.DatabaseName, TableInput: input(t.glue, parameters), SkipArchive: aws.Bool(true), VersionId: version})
	if _, changed := errors.AsType[*types.ConcurrentModificationException](err); changed {
		return fault.New(fault.Throttled, "update table %s: another client has changed it since it was read: %w", t.Name, err)
	}
	if err != nil {
		return fmt.Errorf("update table %s: %w", t.Name, err)
	}
	return nil
}

// withMain is the metadata file in which readers see a snapshot since now, in milliseconds.
func (t *Table) withMain(id, now int64) ([]byte, error) {
	now = max(now, t.meta.Updated) // the clock of another writer may be ahead
	refs := map[string]json.RawMessage{}
	if had, ok := t.raw["refs"]; ok {
		if err := json.Unmarshal(had, &refs); err != nil {
			return nil, err
		}
	}
	main := map[string]json.RawMessage{"type": json.RawMessage(`"branch"`)}
	if had, ok := refs[Main]; ok { // with its own retention
		if err := json.Unmarshal(had, &main); err != nil {
			return nil, err
		}
	}
	main["snapshot-id"] = number(id)
	encoded, err := json.Marshal(main)
	if err != nil {
		return nil, err
	}
	refs[Main] = encoded
	kept := keptMetadata
	if n, err := strconv.Atoi(t.meta.Properties["write.metadata.previous-versions-max"]); err == nil && n > 0 {
		kept = n
	}
	log := slices.Concat(t.meta.Log, []json.RawMessage{entry("metadata-file", t.meta.Updated, t.Location)})
	all := maps.Clone(t.raw)
	for key, value := range map[string]any{
		"current-snapshot-id": id, "last-updated-ms": now, "refs": refs, "metadata-log": log[max(0, len(log)-kept):],
		"snapshot-log": append(t.meta.Currents[:len(t.meta.Currents):len(t.meta.Currents)], entry("snapshot-id", now, id)),
	} {
		if all[key], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

func number(n int64) json.RawMessage { return strconv.AppendInt(nil, n, 10) }

// entry is one of a log.
func entry(name string, at int64, value any) json.RawMessage {
	body, _ := json.Marshal(map[string]any{"timestamp-ms": at, name: value}) // a number or a string
	return body
}
