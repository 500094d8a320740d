package snapshot

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/dataset"
)

// mainBranch is what readers of an Iceberg table see.
const mainBranch = "main"

// tableMetadata is the part of a metadata file that says which files the table has.
type tableMetadata struct {
	Version   int             `json:"format-version"`
	Current   *int64          `json:"current-snapshot-id"` // null or -1 = the table is empty
	Snapshots []tableSnapshot `json:"snapshots"`
	Refs      map[string]ref  `json:"refs"`
	Specs     []spec          `json:"partition-specs"`
	Schemas   []schema        `json:"schemas"`
}

type ref struct {
	Snapshot int64 `json:"snapshot-id"`
}

type tableSnapshot struct {
	ID   int64  `json:"snapshot-id"`
	At   int64  `json:"timestamp-ms"`
	List string `json:"manifest-list"`
}

type spec struct {
	ID     int64       `json:"spec-id"`
	Fields []partField `json:"fields"`
}

type partField struct {
	Name      string `json:"name"`
	Transform string `json:"transform"`
	Source    int64  `json:"source-id"`
}

type schema struct {
	Fields []struct {
		ID   int64           `json:"id"`
		Name string          `json:"name"`
		Type json.RawMessage `json:"type"`
	} `json:"fields"`
}

// iceberg reads the current snapshot of an Iceberg table.
func (r reader) iceberg(ctx context.Context) (Files, error) {
	bucket, key, err := r.currentMetadata(ctx)
	if err != nil {
		return Files{}, err
	}
	body, err := r.get(ctx, bucket, key)
	if err != nil {
		return Files{}, err
	}
	var m tableMetadata
	if err := unmarshal(key, body, &m); err != nil {
		return Files{}, r.refused(iceberg, "%s is not valid: %w", path.Base(key), err)
	}
	if m.Version < 1 || m.Version > 3 {
		return Files{}, r.refused(iceberg, "it has format version %d, and 3 is the newest that is known", m.Version)
	}
	found := Files{Table: r.table(iceberg)}
	current, ok := m.current()
	if ref, branched := m.Refs[r.Branch]; branched && r.Branch != "" {
		found.Table.Branch = r.Branch
		current, ok = m.snapshot(ref.Snapshot)
	}
	if !ok {
		return found, nil
	}
	found.Table.Snapshot = strconv.FormatInt(current.ID, 10)
	found.Table.At = time.UnixMilli(current.At).UTC()
	return r.icebergFiles(ctx, m, current, found)
}

// currentMetadata is the bucket and the key of the metadata file that the catalog names. Files with higher numbers
// may be of commits that failed, or have not happened yet.
func (r reader) currentMetadata(ctx context.Context) (bucket, key string, err error) {
	named := ""
	if r.Catalog != nil {
		if named, err = r.Catalog.Metadata(ctx, dataset.Address{Bucket: r.at.Bucket, Prefix: r.root}); err != nil {
			return "", "", err
		}
	}
	if named == "" {
		newest, err := r.newestMetadata(ctx)
		return newest.Bucket, newest.Key, err
	}
	if bucket, key, err = locate(named); err != nil {
		return "", "", r.refused(iceberg, "its current metadata: %w", err)
	}
	return bucket, key, nil
}

// newestMetadata finds the file with the highest number. A commit of the catalog makes it the table's.
func (r reader) newestMetadata(ctx context.Context) (dataset.Object, error) {
	var newest []dataset.Object
	highest := int64(-1)
	err := r.list(ctx, "metadata/", "", func(o dataset.Object) bool {
		if n := numberOf(nameOf(o.Key)); n > highest {
			highest, newest = n, []dataset.Object{o}
		} else if n >= 0 && n == highest {
			newest = append(newest, o)
		}
		return true
	})
	switch {
	case err != nil:
		return dataset.Object{}, err
	case len(newest) == 0:
		return dataset.Object{}, r.refused(iceberg, "its metadata files have no number")
	case len(newest) > 1:
		return dataset.Object{}, r.refused(iceberg, "%s and %s have the same number, and only its catalog knows which of them is current; "+
			"delete the one that a failed commit has left", nameOf(newest[0].Key), nameOf(newest[1].Key))
	}
	return newest[0], nil
}

