package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/backfill"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/why"
)

// moment is what the fakes have at a moment.
type moment struct {
	open  []run.Run               // that have not ended
	items map[string]awsfake.Item // of the Runs table, by partition and sort key
	least map[string]int          // scope of slots -> runs that hold one by their states
	most  map[string]int          // and those that have ended and may not have given it back
	steps map[string][]emrtypes.Step
	emr   map[string]emrtypes.Cluster
	empty map[string]time.Time // bucket of the call budget -> when it will be full
}

func (c *checker) moment() moment {
	m := moment{
		items: map[string]awsfake.Item{}, least: map[string]int{}, most: map[string]int{},
		steps: map[string][]emrtypes.Step{}, emr: map[string]emrtypes.Cluster{}, empty: map[string]time.Time{},
	}
	for _, it := range c.w.DB.Items(c.w.Settings.ClustersTable) {
		if n, ok := it["tat"].(*types.AttributeValueMemberN); ok {
			var micros int64
			_, _ = fmt.Sscan(n.Value, &micros)
			m.empty[strings.TrimPrefix(text(it["pk"]), "BUDGET#")] = time.UnixMicro(micros)
		}
	}
	for _, it := range c.w.DB.Items(c.w.Settings.RunsTable) {
		m.items[text(it["pk"])+" "+text(it["sk"])] = it
	}
	for _, r := range c.allRuns() {
		m.count(r)
		if !r.State.Final() {
			m.open = append(m.open, r)
		}
	}
	for _, x := range c.w.EMR.Clusters() {
		m.emr[*x.Id] = x
		for _, s := range c.w.EMR.Steps(*x.Id) {
			id, _ := stepOf(*x.Name, aws.ToString(s.Name))
			m.steps[id] = append(m.steps[id], s)
		}
	}
	return m
}

// count adds the slots of a run.
func (m moment) count(r run.Run) {
	holds := r.State == run.Admitted || r.State == run.Running
	if !holds && (!r.State.Final() || r.Settled() || r.AdmittedAt.IsZero()) {
		return
	}
	for _, s := range scopes(r) {
		if m.most[s]++; holds {
			m.least[s]++
		}
	}
}

func scopes(r run.Run) []string {
	all := []string{"stage", "team#" + cmp.Or(r.Team, run.NoTeam), "pipeline#" + r.Pipeline}
	if r.MaxPerValue > 0 {
		all = append(all, "value#"+r.Pipeline+"#"+r.Value())
	}
	if r.Backfill != "" {
		all = append(all, "backfill#"+r.Backfill)
	}
	return all
}

// answer checks why a run is said not to run. The caller holds the lock.
func (c *checker) answer(m moment, r run.Run, a why.Answer) {
	wrong := ""
	switch {
	case a.State != r.State || a.Changing:
		wrong = fmt.Sprintf("it is %s, and nothing changes", r.State)
	case (r.Cancel != "") != (a.Cause == why.Cancelled):
		wrong = fmt.Sprintf("its request to be cancelled is %q", r.Cancel)
	case r.Cancel != "":
	case r.State == run.Queued:
		wrong = c.queuedFor(m, r, a)
	case r.State == run.Running:
		wrong = c.waitsFor(m, r, a)
	case a.Cause != why.Starting:
		wrong = "it is ADMITTED"
	}
	if wrong != "" {
		c.fail(Explained, "run %s is said to be idle because of %s: %q; but %s", r.ID, a.Cause, a.Text, wrong)
	}
}

// queuedFor says what is wrong with the answer about a queued run, or "".
func (c *checker) queuedFor(m moment, r run.Run, a why.Answer) string {
	want := why.Turn
	full, sure := c.fullFor(m, r)
	switch past := c.past[r.ID]; {
	case c.heldBy(r, past):
		if want = why.Past; a.WaitsOn != past {
			return "it waits for run " + past
		}
	case r.Backfill != "" && text(m.items[records.BackfillsPartition+" "+r.Backfill]["state"]) != string(backfill.Running):
		want = why.Backfill
	case len(sure) > 0 || len(full) > 0 && a.Cause == why.Limit:
		want = why.Limit
	}
	if a.Cause != want {
		return fmt.Sprintf("it waits because of %s; %v are full", want, sure)
	}
	if want == why.Limit {
		return limits(a, full, sure)
	}
	return ""
}

// heldBy reports whether r waits for the run past. One that does not exist is waited for 20
// minutes if the pipeline has a matrix.
func (c *checker) heldBy(r run.Run, past string) bool {
	if past != "" && c.states[past] == "" && len(r.Matrix) > 0 && time.Since(r.RequestedAt) > 20*time.Minute {
		return false
	}
	return past != "" && c.states[past] != run.Succeeded
}

// fullFor returns the limits of r that may be full, and those that are, by the states of
// the runs.
func (c *checker) fullFor(m moment, r run.Run) (full, sure []string) {
	for _, s := range scopes(r) {
		if m.most[s] >= c.limit(s) {
			full = append(full, s)
		}
		if m.least[s] >= c.limit(s) {
			sure = append(sure, s)
		}
	}
	return full, sure
}

// limits compares the limits that are said to be full with those that are.
func limits(a why.Answer, full, sure []string) string {
	var said []string
	for _, x := range a.Limits {
		said = append(said, string(x.Scope))
		if !slices.ContainsFunc(full, func(s string) bool { return isOf(s, x) }) {
			return fmt.Sprintf("the limit of %s %s is not full", x.Scope, x.Name)
		}
	}
	for _, s := range sure {
		if !slices.ContainsFunc(a.Limits, func(x why.Full) bool { return isOf(s, x) }) {
			return fmt.Sprintf("%s is full as well, not only %v", s, said)
		}
	}
	return ""
}

