package ledger

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Settle is how long a batch whose marker has arrived waits for objects whose events are
// late: S3 does not order events. Each object that arrives starts it again.
const Settle = 10 * time.Second

// next is the batch after some have been added: the open one, or a new one.
func (a *addition) next(some []Arrival) Batch {
	now := time.Now().UTC()
	var b Batch
	if a.now != nil && a.now.State == Open {
		b = *a.now
	} else {
		b = Batch{
			ID: batchID(a.pipeline, some[0].Object), Pipeline: a.pipeline, Source: a.trigger.Bucket, Trigger: a.id, State: Open, OpenedAt: now,
			Deadline: now.Add(a.trigger.Batch.Lasts()), ClosesAt: now.Add(a.trigger.Batch.Lasts()),
		}
	}
	switch some[0].As {
	case pipeline.IsMarker:
		b.Marker = some[0].URI()
	case pipeline.IsManifest:
		b.Manifest, b.ManifestVersion = some[0].URI(), some[0].Version
	case pipeline.IsData, pipeline.NoMatch:
		for _, x := range some {
			b.Count, b.Bytes = b.Count+1, b.Bytes+x.Size
		}
	}
	if b.Marker != "" && b.Count > 0 {
		b.ClosesAt = earlier(b.Deadline, now.Add(Settle))
	}
	if by := a.reached(b); by != "" {
		b.State, b.ClosedAt, b.ClosedBy = Closed, now, by
	}
	return b
}

// reached is the limit of a batch that b has reached, or "".
func (a *addition) reached(b Batch) string {
	switch most := int64(a.trigger.Batch.MaxBytes); {
	case b.Count >= a.trigger.Batch.Most():
		return "maxObjects"
	case most > 0 && b.Bytes >= most:
		return "maxBytes"
	}
	return ""
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// By is what closes b when its time has come.
func (b Batch) By() string {
	if b.Marker != "" && b.ClosesAt.Before(b.Deadline) {
		return "marker"
	}
	return "window"
}

// transaction adds some to next. of has the objects by the place of their items.
func (a *addition) transaction(next Batch, some []Arrival) (items []types.TransactWriteItem, of []Object, err error) {
	for _, x := range some {
		put, err := a.entry(Entry{Object: x.Object, Pipeline: a.pipeline, Batch: next.ID, As: as(x.As), At: time.Now().UTC()})
		if err != nil {
			return nil, nil, err
		}
		items, of = append(items, put), append(of, x.Object)
	}
	for _, x := range some {
		check, needed, err := a.unfed(a.pipeline, x.Object)
		if err != nil {
			return nil, nil, err
		}
		if needed {
			items, of = append(items, check), append(of, x.Object)
		}
	}
	batch, err := a.replace(next)
	if err != nil {
		return nil, nil, err
	}
	items = append(items, batch...)
	if some[0].As == pipeline.IsData {
		members, err := item(map[string]any{"objects": objectsOf(some)}, records.MembersKey(next.ID, run.Digest(some[0].Bucket, some[0].Key, some[0].Identity())[:20]))
		if err != nil {
			return nil, nil, err
		}
		items = append(items, types.TransactWriteItem{Put: &types.Put{TableName: &a.Table, Item: members}})
	}
	return items, of, nil
}

// as is what an entry says of what it is: data says nothing.
func as(m pipeline.Match) pipeline.Match {
	if m == pipeline.IsData {
		return ""
	}
	return m
}

func objectsOf(some []Arrival) (all []Object) {
	for _, x := range some {
		all = append(all, x.Object)
	}
	return all
}

// replace writes next in place of the open batch, if that is as it was read; or as a
// new one, if no other has been opened.
func (a *addition) replace(next Batch) ([]types.TransactWriteItem, error) {
	it, err := batchItem(next)
	if err != nil {
		return nil, err
	}
	if a.now != nil && a.now.ID == next.ID {
		unchanged := records.Is("state", Open).And(records.Is("count", a.now.Count), records.Is("closesAt", a.now.ClosesAt), records.Is("openedAt", a.now.OpenedAt),
			textIs("marker", a.now.Marker), textIs("manifest", a.now.Manifest)) // which need not change the others
		put, err := records.PutWrite(a.Table, it, unchanged)
		return []types.TransactWriteItem{put}, err
	}
	put, err := records.PutWrite(a.Table, it, records.Absent())
	if err != nil {
		return nil, err
	}
	pointer, err := item(map[string]string{"batch": next.ID}, records.OpenKey(a.pipeline, a.id))
	if err != nil {
		return nil, err
	}
	newest := records.Absent()
	if a.now != nil {
		newest = records.Is("batch", a.now.ID)
	}
	open, err := records.PutWrite(a.Table, pointer, newest)
	return []types.TransactWriteItem{put, open}, err
}

// textIs is the condition that an attribute that is left out if it is empty has a value.
func textIs(name, value string) expression.ConditionBuilder {
	if value == "" {
		return expression.Name(name).AttributeNotExists()
	}
	return records.Is(name, value)
}

// batchItem is the item of b: in the index until it has its run.
func batchItem(b Batch) (records.Item, error) {
	it, err := item(b, records.BatchKey(b.ID))
	if err != nil {
		return nil, err
	}
	due := b.ClosesAt
	if b.State == Closed {
		due = b.ClosedAt
	}
	it[records.ClosingName], it[records.ClosingOrderName] = records.String(records.Closing), records.String(b.order(due))
	return it, nil
}

// entry takes an object, unless it was taken before for other runs.
func (s *Store) entry(e Entry) (types.TransactWriteItem, error) {
	it, err := item(e, e.key(e.Pipeline))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	free := records.Absent()
	if len(e.Runs) > 1 { // of a matrix, one of which may be there
		free = free.Or(records.Is("runs", e.Runs))
	}
	return records.PutWrite(s.Table, it, free)
}

// sameContent reports whether o and a are told apart by their sequencers only.
func (o Object) sameContent(a Arrival) bool {
	return !o.isVersioned() && o.Bucket == a.Bucket && o.Key == a.Key && o.ETag == a.ETag
}

// sameUpload is by how much the time of an event and that of a listing may differ.
const sameUpload = time.Minute

// unfed is the condition that an object without a version id, which an event reports, was
// not taken from a listing before. Listings have no sequencer, so that an entry from one
// has another identity than the event. needed is false for other objects.
func (s *Store) unfed(pipelineName string, o Object) (_ types.TransactWriteItem, needed bool, _ error) {
	if o.isVersioned() || o.Sequencer == "" {
		return types.TransactWriteItem{}, false, nil
	}
	listed := o
	listed.Sequencer = ""
	before := records.Absent().Or(expression.Name("time").LessThan(expression.Value(o.Time.Add(-sameUpload).UTC())))
	check, err := records.CheckWrite(s.Table, listed.key(pipelineName), before)
	return check, err == nil, err
}
