package publish

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
	"ephemr/internal/run"
)

// keptEntries is how many earlier publications of a partition are kept.
const keptEntries = 20

// Entry is the data that a partition points, or pointed, at, or a snapshot of an Iceberg table.
type Entry struct {
	RunID    string    `dynamodbav:"runId,omitempty" json:"runId,omitempty"` // "" = it was not published by a run
	Location string    `dynamodbav:"location" json:"location"`
	Began    time.Time `dynamodbav:"began,omitzero" json:"began,omitzero"` // when the work of the run began, by which runs are ordered
	At       time.Time `dynamodbav:"at,omitzero" json:"at,omitzero"`       // when it was published
}

// Pointer is what is recorded of a partition that runs publish.
type Pointer struct {
	Table     string   `dynamodbav:"table" json:"table"`         // as in pipelines: ephemr.<table>
	Partition string   `dynamodbav:"partition" json:"partition"` // key=value/…, in the order of the table's keys
	Values    []string `dynamodbav:"values" json:"-"`            // in the same order
	Current   *Entry   `dynamodbav:"current,omitempty" json:"current,omitempty"`
	Earlier   []Entry  `dynamodbav:"earlier,omitempty" json:"earlier"` // newest first
	Claim     *Claim   `dynamodbav:"claim,omitempty" json:"-"`
	Revision  int      `dynamodbav:"revision" json:"-"` // number of changes of this record
}

// isBranch reports whether p is of the branch main of an Iceberg table: the locations of its entries are snapshots, and
// it has no values.
func (p Pointer) isBranch() bool { return p.Partition == iceberg.Main }

// tableOf is the name of p's table in its database.
func tableOf(p Pointer) string {
	_, name, _ := strings.Cut(p.Table, ".")
	return name
}

// keys are the names of p's partition keys.
func (p Pointer) keys() (keys []string) {
	for part := range strings.SplitSeq(p.Partition, "/") {
		key, _, _ := strings.Cut(part, "=")
		keys = append(keys, key)
	}
	return keys
}

// Claim is the intent to make the partition point elsewhere. It is recorded before the
// catalog is called, because UpdatePartition has no condition: at any time one invocation
// may call it for a partition.
type Claim struct {
	RunID  string    `dynamodbav:"runId"`
	Target Entry     `dynamodbav:"target"`
	Before *Entry    `dynamodbav:"before,omitempty"` // what the partition points at; nil = it does not exist
	Undo   bool      `dynamodbav:"undo,omitempty"`   // Target was published before the run's data
	By     string    `dynamodbav:"by"`               // invocation
	At     time.Time `dynamodbav:"at"`
}

// held reports whether another invocation may still be calling the catalog.
func (c Claim) held(caller string) bool { return c.By != caller && time.Since(c.At) < run.Lease }

// supersedes reports whether e was published by a run whose work began after that of the
// run with the given id.
func (e *Entry) supersedes(id string, began time.Time) bool {
	if e == nil || e.RunID == "" || e.RunID == id {
		return false
	}
	return cmp.Or(e.Began.Compare(began), strings.Compare(e.RunID, id)) > 0
}

// writer names the run that has published e.
func (e *Entry) writer() string {
	if e == nil || e.RunID == "" {
		return "another client"
	}
	return "run " + e.RunID
}

// settled is p after its claim has taken effect.
func (p Pointer) settled() Pointer {
	next, c := p, p.Claim
	next.Claim, next.Current = nil, &c.Target
	if c.Undo {
		next.Earlier = p.Earlier[1:]
		return next
	}
	if c.Before == nil { // the partition was dropped: nothing is restored from before that
		next.Earlier = nil
		return next
	}
	next.Earlier = []Entry{*c.Before}
	if at := p.Current; at != nil && !same(at.Location, c.Before.Location) && !same(at.Location, c.Target.Location) { // another client has changed it since
		next.Earlier = append(next.Earlier, *at)
	}
	next.Earlier = append(next.Earlier, p.Earlier...)
	next.Earlier = next.Earlier[:min(len(next.Earlier), keptEntries)]
	return next
}

// before is what the partition points at: what is recorded or, if another client has
// changed the catalog, the location alone. A call that arrived late may have made it point
// at target already.
func before(at Pointer, uri string, exists bool, target string) *Entry {
	switch {
	case !exists:
		return nil
	case same(uri, target), at.Current != nil && same(at.Current.Location, uri):
		return at.Current
	}
	return &Entry{Location: uri}
}

// same reports whether two locations are the same prefix: Hive removes the last slash when
// it changes a partition.
func same(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// partitionOf puts the values of a partition in the order of the table's keys.
func partitionOf(table string, keys []string, values map[string]string) (ordered []string, name string, err error) {
	var set, parts []string
	for key := range values {
		set = append(set, key)
	}
	slices.Sort(set)
	if sorted := slices.Sorted(slices.Values(keys)); !slices.Equal(sorted, set) {
		is := "is partitioned by " + strings.Join(keys, ", ")
		if len(keys) == 0 {
			is = "is not partitioned"
		}
		return nil, "", fault.New(fault.InvalidInput, "table %s %s, and publish sets %s: make publish.partition and the keys of the table equal", table, is, strings.Join(set, ", "))
	}
	for _, key := range keys {
		ordered = append(ordered, values[key])
		parts = append(parts, key+"="+url.PathEscape(values[key]))
	}
	return ordered, strings.Join(parts, "/"), nil
}