func isOf(scope string, x why.Full) bool {
	return scope == string(x.Scope) || scope == string(x.Scope)+"#"+x.Name || x.Scope == why.OfValue && strings.HasPrefix(scope, "value#")
}

// unnoticed is how long the records may not know what has happened at EMR: events are
// lost, and the worst faults end most of the ticks.
const unnoticed = longest

// waitsFor says what is wrong with the answer about a run that has started, or "".
func (c *checker) waitsFor(m moment, r run.Run, a why.Answer) string {
	kind := text(m.items[r.ID+" WAIT"]["kind"])
	if of := ofWaiter(a.Cause); kind != "" && text(m.items[r.ID+" WAIT"]["execution"]) == r.Execution && !slices.Contains(of, kind) {
		return "it waits for its " + kind
	}
	if c.w.config.Instant {
		return ""
	}
	if wrong := c.atEMR(m, r, a); wrong != "" {
		return wrong
	}
	expected := a.Cause == why.Stopping || a.Cause == why.Running
	if at := m.working(r); !expected && !at.IsZero() && time.Since(at) > unnoticed {
		return fmt.Sprintf("EMR has run a step of it since %s", at)
	}
	return ""
}

// atEMR compares a cause with what the fakes have.
func (c *checker) atEMR(m moment, r run.Run, a why.Answer) string {
	switch a.Cause { //nolint:exhaustive // the others are about the records alone
	case why.Cluster, why.Capacity:
		return c.starts(m, r, a)
	case why.Running:
		return c.works(m, r)
	case why.Approval:
		return c.undecided(r, a)
	case why.Objects:
		return c.absent(a)
	case why.Delay:
		if due := c.due[r.ID+" "+a.Jobs[0]]; !due.Equal(a.Expected.At) {
			return fmt.Sprintf("job %s is due at %s", a.Jobs[0], due)
		}
	case why.Budget:
		return c.exhausted(m, a)
	}
	return ""
}

// ofWaiter are the kinds of waiters with which a run may have a cause.
func ofWaiter(cause why.Cause) []string {
	switch cause { //nolint:exhaustive // the others are between two waits
	case why.Objects:
		return []string{run.ForObjects}
	case why.Approval:
		return []string{run.ForApproval}
	case why.Cluster, why.Capacity:
		return []string{run.ForCluster}
	case why.Running, why.Delay:
		return []string{run.ForSteps}
	case why.Stopping:
		return []string{run.ForStop}
	case why.Submit:
		return []string{run.ForCluster, run.ForSteps, run.ForApproval}
	case why.Creating:
		return []string{run.ForCluster}
	case why.Starting:
		return []string{run.ForAdmission}
	}
	return nil
}

// starts checks that the cluster which a run is said to wait for is starting, or has not
// been for a short time.
func (c *checker) starts(m moment, r run.Run, a why.Answer) string {
	x, known := m.emr[a.WaitsOn]
	if !known {
		return "EMR has no cluster " + a.WaitsOn
	}
	if run.OfCluster(*x.Name) != r.ID && !slices.Contains(c.pools[a.WaitsOn].Runs(), r.ID) {
		return fmt.Sprintf("cluster %s is that of %s", a.WaitsOn, *x.Name)
	}
	since := x.Status.Timeline.ReadyDateTime
	if end := x.Status.Timeline.EndDateTime; end != nil {
		since = end
	}
	if since != nil && time.Since(*since) > unnoticed && !c.poor() && a.Since.Before(*since) {
		return fmt.Sprintf("cluster %s has been %s for %s", a.WaitsOn, x.Status.State, time.Since(*since))
	}
	return ""
}

// works checks that EMR has a step of a run, or had one a short time ago.
func (c *checker) works(m moment, r run.Run) string {
	for _, s := range m.steps[r.ID] {
		if end := s.Status.Timeline.EndDateTime; end == nil || time.Since(*end) < unnoticed || c.poor() {
			return ""
		}
	}
	return "EMR has no step of it that has not ended"
}

// working is since when EMR has run a step of a run; zero = it runs none.
func (m moment) working(r run.Run) (since time.Time) {
	for _, s := range m.steps[r.ID] {
		if s.Status.State == emrtypes.StepStateRunning && s.Status.Timeline.StartDateTime.After(since) {
			since = *s.Status.Timeline.StartDateTime
		}
	}
	return since
}

// poor reports whether EMR can be called so rarely that nothing is noticed in time.
func (c *checker) poor() bool {
	b, _ := c.w.Settings.Limits.EMR.Of(stage.AccountBucket)
	return b.PerSecond < 1
}

func (c *checker) undecided(r run.Run, a why.Answer) string {
	for _, j := range a.Jobs {
		if d, asked := c.decided[r.ID+" "+j]; !asked || !strings.HasPrefix(d, " ") {
			return fmt.Sprintf("job %s has the decision %q", j, d)
		}
	}
	return ""
}

func (c *checker) absent(a why.Answer) string {
	for _, uri := range a.Objects {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
		if there := slices.Contains(c.w.S3.Keys(bucket), key); there != strings.Contains(a.Text, "all of which exist") {
			return fmt.Sprintf("%s exists: %t", uri, there)
		}
	}
	return ""
}

// exhausted checks that a bucket of the call budget has no token.
func (c *checker) exhausted(m moment, a why.Answer) string {
	b, _ := c.w.Settings.Limits.EMR.Of(a.Bucket)
	if left := float64(b.Burst) - time.Until(m.empty[a.Bucket]).Seconds()*b.PerSecond; left >= 1 {
		return fmt.Sprintf("the bucket for %s has %.1f tokens", a.Bucket, left)
	}
	return ""
}
