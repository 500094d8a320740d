package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"ephemr/internal/run"
)

// publishedTable is the table to which runs of storms publish.
const publishedTable = "data"

// publishes is what half of the pipelines publish: a partition of their own, or one that
// they share.
func (s *story) publishes(name string) string {
	d := roll(s.seed, "publish", name)
	if d.chance(0.4) {
		return ""
	}
	return fmt.Sprintf("publish: {table: ephemr.%s, partition: {dt: %s}, location: \"{{.Lake.curated}}/%s/run={{.RunID}}/\"}\n", publishedTable, pick(d, "shared", "shared", name), publishedTable)
}

// catalog makes the table, and has the checker see what its partitions point at.
func (c *checker) catalog() {
	c.w.Glue.Create(c.w.Settings.Database(), gluetypes.Table{Name: aws.String(publishedTable), StorageDescriptor: &gluetypes.StorageDescriptor{}}, "dt")
	c.w.Glue.OnLocation(func(_ string, values []string, location string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if all := c.pointed[values[0]]; len(all) == 0 || all[len(all)-1] != location {
			c.pointed[values[0]] = append(all, location)
		}
	})
}

// published checks what runs have published when all are over: each partition has pointed
// at the data of runs that count as published, once at each, the later ones after the
// earlier, and at that of the newest in the end. The caller holds the lock.
func (c *checker) published(all []*run.Record) {
	of, newest := map[string]*run.Record{}, map[string]*run.Record{} // by location, by partition
	for _, rec := range all {
		c.publication(rec)
		pub := rec.Run.Publication
		if pub == nil || pub.State != run.Published {
			continue
		}
		of[pub.Location] = rec
		if other := newest[pub.Partition]; other == nil || later(rec, other) {
			newest[pub.Partition] = rec
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.pointed)) {
		var last *run.Record
		for _, location := range c.pointed[value] {
			switch rec := of[location]; {
			case rec == nil:
				c.fail(Published, "partition %s has pointed at %s, of a run that is not published", value, location)
			case last != nil && !later(rec, last):
				c.fail(Published, "partition %s has pointed at the data of run %s after that of %s, which is not older", value, rec.Run.ID, last.Run.ID)
			default:
				last = rec
			}
		}
		if last != newest["dt="+value] {
			c.fail(Published, "partition %s does not point at the data of the newest published run", value)
		}
	}
}

// publication checks that of one run.
func (c *checker) publication(rec *run.Record) {
	r := rec.Run
	spec := rec.Spec
	wanted := r.State == run.Succeeded && spec != nil && spec.Publish != nil && !rec.NothingToDo()
	pub := r.Publication
	if wanted != pub.Settled() || pub.Pending() {
		c.fail(Published, "run %s is %s and its publication is %+v", r.ID, r.State, pub)
	}
	if pub.Settled() && pub.State == run.Published && !slices.Contains(c.pointed[strings.TrimPrefix(pub.Partition, "dt=")], pub.Location) {
		c.fail(Published, "run %s is published, and the partition has never pointed at its data", r.ID)
	}
}

// later reports whether the work of a began later than that of b.
func later(a, b *run.Record) bool {
	if at, bt := a.Began(), b.Began(); !at.Equal(bt) {
		return at.After(bt)
	}
	return a.Run.ID > b.Run.ID
}
