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
	if d.chance(0.5) {
		return ""
	}
	return fmt.Sprintf("publish: {table: ephemr.%s, partition: {dt: %s}, location: \"{{.Lake.curated}}/%s/run={{.RunID}}/\"}\n", publishedTable, pick(d, "shared", name), publishedTable)
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

// published checks what runs have published when all are over. The caller holds the lock.
func (c *checker) published(all []*run.Record) {
	newest := map[string]*run.Record{} // by partition
	visible := map[string]bool{}       // locations of runs that count as published
	for _, rec := range all {
		pub := rec.Run.Publication
		c.publication(rec)
		if pub == nil || pub.State != run.Published {
			continue
		}
		visible[pub.Location] = true
		if other := newest[pub.Partition]; other == nil || later(rec, other) {
			newest[pub.Partition] = rec
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.pointed)) {
		locations := c.pointed[value]
		rec := newest["dt="+value]
		if last := locations[len(locations)-1]; rec == nil || rec.Run.Publication.Location != last {
			c.fail(Published, "partition %s points at %s, and the newest published run is another", value, last)
		}
		for i, location := range locations {
			if !visible[location] || slices.Contains(locations[:i], location) {
				c.fail(Published, "partition %s has pointed at %s, of a run that is not published or more than once", value, location)
			}
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