// numberOf is the number of a metadata file, v3.metadata.json or 00003-ID.metadata.json, or -1.
func numberOf(name string) int64 {
	if !strings.HasSuffix(name, ".metadata.json") {
		return -1
	}
	digits := strings.TrimPrefix(name[:strings.IndexAny(name+".", "-.")], "v")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func unmarshal(key string, body []byte, into any) error {
	if strings.HasSuffix(key, ".gz.metadata.json") {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body, err = io.ReadAll(io.LimitReader(z, mostBytes)); err != nil {
			return err
		}
	}
	return json.Unmarshal(body, into)
}

func (m tableMetadata) current() (tableSnapshot, bool) {
	id := int64(-1)
	if m.Current != nil {
		id = *m.Current
	}
	if main, ok := m.Refs[mainBranch]; ok {
		id = main.Snapshot
	}
	return m.snapshot(id)
}

func (m tableMetadata) snapshot(id int64) (tableSnapshot, bool) {
	i := slices.IndexFunc(m.Snapshots, func(s tableSnapshot) bool { return s.ID == id })
	if i < 0 {
		return tableSnapshot{}, false
	}
	return m.Snapshots[i], true
}

// madeAt is when a snapshot was made, which is when its files were written.
func (m tableMetadata) madeAt(id *int64, or tableSnapshot) time.Time {
	for _, s := range m.Snapshots {
		if id != nil && s.ID == *id {
			return time.UnixMilli(s.At).UTC()
		}
	}
	oldest := or.At // the snapshot has expired: it is older than all
	for _, s := range m.Snapshots {
		oldest = min(oldest, s.At)
	}
	return time.UnixMilli(oldest).UTC()
}

// icebergFiles are the data files of a snapshot that are at the address.
func (r reader) icebergFiles(ctx context.Context, m tableMetadata, current tableSnapshot, found Files) (Files, error) {
	var w within
	if err := w.parse(r, m.partitions()); err != nil {
		return Files{}, err
	}
	manifests, err := r.manifests(ctx, current)
	if err != nil {
		return Files{}, err
	}
	deletes := 0
	for _, list := range manifests {
		err := r.entries(ctx, list, func(e entry) error {
			o, values, err := r.icebergObject(m, list, e)
			switch {
			case err != nil:
				return err
			case !w.holds(o, values):
			case e.Deletes:
				deletes++
			case len(found.Objects) == mostFiles:
				return r.refused(iceberg, "it has more than %d files, which is not read; rewrite its data files", mostFiles)
			default:
				o.Modified = m.madeAt(cmp.Or(e.Snapshot, list.Snapshot), current)
				found.Objects = append(found.Objects, o)
			}
			return nil
		})
		if err != nil {
			return Files{}, err
		}
	}
	slices.SortFunc(found.Objects, func(a, b dataset.Object) int { return strings.Compare(a.Key, b.Key) })
	found.Rows = r.icebergRows(m, deletes)
	return found, nil
}

// icebergRows is why the rows of data files are not those of the table.
func (r reader) icebergRows(m tableMetadata, deletes int) error {
	if deletes > 0 {
		return r.refused(iceberg, "it has %d delete files or deletion vectors: deleted rows are still in its data files; "+
			"run rewrite_data_files, or write it with write.delete.mode=copy-on-write", deletes)
	}
	names, ids := map[int64]string{}, map[string]int64{}
	for _, s := range m.Schemas {
		for _, f := range s.Fields {
			if name, known := names[f.ID]; known && name != f.Name {
				return r.refused(iceberg, "column %s was renamed to %s, and its older files have the former name; rewrite its data files", name, f.Name)
			}
			if id, known := ids[f.Name]; known && id != f.ID {
				return r.refused(iceberg, "column %s was removed and added again, and its older files have the former values; rewrite its data files", f.Name)
			}
			names[f.ID], ids[f.Name] = f.Name, f.ID
		}
	}
	return nil
}

// partitions are the names of partition fields.
func (m tableMetadata) partitions() (names []string) {
	for _, s := range m.Specs {
		for _, f := range s.Fields {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// icebergObject returns a file and the values of its partition fields. The columns of other
// transforms than identity are in the file, and those of identity may be missing there.
func (r reader) icebergObject(m tableMetadata, list manifest, e entry) (dataset.Object, map[string]string, error) {
	o := dataset.Object{API: r.api, Size: e.Size, Folders: map[string]string{}}
	var err error
	if o.Bucket, o.Key, err = locate(e.Path); err != nil {
		return o, nil, r.refused(iceberg, "%w", err)
	}
	values := map[string]string{}
	for _, s := range m.Specs {
		if s.ID != list.Spec {
			continue
		}
		for _, f := range s.Fields {
			values[f.Name] = text(f.Transform, e.Partition[f.Name], m.typeOf(f.Source))
			if f.Transform == "identity" {
				o.Folders[f.Name] = values[f.Name]
			}
		}
	}
	return o, values, nil
}

// typeOf is the type of a column; "" = it is not simple, or not at the top.
func (m tableMetadata) typeOf(id int64) (name string) {
	for _, s := range m.Schemas {
		for _, f := range s.Fields {
			if f.ID == id {
				_ = json.Unmarshal(f.Type, &name)
			}
		}
	}
	return name
}
