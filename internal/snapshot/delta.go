package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
)

// log is what the files of _delta_log say, in their order.
type log struct {
	version  int64
	at       time.Time
	protocol *protocol
	metadata *metadata
	files    map[string]added // by path
}

// action is a row of a checkpoint, and a line of a commit.
type action struct {
	Add      *added    `json:"add" parquet:"add,optional"`
	Remove   *removed  `json:"remove" parquet:"-"` // those of a checkpoint are not of files that it adds
	Metadata *metadata `json:"metaData" parquet:"metaData,optional"`
	Protocol *protocol `json:"protocol" parquet:"protocol,optional"`
}

type added struct {
	Path     string             `json:"path" parquet:"path,optional"`
	Values   map[string]*string `json:"partitionValues" parquet:"partitionValues,optional"`
	Size     int64              `json:"size" parquet:"size,optional"`
	Modified int64              `json:"modificationTime" parquet:"modificationTime,optional"` // ms
	Vector   *vector            `json:"deletionVector" parquet:"deletionVector,optional"`
}

type removed struct {
	Path string `json:"path"`
}

type vector struct {
	Cardinality int64 `json:"cardinality" parquet:"cardinality,optional"` // rows
}

type metadata struct {
	Configuration map[string]string `json:"configuration" parquet:"configuration,optional"`
	Columns       []string          `json:"partitionColumns" parquet:"partitionColumns,list,optional"`
}

type protocol struct {
	Reader   int32    `json:"minReaderVersion" parquet:"minReaderVersion,optional"`
	Features []string `json:"readerFeatures" parquet:"readerFeatures,list,optional"`
}

// features of Delta that do not change which files a snapshot has, and how they are read.
var features = []string{"deletionVectors", "timestampNtz", "vacuumProtocolCheck", "columnMapping", "typeWidening", "typeWidening-preview"}

// delta reads the newest version of a Delta table.
func (r reader) delta(ctx context.Context) (Files, error) {
	checkpoint, commits, err := r.logFiles(ctx)
	if err != nil {
		return Files{}, err
	}
	l := log{version: -1, files: map[string]added{}}
	for _, o := range checkpoint {
		if err := r.checkpoint(ctx, &l, o); err != nil {
			return Files{}, err
		}
		l.version, l.at = versionOf(nameOf(o.Key)), o.Modified
	}
	for _, o := range commits {
		if err := r.commit(ctx, &l, o); err != nil {
			return Files{}, err
		}
	}
	if err := r.readable(l); err != nil {
		return Files{}, err
	}
	return r.deltaFiles(l)
}

// logFiles lists the newest complete checkpoint and the commits after it.
func (r reader) logFiles(ctx context.Context) (checkpoint, commits []dataset.Object, _ error) {
	parts := map[string][]dataset.Object{} // by version and number of parts
	var newest string
	if err := r.list(ctx, "_delta_log/", r.lastCheckpoint(ctx), func(o dataset.Object) bool {
		name := nameOf(o.Key)
		switch of, isCheckpoint := checkpointOf(name); {
		case versionOf(name) < 0:
		case isCheckpoint:
			parts[of.name] = append(parts[of.name], o)
			if len(parts[of.name]) == of.parts && of.name > newest {
				newest = of.name
			}
		case strings.HasSuffix(name, ".json"):
			commits = append(commits, o)
		}
		return true
	}); err != nil {
		return nil, nil, err
	}
	next := int64(0)
	if newest != "" {
		next = versionOf(nameOf(parts[newest][0].Key)) + 1
	}
	commits = slices.DeleteFunc(commits, func(o dataset.Object) bool { return versionOf(nameOf(o.Key)) < next })
	for i, o := range commits {
		if want := next + int64(i); versionOf(nameOf(o.Key)) != want {
			return nil, nil, r.refused(delta, "commit %d is missing in its log", want)
		}
	}
	return parts[newest], commits, nil
}

// lastCheckpoint is the name after which the log has to be listed. The file is a hint, and may be missing.
func (r reader) lastCheckpoint(ctx context.Context) string {
	body, err := r.get(ctx, r.at.Bucket, r.root+"_delta_log/_last_checkpoint")
	if err != nil {
		return ""
	}
	var hint struct {
		Version int64 `json:"version"`
	}
	if json.Unmarshal(body, &hint) != nil || hint.Version <= 0 {
		return ""
	}
	return fmt.Sprintf("%020d", hint.Version)
}

// versionOf is the version that the name of a file of the log begins with, -1 if there is none.
func versionOf(name string) int64 {
	digits, rest, _ := strings.Cut(name, ".")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) != 20 || rest != "json" && !strings.HasPrefix(rest, "checkpoint.") {
		return -1
	}
	return n
}

func nameOf(key string) string { return key[strings.LastIndex(key, "/")+1:] }

// checkpointName are the files that make up a checkpoint.
type checkpointName struct {
	name  string
	parts int
}

// checkpointOf reads the name of a checkpoint: N.checkpoint.parquet, or N.checkpoint.PART.PARTS.parquet.
func checkpointOf(name string) (checkpointName, bool) {
	fields := strings.Split(name, ".")
	switch {
	case len(fields) < 3 || fields[1] != "checkpoint":
		return checkpointName{}, false
	case len(fields) == 5:
		parts, _ := strconv.Atoi(fields[3])
		return checkpointName{fields[0] + "." + fields[3], parts}, true
	default: // a checkpoint of version 2 has an id, and needs a feature that is refused
		return checkpointName{name, 1}, true
	}
}

