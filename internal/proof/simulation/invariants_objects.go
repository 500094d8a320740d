package simulation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// objects checks that each object is in one run of each value of the matrix, and that no
// batch is left without one. A message may be given up when it was tried often enough.
func (c *checker) objects(reported []string, matrix pipeline.Matrix, runs []run.Run) {
	combinations, err := matrix.Combinations(nil)
	if err != nil {
		panic(err)
	}
	in := c.taken(runs)
	for _, name := range reported {
		for _, v := range combinations {
			of := in[taking{name, pipeline.Values(v)}]
			if n := len(of); n > 1 || n == 0 && !c.givenUp(name) {
				c.fail(EveryObject, "object %s is in %d runs of value %q: %s", name, n, pipeline.Values(v), strings.Join(of, ", "))
			}
		}
	}
	for _, it := range c.w.DB.Items(c.w.Settings.LedgerTable) {
		if it[records.ClosingName] != nil {
			c.fail(EveryObject, "batch %s is %s and has no run", text(it["id"]), text(it["state"]))
		}
	}
}

// taking is an object version and a value of the matrix.
type taking struct{ object, value string }

// taken lists the runs of each object version, and checks the number of objects of each.
func (c *checker) taken(runs []run.Run) map[taking][]string {
	in := map[taking][]string{}
	for _, r := range runs {
		if r.Trigger.Batch == "" {
			continue
		}
		lines := c.manifest(r)
		if len(lines) != r.Trigger.Count {
			c.fail(EveryObject, "run %s has %d objects and a manifest of %d", r.ID, r.Trigger.Count, len(lines))
		}
		if r.Trigger.RedoOf != "" {
			continue
		}
		for _, l := range lines {
			name := strings.TrimPrefix(l.URI, "s3://"+c.w.Settings.Lake["raw"]+"/") + "@" + l.ETag
			x := taking{name, pipeline.Values(r.Matrix)}
			in[x] = append(in[x], r.ID)
		}
	}
	return in
}

func (c *checker) manifest(r run.Run) (lines []ledger.Line) {
	bucket, key, err := ledger.Parse(r.Trigger.Manifest)
	if err != nil {
		return nil
	}
	for s := bufio.NewScanner(bytes.NewReader(c.w.S3.Object(bucket, key))); s.Scan(); {
		var l ledger.Line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			panic(fmt.Sprintf("read manifest of %s: %v", r.ID, err))
		}
		lines = append(lines, l)
	}
	return lines
}

// givenUp reports whether a message about an object is among those that were tried too
// often.
func (c *checker) givenUp(name string) bool {
	body := c.w.versionOnce(name)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	return slices.ContainsFunc(c.w.dead, func(m lambdaevents.SQSMessage) bool { return m.Body == body })
}
