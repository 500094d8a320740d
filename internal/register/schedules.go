package register

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// maxSchedules is the maximum for one pipeline: the number of a schedule has two digits,
// and a version is written with all of them in one transaction.
const maxSchedules = 10

// record is a schedule with its item as it was read.
type record struct {
	item     records.Item
	schedule calendar.Schedule
}

// scheduleWrites are the writes that replace the schedules of before by those of spec.
// A schedule with the same planned times continues where it is; another starts at now,
// and what the old one owes until then remains in the calendar.
func (s *Store) scheduleWrites(before *registered, spec *pipeline.Spec, next row, now time.Time) ([]types.TransactWriteItem, error) {
	old, err := before.active(now)
	if err != nil {
		return nil, err
	}
	want := calendar.Schedules(spec, next.Number, now)
	for i := range want {
		want[i], old = continued(want[i], old)
	}
	for i, o := range old {
		retired, owes, err := o.Retired(now, i)
		if err != nil {
			return nil, err
		}
		if owes {
			want = append(want, retired)
		}
	}
	return s.replace(before, want, next.Paused)
}

// continued is a schedule that continues the one with the same planned times, if old
// has it, and what remains of old.
func continued(s calendar.Schedule, old []calendar.Schedule) (calendar.Schedule, []calendar.Schedule) {
	i := slices.IndexFunc(old, func(o calendar.Schedule) bool { return o.SameTimes(s) && maps.Equal(o.Params, s.Params) })
	if i < 0 {
		i = slices.IndexFunc(old, s.SameTimes)
	}
	if i < 0 {
		return s, old
	}
	o := old[i]
	s.Since, s.Last, s.Made, s.MadeAt, s.Owed = o.Since, o.Last, o.Made, o.MadeAt, o.Owed
	return s, slices.Delete(slices.Clone(old), i, i+1)
}

// active are the schedules of the current version.
func (b *registered) active(now time.Time) ([]calendar.Schedule, error) {
	var all []calendar.Schedule
	for _, r := range b.schedules {
		if r.schedule.Until.IsZero() {
			all = append(all, r.schedule)
		}
	}
	if len(all) > 0 || !b.exists() {
		return all, nil
	}
	v, err := b.current.version()
	if err != nil {
		return nil, err
	}
	return adopted(v, now), nil
}

// replace are the writes after which a pipeline has the schedules of want. Each holds
// only while the calendar has not moved the schedule on.
func (s *Store) replace(before *registered, want []calendar.Schedule, paused bool) ([]types.TransactWriteItem, error) {
	var writes []types.TransactWriteItem
	left := map[string]record{}
	for _, r := range before.schedules {
		if r.schedule.Until.IsZero() {
			left[r.schedule.Sort] = r
		}
	}
	for _, x := range want {
		it, err := x.Item(paused)
		if err != nil {
			return nil, err
		}
		r, exists := left[x.Sort]
		delete(left, x.Sort)
		cond := records.Absent()
		if exists {
			if same(it, r.item) {
				continue
			}
			cond = records.Is("last", r.schedule.Last)
		}
		put, err := records.PutWrite(s.Table, it, cond)
		if err != nil {
			return nil, err
		}
		writes = append(writes, put)
	}
	for _, sort := range slices.Sorted(maps.Keys(left)) {
		del, err := records.DeleteWrite(s.Table, left[sort].schedule.Key(), records.Is("last", left[sort].schedule.Last))
		if err != nil {
			return nil, err
		}
		writes = append(writes, del)
	}
	return writes, nil
}

// same reports whether two items are equal, but for the mark of their last write.
func same(a, b records.Item) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	delete(a, records.WriteName)
	delete(b, records.WriteName)
	return reflect.DeepEqual(a, b)
}

// add decodes an item of a pipeline's partition.
func (b *registered) add(it records.Item) error {
	if records.Text(it[records.SortName]) == records.CurrentSort {
		return attributevalue.UnmarshalMap(it, &b.current)
	}
	r := record{item: it}
	if err := attributevalue.UnmarshalMap(it, &r.schedule); err != nil {
		return err
	}
	b.schedules = append(b.schedules, r)
	return nil
}
