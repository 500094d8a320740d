package records

// ByClosing is the index of the Ledger table with the batches that are not closed, or
// closed but have no run yet. It is eventually consistent.
const ByClosing = "byClosing" // partition ClosingName, sort ClosingOrderName

// Attributes of ByClosing. An item without them is not in it.
const (
	ClosingName      = "gcState" // Closing
	ClosingOrderName = "gcOrder" // TimeOrder of when something is to be done, and the batch's id
)

// Closing is the only partition of ByClosing.
const Closing = "CLOSING"

// Sort keys of items of the Ledger table.
const (
	OpenSort      = "OPEN"
	BatchSort     = "BATCH"
	MembersPrefix = "OBJECTS#"
)

// ObjectKey is the key of a version of an object that a pipeline has taken:
// ledger.Entry. identity is the object's version id, or its ETag and sequencer. Written
// by ledger.Store: in the transaction that adds the object to a batch, or creates its
// run. No index.
func ObjectKey(bucket, key, pipeline, identity string) Key {
	return Key{ObjectPartition(bucket, key), pipeline + "#" + identity}
}

// ObjectPartition holds the items of ObjectKey of all versions of an object.
func ObjectPartition(bucket, key string) string { return "OBJECT#" + bucket + "/" + key }

// OpenKey is the key of the id of the newest batch of a trigger. Written by ledger.Store
// in the transaction that opens the batch. No index.
func OpenKey(pipeline, trigger string) Key {
	return Key{"TRIGGER#" + pipeline + "#" + trigger, OpenSort}
}

// BatchKey is the key of a batch: ledger.Batch. Written by ledger.Store. Index:
// ByClosing, until the batch has its run.
func BatchKey(id string) Key { return Key{"BATCH#" + id, BatchSort} }

// MembersKey is the key of objects of a batch that were added together: a list of
// ledger.Object. first is the digest of the first of them. Written by ledger.Store in the
// transaction that adds them, and never changed. No index.
func MembersKey(id, first string) Key { return Key{"BATCH#" + id, MembersPrefix + first} }