func (r reader) commit(ctx context.Context, l *log, o dataset.Object) error {
	body, err := r.get(ctx, o.Bucket, o.Key)
	if err != nil {
		return err
	}
	var actions []action
	for line := range bytes.Lines(body) {
		var a action
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &a); err != nil {
			return r.refused(delta, "%s of its log is not valid: %w", path.Base(o.Key), err)
		}
		actions = append(actions, a)
	}
	for _, a := range actions { // first: a file that gets a deletion vector is removed and added by one commit, in any order
		if a.Remove != nil {
			delete(l.files, a.Remove.Path)
		}
	}
	for _, a := range actions {
		if err := r.take(l, a); err != nil {
			return err
		}
	}
	l.version, l.at = versionOf(nameOf(o.Key)), o.Modified
	return nil
}

func (r reader) checkpoint(ctx context.Context, l *log, o dataset.Object) (err error) {
	if !strings.HasSuffix(o.Key, ".parquet") {
		return r.refused(delta, "%s is a checkpoint of a format that is not read", path.Base(o.Key))
	}
	body, err := r.get(ctx, o.Bucket, o.Key)
	if err != nil {
		return err
	}
	defer func() { // the file is untrusted
		if p := recover(); p != nil {
			err = r.refused(delta, "checkpoint %s is not valid: %v", path.Base(o.Key), p)
		}
	}()
	rows := parquet.NewGenericReader[action](bytes.NewReader(body))
	defer func() { _ = rows.Close() }()
	page := make([]action, 512)
	for {
		n, err := rows.Read(page)
		for _, a := range page[:n] {
			if err := r.take(l, a); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return r.refused(delta, "checkpoint %s is not valid: %w", path.Base(o.Key), err)
		}
		clear(page)
	}
}

// take applies an action other than a removal.
func (r reader) take(l *log, a action) error {
	if a.Protocol != nil {
		l.protocol = a.Protocol
	}
	if a.Metadata != nil {
		l.metadata = a.Metadata
	}
	if a.Add != nil && a.Add.Path != "" {
		l.files[a.Add.Path] = *a.Add
	}
	if len(l.files) > mostFiles {
		return r.refused(delta, "it has more than %d files, which is not read; OPTIMIZE it", mostFiles)
	}
	return nil
}

// readable finds whether the table is written by rules that are known here.
func (r reader) readable(l log) error {
	if l.protocol == nil || l.metadata == nil {
		return r.refused(delta, "its log has no protocol or no metadata")
	}
	if l.protocol.Reader > 3 {
		return r.refused(delta, "it needs reader version %d, and 3 is the newest that is known", l.protocol.Reader)
	}
	for _, f := range l.protocol.Features {
		if !slices.Contains(features, f) {
			return r.refused(delta, "it needs the reader feature %s, which is not known; check it with SQL, or a copy", f)
		}
	}
	if mode := l.metadata.Configuration["delta.columnMapping.mode"]; mode != "" && mode != "none" {
		return r.refused(delta, "its columns have other names in its files (delta.columnMapping.mode=%s), which is not read", mode)
	}
	return nil
}

// deltaFiles are the files of a version that are at the address.
func (r reader) deltaFiles(l log) (Files, error) {
	found := Files{Table: r.table(delta)}
	found.Table.Snapshot, found.Table.At = strconv.FormatInt(l.version, 10), l.at
	vectors, rows := 0, int64(0)
	var w within
	if err := w.parse(r, l.metadata.Columns); err != nil {
		return Files{}, err
	}
	for _, a := range l.files {
		o, err := r.deltaObject(a)
		if err != nil {
			return Files{}, err
		}
		if !w.holds(o, o.Folders) {
			continue
		}
		if a.Vector != nil && a.Vector.Cardinality > 0 {
			vectors, rows = vectors+1, rows+a.Vector.Cardinality
		}
		found.Objects = append(found.Objects, o)
	}
	slices.SortFunc(found.Objects, func(a, b dataset.Object) int { return strings.Compare(a.Key, b.Key) })
	if vectors > 0 {
		found.Rows = r.refused(delta, "%d of its files have deletion vectors: %d deleted rows are still in them; run "+
			"REORG TABLE … APPLY (PURGE), or write it without delta.enableDeletionVectors", vectors, rows)
	}
	return found, nil
}

func (r reader) deltaObject(a added) (dataset.Object, error) {
	name, err := url.PathUnescape(a.Path)
	if err != nil {
		return dataset.Object{}, fault.New(fault.InvalidInput, "%s: file %q of its log: %w", r.address(), a.Path, err)
	}
	o := dataset.Object{API: r.api, Bucket: r.at.Bucket, Key: r.root + name, Size: a.Size, Modified: time.UnixMilli(a.Modified).UTC(), Folders: map[string]string{}}
	if strings.Contains(name, "://") {
		if o.Bucket, o.Key, err = locate(name); err != nil {
			return dataset.Object{}, r.refused(delta, "%w", err)
		}
	}
	for column, value := range a.Values {
		o.Folders[column] = hiveNull
		if value != nil && *value != "" { // "" is null
			o.Folders[column] = *value
		}
	}
	return o, nil
}
