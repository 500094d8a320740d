package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"time"

	"github.com/twmb/avro/ocf"
)

// manifest is a list of files of a snapshot.
type manifest struct {
	Path     string
	Spec     int64
	Snapshot *int64
}

func manifestOf(v map[string]any) manifest {
	m := manifest{Snapshot: snapshotID(v["added_snapshot_id"])}
	m.Path, _ = v["manifest_path"].(string)
	m.Spec, _ = number(v["partition_spec_id"])
	return m
}

// entry is a file of a manifest.
type entry struct {
	Removed   bool   // the snapshot does not have it any more
	Snapshot  *int64 // that added it; nil = that of the manifest
	Deletes   bool   // it says which rows are deleted
	Path      string
	Size      int64
	Partition map[string]any
}

func entryOf(v map[string]any) entry {
	status, _ := number(v["status"])
	e := entry{Removed: status == 2, Snapshot: snapshotID(v["snapshot_id"])}
	file, _ := v["data_file"].(map[string]any)
	content, _ := number(file["content"]) // version 1 has none: all are data
	e.Deletes = content != 0
	e.Path, _ = file["file_path"].(string)
	e.Size, _ = number(file["file_size_in_bytes"])
	e.Partition, _ = file["partition"].(map[string]any)
	return e
}

func snapshotID(v any) *int64 {
	if n, ok := number(v); ok {
		return &n
	}
	return nil
}

// manifests are those of a snapshot.
func (r reader) manifests(ctx context.Context, s tableSnapshot) (all []manifest, _ error) {
	if s.List == "" {
		return nil, r.refused(iceberg, "snapshot %d has no list of its manifests, which tables of old writers may lack; rewrite its manifests", s.ID)
	}
	err := r.decode(ctx, s.List, func(v map[string]any) error {
		all = append(all, manifestOf(v))
		return nil
	})
	return all, err
}

// entries calls use for each file that a manifest says is part of the table.
func (r reader) entries(ctx context.Context, m manifest, use func(entry) error) error {
	return r.decode(ctx, m.Path, func(v map[string]any) error {
		if e := entryOf(v); !e.Removed {
			return use(e)
		}
		return nil
	})
}

// decode calls use for each record of an Avro file.
func (r reader) decode(ctx context.Context, address string, use func(map[string]any) error) error {
	bucket, key, err := locate(address)
	if err != nil {
		return r.refused(iceberg, "%w", err)
	}
	body, err := r.get(ctx, bucket, key)
	if err != nil {
		return err
	}
	records, err := ocf.NewReader(bytes.NewReader(body))
	if err != nil {
		return r.refused(iceberg, "%s is not valid: %w", path.Base(key), err)
	}
	defer func() { _ = records.Close() }()
	for {
		var v map[string]any
		err := records.Decode(&v)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return r.refused(iceberg, "%s is not valid: %w", path.Base(key), err)
		}
		if err := use(v); err != nil {
			return err
		}
	}
}

// text writes a partition value as Iceberg writes it in names of folders.
func text(transform string, value any, typ string) string {
	if value == nil {
		return hiveNull
	}
	if transform == "identity" && typ == "date" {
		transform = "day"
	}
	if at, ok := value.(time.Time); ok && transform == "day" {
		return at.UTC().Format(time.DateOnly)
	}
	if n, ok := number(value); ok {
		return count(transform, int(n))
	}
	return fmt.Sprint(value)
}

// count writes what a transform of dates and times counts from 1970 on, and other numbers as they are.
func count(transform string, n int) string {
	epoch := time.Unix(0, 0).UTC()
	switch transform {
	case "year":
		return epoch.AddDate(n, 0, 0).Format("2006")
	case "month":
		return epoch.AddDate(0, n, 0).Format("2006-01")
	case "day":
		return epoch.AddDate(0, 0, n).Format(time.DateOnly)
	case "hour":
		return epoch.Add(time.Duration(n) * time.Hour).Format("2006-01-02-15")
	}
	return strconv.Itoa(n)
}

func number(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}
