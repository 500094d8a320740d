package records

import "time"

// Sort keys of the items in the partition of a pipeline's notices, in the order in which
// they are read together.
const (
	ThreadsSort   = "DIGEST"
	EntryPrefix   = "ENTRY#"
	SilencePrefix = "SILENCE#"
	SendingPrefix = "TO#"

	NoticesFirst = ThreadsSort
	NoticesLast  = SilencePrefix + "~"
)

// Notices is the partition of ByState with what the function notify has to do: entries,
// threads with a message that is due at some time, and messages that are not sent yet.
const Notices = "NOTICES"

// Silences is the partition of ByState with silences, by when they end.
const Silences = "SILENCES"

// NoticesPartition holds the items of the notices of a pipeline, or of "team " and a team
// for its budget.
func NoticesPartition(of string) string { return "NOTICES#" + of }

// ThreadsKey is the key of the threads of a pipeline's notices: outbox.State as JSON.
// Written by outbox.Store for notify, in the transaction that takes entries and creates
// messages. Index: ByState, partition Notices, by when the next message is due.
func ThreadsKey(of string) Key { return Key{NoticesPartition(of), ThreadsSort} }

// EntryKey is the key of what a notice is to say: notify.Entry as JSON. id is of the run,
// and says which of its ends or warnings it is. Written by outbox.Store: in the transaction
// that announces the end of the run, rejects it, or records that it was warned of; and for
// holdrun and budgets. Removed when a message contains it. Index: ByState, partition
// Notices, by time.
func EntryKey(of string, at time.Time, id string) Key {
	return Key{NoticesPartition(of), EntryPrefix + TimeOrder(at, id)}
}

// SilenceKey is the key of outbox.Silence, of a class or of all with "". Written by
// outbox.Store for control. Index: ByState, partition Silences.
func SilenceKey(of, class string) Key { return Key{NoticesPartition(of), SilencePrefix + class} }

// SendingKey is the key of a message on its way to one destination: outbox.Outgoing.
// Written by outbox.Store for notify, which marks it when it is sent. Index: ByState,
// partition Notices, by its next attempt, until it is sent.
func SendingKey(of, message, destination string) Key {
	return Key{NoticesPartition(of), SendingPrefix + message + "#" + destination}
}
