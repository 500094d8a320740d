// Package ledger records which run of a pipeline takes which object of S3: each version
// of an object is taken once. Objects of triggers with a batch are collected in batches
// first. Package records has the keys of its table, and ADR 34 the reasons.
//
// What must hold whatever fails follows from two rules. An object is added in one
// transaction with its batch, on the condition that the batch is open and that the object
// was not taken before. A batch is closed by one conditional write. So the objects of a
// closed batch are fixed, and no object is in two batches or in none. Tested by
// internal/intake and internal/proof/simulation.
package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// DB is the part of DynamoDB that the ledger needs.
type DB interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store reads and writes the Ledger table.
type Store struct {
	DB    DB
	Table string
}

// keep is how long items outlive their last complete write: as long as runs.
const keep = 400 * 24 * time.Hour

// Object is a version of an object.
type Object struct {
	Bucket    string    `dynamodbav:"bucket" json:"bucket"`
	Key       string    `dynamodbav:"key" json:"key"`
	Version   string    `dynamodbav:"version,omitempty" json:"version,omitempty"` // "" in a bucket without versions
	ETag      string    `dynamodbav:"etag,omitempty" json:"etag,omitempty"`       // without quotes
	Sequencer string    `dynamodbav:"sequencer,omitempty" json:"-"`               // of S3's event; "" if no event reported it
	Size      int64     `dynamodbav:"size" json:"size"`                           // bytes
	Time      time.Time `dynamodbav:"time" json:"time"`                           // when it was created
}

// Identity names the version among those of its key.
func (o Object) Identity() string {
	if o.isVersioned() {
		return clip(o.Version)
	}
	return clip(o.ETag + "#" + o.Sequencer)
}

// isVersioned reports whether the bucket keeps versions. Where that is suspended, S3
// calls the version null.
func (o Object) isVersioned() bool { return o.Version != "" && o.Version != "null" }

// clip bounds an identity: sort keys have at most 1,024 bytes, as S3's version ids.
func clip(identity string) string {
	if len(identity) > 200 {
		return "sha256-" + run.Digest(identity)
	}
	return identity
}

// URI is the object's address.
func (o Object) URI() string { return "s3://" + o.Bucket + "/" + o.Key }

// key is the key of what a pipeline has made of o.
func (o Object) key(pipelineName string) records.Key {
	return records.ObjectKey(o.Bucket, o.Key, pipelineName, o.Identity())
}

// State of a batch.
type State string

// The states of a batch.
const (
	Open    State = "OPEN"
	Closed  State = "CLOSED"  // its objects are fixed, it has no run yet
	Started State = "STARTED" // it has its run
	Empty   State = "EMPTY"   // it was closed without an object
)

// Batch is the objects of one run.
type Batch struct {
	ID       string    `dynamodbav:"id" json:"id"`
	Pipeline string    `dynamodbav:"pipeline" json:"pipeline"`
	Source   string    `dynamodbav:"source" json:"source"`   // zone or bucket of its trigger
	Trigger  string    `dynamodbav:"trigger" json:"trigger"` // digest of the trigger
	State    State     `dynamodbav:"state" json:"state"`
	Count    int       `dynamodbav:"count" json:"count"` // objects
	Bytes    int64     `dynamodbav:"bytes" json:"bytes"`
	OpenedAt time.Time `dynamodbav:"openedAt" json:"openedAt"`
	Deadline time.Time `dynamodbav:"deadline" json:"deadline"` // end of its window
	ClosesAt time.Time `dynamodbav:"closesAt" json:"closesAt"` // its deadline, or before, once its marker has arrived
	ClosedAt time.Time `dynamodbav:"closedAt,omitzero" json:"closedAt,omitzero"`
	ClosedBy string    `dynamodbav:"closedBy,omitempty" json:"closedBy,omitempty"` // window, maxObjects, maxBytes, marker or manifest
	Marker   string    `dynamodbav:"marker,omitempty" json:"marker,omitempty"`     // address of the marker that has arrived
	Manifest string    `dynamodbav:"manifest,omitempty" json:"manifest,omitempty"` // address of the manifest that has arrived
	Runs     []string  `dynamodbav:"runs,omitempty" json:"runs,omitempty"`         // its run, and those that redo it

	ManifestVersion string `dynamodbav:"manifestVersion,omitempty" json:"-"`
}

// Entry is a version of an object that a pipeline has taken.
type Entry struct {
	Object

	Pipeline string         `dynamodbav:"pipeline" json:"pipeline"`
	Batch    string         `dynamodbav:"batch,omitempty" json:"batch,omitempty"` // its batch
	As       pipeline.Match `dynamodbav:"as,omitempty" json:"as,omitempty"`       // marker or manifest: it is not an object of the batch itself
	At       time.Time      `dynamodbav:"at" json:"at"`                           // when it was taken
	Runs     []string       `dynamodbav:"runs,omitempty" json:"runs,omitempty"`   // without a batch: its run. Also those to which it was given by hand
}

// TriggerID names a trigger of a pipeline by what it does: a trigger that is changed
// opens batches of its own.
func TriggerID(t pipeline.S3Trigger) (string, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode trigger: %w", err)
	}
	return run.Digest(string(data))[:12], nil
}

// batchID is the id of the batch that a pipeline opens with o. No other batch begins with
// the same object.
func batchID(pipelineName string, o Object) string {
	return pipelineName + "-" + o.Time.UTC().Format("20060102T1504") + "-" + run.Digest(run.ByS3, "batch", pipelineName, o.Bucket, o.Key, o.Identity())[:20]
}

// order is the place of b in the index of batches, when something is to be done at t.
func (b Batch) order(t time.Time) string { return records.TimeOrder(t, b.ID) }

// item encodes a record with its key.
func item(v any, key records.Key) (records.Item, error) {
	it, err := attributevalue.MarshalMap(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s of %s: %w", key.Sort, key.Partition, err)
	}
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = number(time.Now().Add(keep).Unix())
	return it, nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// Parse reads an address like s3://bucket/key.
func Parse(uri string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, key, found := strings.Cut(rest, "/")
	if !ok || !found || bucket == "" || key == "" {
		return "", "", fmt.Errorf("invalid address %q of an object (example: s3://bucket/path/file.csv)", uri)
	}
	return bucket, key, nil
}

// byTime sorts objects: the oldest first.
func byTime(a, b Object) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Sequencer, b.Sequencer))
}
