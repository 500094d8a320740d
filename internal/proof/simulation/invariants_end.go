package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/events"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/instant"
	"ephemr/internal/run"
)

// over says whether all runs are.
func (c *checker) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.states {
		if !s.Final() && !c.vain(id) {
			return false
		}
	}
	return true
}

// idle is how long no run has changed its state.
func (c *checker) idle() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.moved)
}

// end checks what must hold when the storm has passed.
func (c *checker) end(tale *story) {
	runs, steps, announced, left := c.allRuns(), c.completed(), c.announced(), c.left()
	over, all, counted := c.overRuns(runs), c.loaded(runs), c.notices()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range left {
		if strings.HasPrefix(l, "lease ") {
			c.fail(Leases, "%s has outlived its run", l)
			continue
		}
		c.fail(NothingLeft, "%s", l)
	}
	asked := map[string]int{}
	for _, r := range runs {
		asked[askOf(r)]++
		c.ended(r, announced)
	}
	c.asked(tale.asks, asked)
	c.objects(tale.objects, tale.matrixOfBatches(), runs)
	c.dates(runs)
	c.follows(runs)
	c.reported(counted)
	c.lineages()
	c.statistics(over)
	c.queried(tale, over)
	for _, s := range steps {
		c.carriedTwice(s)
	}
	c.published(all)
	for _, x := range over {
		c.cleanedUp(x.rec, x.path, steps)
	}
	for _, id := range slices.Sorted(maps.Keys(c.jobs)) {
		c.succeeded(id, steps)
	}
}

// overRun is a run that has ended, with the states of its last execution.
type overRun struct {
	rec  *run.Record
	path []string
}

func (c *checker) overRuns(runs []run.Run) (all []overRun) {
	for _, r := range runs {
		if r.State.Final() && r.Execution != "" {
			all = append(all, overRun{c.w.Record(r.ID), c.w.Engine.Result(r.Execution).Path})
		}
	}
	return all
}

// loaded are runs with everything that belongs to them.
func (c *checker) loaded(runs []run.Run) (all []*run.Record) {
	for _, r := range runs {
		all = append(all, c.w.Record(r.ID))
	}
	return all
}

// left is what should be gone.
func (c *checker) left() []string {
	left := c.w.Left()
	going, err := c.w.Engine.ListExecutions(c.w.life, &sfn.ListExecutionsInput{
		StateMachineArn: &c.w.Settings.StateMachine, StatusFilter: sfntypes.ExecutionStatusRunning, MaxResults: 1000,
	})
	if err != nil {
		panic(fmt.Sprintf("list executions: %v", err))
	}
	for _, x := range going.Executions {
		left = append(left, "execution "+aws.ToString(x.Name))
	}
	return left
}

// asked compares what was asked for with what became runs. A message may be given
// up when it was tried often enough.
func (c *checker) asked(asks, became map[string]int) {
	for _, what := range slices.Sorted(maps.Keys(became)) {
		if became[what] > 1 {
			c.fail(OneRun, "%s became %d runs", what, became[what])
		}
	}
	missing := 0
	for what := range asks {
		if became[what] == 0 {
			missing++
		}
	}
	if missing > len(c.w.dead) {
		c.fail(OneRun, "%d of those asked for never became a run, and %d messages were given up", missing, len(c.w.dead))
	}
}

func (c *checker) succeeded(id string, steps []carrier) {
	for _, name := range slices.Sorted(maps.Keys(c.jobs[id])) {
		good := func(s carrier) bool { return s.run == id && s.job == name && s.good }
		if c.jobs[id][name] == run.JobSucceeded && !slices.ContainsFunc(steps, good) {
			c.fail(TrueSuccess, "job %s of run %s counts as succeeded, and no step of it did", name, id)
		}
	}
}

func (c *checker) ended(r run.Run, announced map[string]bool) {
	switch {
	case r.State == run.Rejected, c.vain(r.ID):
	case r.Backfill != "" && r.State == run.Cancelled && r.Restarts == 0 && r.AdmittedAt.IsZero(): // withdrawn with thousands of others
	case !r.State.Final():
		since := slices.MaxFunc([]time.Time{r.RequestedAt, r.AdmittedAt, r.StartedAt}, time.Time.Compare)
		c.fail(Ends, "run %s has been %s for %s", r.ID, r.State, time.Since(since).Round(time.Second))
	case !announced[outcomeKey(r.ID, string(r.State), r.EndedAt)]:
		c.fail(Ends, "the outcome of run %s, %s, was not announced", r.ID, r.State)
	}
}

// announced are the outcomes for which RunFinished was sent.
func (c *checker) announced() map[string]bool {
	all := map[string]bool{}
	for _, e := range c.w.Bus.Events() {
		var d events.RunFinished
		if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil {
			panic(fmt.Sprintf("decode event: %v", err))
		}
		all[outcomeKey(d.RunID, d.State, d.EndedAt)] = true
	}
	return all
}

func outcomeKey(id, state string, at time.Time) string {
	return id + " " + state + " " + at.UTC().Format(time.RFC3339Nano)
}

// askOf names what asked for a run.
func askOf(r run.Run) string {
	switch t := r.Trigger; t.Kind {
	case run.ByS3:
		if t.RedoOf != "" {
			return "redo " + r.ID
		}
		if t.Batch != "" {
			return "batch " + t.Batch + " " + pipeline.Values(r.Matrix)
		}
		return "s3 " + r.Pipeline + " " + t.Key
	case run.ByRequest:
		return "request " + t.RequestID
	case run.BySchedule, run.ByBackfill: // a date and value is one run, whichever requests it
		return strings.TrimSpace("schedule " + r.Pipeline + " " + r.LogicalTime.UTC().Format(time.RFC3339) + " " + pipeline.Values(r.Matrix))
	case run.ByAfter:
		return "after " + r.Pipeline + " " + r.LogicalTime.UTC().Format(time.RFC3339)
	}
	return r.ID
}

func (c *checker) allRuns() []run.Run {
	var runs []run.Run
	for _, it := range c.w.DB.Items(c.w.Settings.RunsTable) {
		if text(it["sk"]) != "RUN" {
			continue
		}
		var r run.Run
		if err := attributevalue.UnmarshalMap(it, &r); err != nil {
			panic(fmt.Sprintf("read run: %v", err))
		}
		runs = append(runs, r)
	}
	return runs
}

// carrier is a step that EMR had.
type carrier struct {
	run, job, attempt, id string
	good                  bool
}

func (c *checker) completed() []carrier {
	var all []carrier
	for _, x := range c.w.EMR.Clusters() {
		for _, s := range c.w.EMR.Steps(*x.Id) {
			id, step := stepOf(*x.Name, *s.Name)
			name, _, _ := strings.Cut(step, "#")
			all = append(all, carrier{id, name, step, *s.Id, s.Status.State == emrtypes.StepStateCompleted})
		}
	}
	for id, a := range c.w.Instant.Attempts() {
		name, _, _ := strings.Cut(a.Name, "#")
		all = append(all, carrier{run.OfCluster(a.Capacity), name, a.Name, id, a.State == instant.Succeeded})
	}
	return all
}

// carriedTwice notes the steps of all clusters, those too that were gone before
// they were checked.
func (c *checker) carriedTwice(s carrier) {
	attempt := s.run + " " + s.attempt
	if known := c.carried[attempt]; known != "" && known != s.id {
		c.fail(OneStep, "%s is carried by %s and %s", attempt, known, s.id)
	}
	c.carried[attempt] = s.id
}
