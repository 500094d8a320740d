package simulation

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// Decided is the invariant of checks that queries decide.
const Decided Invariant = "decided" // a run whose checks queries decide has asked each once, and succeeds only without wrong rows

// queries are the checks of some of the pipelines that do not publish. A third of them have
// wrong rows, so that no run of theirs can succeed that has written data.
func (s *story) queries(name string) string {
	d := roll(s.seed, "sql", name)
	if s.publishes(name) != "" || d.chance(0.3) {
		return ""
	}
	a := awsfake.AthenaAnswer{
		Queued: d.between(0, time.Minute), Runs: pick(d, 0, d.between(0, 10*time.Second), d.between(0, 10*time.Minute)), Scanned: 1 << 20,
		Columns: []types.ColumnInfo{{Name: new("ephemr_rows"), Type: new("bigint")}, {Name: new("id"), Type: new("bigint")}},
	}
	if s.hasWrongRows(name) {
		a.Rows = [][]*string{{new("1"), new("7")}}
	}
	s.at(0, func(w *World) { w.Athena.Answer("from "+name+" ", a) })
	return fmt.Sprintf("checks: [{name: wrong rows, sql: \"select id from %s where run = {{.RunID}}\"}]\n", name)
}

func (s *story) hasWrongRows(name string) bool { return roll(s.seed, "wrong rows", name).chance(0.33) }

// queried checks what queries have decided. The caller holds the lock.
func (c *checker) queried(tale *story, over []overRun) {
	started := map[string]int{} // by run
	for _, sql := range c.w.Athena.Started() {
		_, id, _ := strings.Cut(sql, "run = '")
		id, _, _ = strings.Cut(id, "'")
		started[id]++
	}
	for _, x := range over {
		if x.rec.Spec != nil && x.rec.Spec.OnAthena() {
			c.queriedBy(x, started[x.rec.Run.ID], tale.hasWrongRows(x.rec.Run.Pipeline))
		}
	}
}

// queriedBy checks a run that has started so many queries, and what they have decided.
func (c *checker) queriedBy(x overRun, started int, wrong bool) {
	r, asked := x.rec.Run, x.rec.Asked()
	ended := asked != nil && asked.Decided()
	if started > r.Restarts+1 {
		c.fail(Decided, "run %s has asked %d times, and was started %d times", r.ID, started, r.Restarts+1)
	}
	if r.State == run.Succeeded && x.rec.HasWritten() && (!ended || wrong) {
		c.fail(Decided, "run %s has succeeded, with wrong rows: %t, decided: %t; path %s", r.ID, wrong, ended, strings.Join(x.path, " "))
	}
	if ended && (asked.Failed() != nil) != wrong {
		c.fail(Decided, "run %s has found %+v, with wrong rows: %t", r.ID, asked.Findings, wrong)
	}
}
