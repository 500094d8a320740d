package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// forward are the ways between states of a run.
var forward = map[run.State][]run.State{
	"":            {run.Queued, run.Rejected},
	run.Queued:    {run.Admitted, run.Failed, run.Cancelled},
	run.Admitted:  {run.Running, run.Failed, run.Cancelled},
	run.Running:   {run.Succeeded, run.Failed, run.Cancelled},
	run.Failed:    {run.Queued},
	run.Cancelled: {run.Queued},
}

func (c *checker) run(id string, old, now awsfake.Item) {
	from, to := run.State(text(old["state"])), run.State(text(now["state"]))
	c.states[id], c.of[id], c.lives[id] = to, text(now["pipeline"]), number(now["restarts"])
	c.logical[id] = text(now["logicalTime"])
	if trigger, ok := now["trigger"].(*types.AttributeValueMemberM); ok {
		c.kinds[id] = text(trigger.Value["kind"])
	}
	c.limits(id, now)
	c.allowed(id, from, to)
	if from != to {
		c.moved = time.Now()
		c.fails(id, to, text(now["gsState"]))
	}
	if from.Final() {
		c.after(id, old, now)
	}
	c.past[id] = text(now["after"])
	switch {
	case to == run.Queued && from != run.Queued:
		c.waiting[id] = time.Now()
	case to == run.Succeeded && from != to:
		c.released(id)
	case to == run.Admitted && from == run.Queued && now["backfill"] == nil: // backfills are paused, and yield to others
		c.admitted(id, cmp.Or(text(now["team"]), run.NoTeam), text(now["pipeline"]))
	}
}

// allowed checks a change of a run's state.
func (c *checker) allowed(id string, from, to run.State) {
	if (to == run.Admitted || to == run.Running) && !slices.Contains(c.holders, run.Run{ID: id, Restarts: c.lives[id]}.ExecutionName()) {
		c.fail(Slots, "run %s is %s without a slot", id, to)
	}
	if from != to && !slices.Contains(forward[from], to) {
		c.fail(OneOutcome, "run %s went from %s to %s", id, from, to)
	}
}

// released notes that the runs that depend on a run may start.
func (c *checker) released(id string) {
	for next, past := range c.past {
		if past == id {
			c.waiting[next] = time.Now()
		}
	}
}

// longest is how long a run may wait while there is room for it: many ticks, because
// the worst faults end most of the passes.
const longest = 30 * time.Minute

// admitted checks when a run leaves the queue.
func (c *checker) admitted(id, team, pipeline string) {
	c.turn(id)
	since := c.waiting[id]
	for _, scope := range []string{"stage", "team#" + team, "pipeline#" + pipeline} {
		if full := c.room[scope]; full.After(since) {
			since = full
		}
	}
	if waited := time.Since(since); waited > longest {
		c.fail(Starts, "run %s of %s waited for %s while there was room for it", id, pipeline, waited.Round(time.Second))
	}
}

// limits keeps until when a run may get something.
func (c *checker) limits(id string, now awsfake.Item) {
	c.ends[id] = timeOf(now["deadline"]) // none while it is queued
	if cancelled := timeOf(now["cancelAt"]); !cancelled.IsZero() && cancelled.Before(c.ends[id]) {
		c.ends[id] = cancelled
	}
	c.cleans[id] = timeOf(now["cleanUp"])
}

func timeOf(v types.AttributeValue) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text(v))
	return t
}

// underWay is how long what a function began before a deadline may take to arrive:
// the function's own time and that of a call which outlives it.
const underWay = functionTimeout + 30*time.Second

// onTime checks when a run gets something.
func (c *checker) onTime(id, what string) {
	if end := c.ends[id]; !end.IsZero() && time.Since(end) > underWay {
		c.fail(OnTime, "run %s gets %s %s after its deadline or its cancellation", id, what, time.Since(end).Round(time.Second))
	}
}

// stepOnTime is onTime for a step: one of a job that cleans up has more time.
func (c *checker) stepOnTime(id, step string) {
	name, _, _ := strings.Cut(step, "#")
	if spec := c.specs[c.of[id]]; spec == nil || !spec.CleaningUp()[name] || c.cleans[id].IsZero() {
		c.onTime(id, "step "+step)
	} else if time.Since(c.cleans[id]) > underWay {
		c.fail(OnTime, "run %s gets step %s %s after its clean-up", id, step, time.Since(c.cleans[id]).Round(time.Second))
	}
}

// after looks at a change of a run that was over.
func (c *checker) after(id string, old, now awsfake.Item) {
	from, to := text(old["state"]), text(now["state"])
	switch {
	case from != to && number(now["restarts"]) != number(old["restarts"])+1:
		c.fail(OneOutcome, "run %s was %s and is %s without a retry", id, from, to)
	case from == to && (text(old["class"]) != text(now["class"]) || text(old["endedAt"]) != text(now["endedAt"])):
		c.fail(OneOutcome, "run %s has got a second outcome", id)
	}
}

func number(v types.AttributeValue) int {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	i, err := strconv.Atoi(n.Value)
	if err != nil {
		panic(fmt.Sprintf("not a whole number: %q", n.Value))
	}
	return i
}

// job keeps the state of a job, and looks at what its result says.
func (c *checker) job(id, name string, now awsfake.Item) {
	if c.jobs[id] == nil {
		c.jobs[id] = map[string]run.JobState{}
	}
	c.jobs[id][name] = run.JobState(text(now["state"]))
	c.decision(id, name, now)
	if at, err := time.Parse(time.RFC3339Nano, text(now["dueAt"])); err == nil {
		c.due[id+" "+name] = at
	} else if text(now["state"]) == string(run.JobPending) { // a retry of the run
		delete(c.due, id+" "+name)
	}
	if all, ok := now["outputs"].(*types.AttributeValueMemberM); ok && all.Value[planted] != nil {
		c.fail(OwnResult, "job %s of run %s has the result of another attempt", name, id)
	}
}

// returned checks how an invocation ended.
func (c *checker) returned(id string, err error, thrown string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if thrown != "" {
		c.fail(NoPanic, "%s", thrown)
	}
	if err == nil || !strings.Contains(err.Error(), "by another invocation") {
		return
	}
	for record, by := range c.claims {
		if name := record[strings.LastIndexAny(record, "#")+1:]; by == id && strings.Contains(err.Error(), name) {
			c.fail(OwnWrite, "%s has claimed %s and says: %s", id, record, err)
		}
	}
}
