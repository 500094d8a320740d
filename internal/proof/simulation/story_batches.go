package simulation

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ephemr/events"
	"ephemr/internal/intake"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
)

// unversioned begins the ETags of objects that have no version.
const unversioned = "e"

// ofBatches is the pipeline whose runs take many objects. In half of the storms it has a
// matrix: each value has a run for each batch.
const (
	ofBatches  = "many"
	batchesFor = "params: {v: {}}\nmatrix: {v: [a, b]}\n"
)

// uploads adds a pipeline with batches, and objects for it: in groups, doubled, late, and
// with new versions of the same keys.
func (s *story) uploads(d *dice, asks int, over time.Duration) {
	window := d.between(20*time.Second, 20*time.Minute).Truncate(time.Second)
	file := fmt.Sprintf("pipeline: %s\ntriggers: [{s3: {bucket: raw, prefix: %[1]s/, batch: {window: %s, maxObjects: %d%s}}}]\n"+
		"cluster: {profile: small}\nlimits: {maxActive: 2, deadline: 1h}\njobs: [{name: j0, type: bash, source: j0, args: ['{{.Trigger.Manifest}}']}]\n",
		ofBatches, window, 4+d.below(12), pick(d, "", ", maxBytes: 20", ", marker: _SUCCESS"))
	if window/time.Second%2 == 0 {
		file += batchesFor
	}
	spec, err := pipeline.Parse(ofBatches, []byte(file), pipeline.WithZones("raw", "curated"))
	if err != nil {
		panic(fmt.Sprintf("generated pipeline is wrong: %v\n%s", err, file))
	}
	s.files, s.specs[ofBatches] = append(s.files, file), &spec
	for range asks / 20 {
		i, at := d.next(), d.between(over/2, over+30*time.Minute)
		id := fmt.Sprint("redo-", i)
		redo := func(w *World) { w.redo(i, id) }
		s.at(at, redo)
		s.at(at+d.between(0, time.Second), redo) // the same request again
	}
	at := d.between(0, over)
	for i := range asks / 4 {
		if at += d.between(0, 50*time.Millisecond); d.chance(0.4) { // else several invocations are under way at a time
			at = d.between(0, over)
		}
		var group []string
		for j := range 1 + d.below(5) {
			key := fmt.Sprintf("%s/%d-%d", ofBatches, i, j)
			if d.chance(0.1) {
				key = ofBatches + "/same"
			}
			version := fmt.Sprintf("%s%d-%d", pick(d, "v", "v", unversioned), i, j)
			group = append(group, key+"@"+version)
		}
		s.objects = append(s.objects, group...)
		marked := d.chance(0.3)
		s.at(at, func(w *World) { w.created(group, marked) })
		for d.chance(0.3) {
			some := group[d.below(len(group)):]
			s.at(at+pick(d, d.between(0, time.Second), d.between(0, 30*time.Minute)), func(w *World) { w.created(some, false) })
		}
	}
}

// matrixOfBatches is that of the pipeline with batches.
func (s *story) matrixOfBatches() pipeline.Matrix {
	if spec := s.specs[ofBatches]; spec != nil {
		return spec.Matrix
	}
	return nil
}

// redo gives the objects of a run that was started by objects to a new one.
func (w *World) redo(i uint64, requestID string) {
	var ids []string
	for _, id := range w.RunIDs() {
		if strings.HasPrefix(id, ofBatches+"-") {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		w.control(operation.Redo, intake.RedoRequest{RunID: ids[int(i%uint64(len(ids)))], RequestID: requestID}) //nolint:gosec // it is below their number
	}
}

// created delivers the events of objects, the same each time they come, in one delivery.
func (w *World) created(objects []string, marked bool) {
	var bodies []string
	for _, o := range objects {
		bodies = append(bodies, w.versionOnce(o))
	}
	if marked {
		bodies = append(bodies, w.versionOnce(ofBatches+"/_SUCCESS@of "+objects[0]))
	}
	w.Deliver("events", bodies...)
}

// versionOnce is S3's event about a version of an object, the same each time it comes.
func (w *World) versionOnce(object string) string {
	key, version, _ := strings.Cut(object, "@")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.objects[object] == "" {
		var d events.ObjectCreated
		d.Bucket.Name = w.Settings.Lake["raw"]
		d.Object.Key, d.Object.Size, d.Object.VersionID, d.Object.ETag = key, int64(1+len(object)%7), version, version
		if strings.HasPrefix(version, unversioned) {
			d.Object.VersionID, d.Object.Sequencer = "", version
		}
		data, err := json.Marshal(d)
		if err != nil {
			panic(fmt.Sprintf("encode object: %v", err))
		}
		w.objects[object] = string(envelope(events.SourceS3, events.TypeObjectCreated, data))
	}
	return w.objects[object]
}
