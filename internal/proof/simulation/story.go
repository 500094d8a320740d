package simulation

import (
	"fmt"
	"strings"
	"time"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
)

// story is what is asked for in a storm: some pipelines, and who asks when.
type story struct {
	plain   bool
	files   []string
	specs   map[string]*pipeline.Spec
	names   []string
	actions []action
	asks    map[string]int // how often each run is asked for
}

type action struct {
	at time.Duration
	do func(w *World)
}

// Teams and profiles of a storm. "default" is the team of those without one.
var (
	teams        = []string{"", "", "etl", "science"}
	profilesUsed = []string{"small", "ladder", "ladder", "wide", "wide"}
)

// newStory makes up what is asked for. A plain story asks for no pools and no
// other sizes.
func newStory(seed uint64, asks int, over time.Duration, plain bool) *story {
	d := roll(seed, "story")
	s := &story{plain: plain, specs: map[string]*pipeline.Spec{}, asks: map[string]int{}}
	for i := range 2 + d.below(4) {
		s.addPipeline(d, fmt.Sprintf("p%d", i))
	}
	for i := range asks {
		s.ask(d, i, over)
	}
	s.addSchedule(roll(seed, "schedule"))
	for range asks / 4 {
		s.meddle(d, over)
	}
	return s
}

func (s *story) addPipeline(d *dice, name string) {
	var b strings.Builder
	profile := pick(d, profilesUsed...)
	fmt.Fprintf(&b, "pipeline: %s\ntriggers: [{s3: {bucket: raw, prefix: %s/}}]\ncluster: {profile: %s%s}\n", name, name, profile, s.pooled(d))
	if team := pick(d, teams...); team != "" {
		fmt.Fprintf(&b, "team: %s\n", team)
	}
	fmt.Fprintf(&b, "priority: %d\nlimits: {maxActive: %d, deadline: %s}\njobs:\n", d.below(10), 1+d.below(4), pick(d, "45m", "1h", "2h"))
	jobs := 1 + d.below(5)*d.below(2) // as often as not a single one
	for i := range jobs {
		var needs []string
		for j := range i {
			if d.chance(0.5) {
				needs = append(needs, fmt.Sprintf("j%d", j))
			}
		}
		fmt.Fprintf(&b, "  - {name: j%d, type: bash, source: j%d, needs: [%s], retries: %d%s}\n", i, i, strings.Join(needs, ", "), d.below(3), s.resized(d, profile))
	}
	spec, err := pipeline.Parse(name, []byte(b.String()), pipeline.WithZones("raw", "curated"))
	if err != nil {
		panic(fmt.Sprintf("generated pipeline is wrong: %v\n%s", err, b.String()))
	}
	s.files, s.names, s.specs[name] = append(s.files, b.String()), append(s.names, name), &spec
}

// pooled is what half of the pipelines say of pools.
func (s *story) pooled(d *dice) string {
	if s.plain || d.chance(0.5) {
		return ""
	}
	more := pick(d, "", "", ", stepConcurrency: 1", ", stepConcurrency: 2")
	return pick(d, ", pool: shared", ", pool: shared, keepAlive: 5m", ", pool: shared, keepAlive: 20m", ", keepAlive: 2m", ", keepAlive: 20m") + more
}

// resized is what a job says of task units, if its profile has any to give.
func (s *story) resized(d *dice, profile string) string {
	if s.plain || profile != "wide" || d.chance(0.4) {
		return ""
	}
	return fmt.Sprintf(", resize: {task: %d}", 1+d.below(4))
}

// ask adds a request for a run, and perhaps its repetition.
func (s *story) ask(d *dice, i int, over time.Duration) {
	name := pick(d, s.names...)
	var what string
	var do func(w *World)
	switch d.below(10) {
	case 0, 1, 2, 3:
		key := fmt.Sprintf("%s/%d.csv", name, i)
		what, do = "s3 "+name+" "+key, func(w *World) { w.Deliver("events", w.objectOnce(key)) }
	case 4, 5, 6:
		r := events.Request{RequestID: fmt.Sprintf("r-%d", i), Pipeline: name}
		if d.chance(0.5) {
			r.LogicalTime = "2026-01-02"
		}
		what, do = "request "+r.RequestID, func(w *World) { w.Request(r) }
	case 7, 8:
		planned := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		what, do = "schedule "+name+" "+planned.Format(time.RFC3339), func(w *World) { w.Tick(name, planned) }
	case 9:
		exec := fmt.Sprintf("by-hand-%d", i)
		s.at(d.between(0, over), func(w *World) { w.Start(exec, `{"pipeline": "`+name+`"}`) })
		return // an execution name can be used once
	}
	first := d.between(0, over)
	s.asks[what]++
	s.at(first, do)
	for d.chance(0.3) {
		s.at(first+pick(d, d.between(0, time.Second), d.between(0, 30*time.Minute)), do)
	}
}

// meddle adds an operator who cancels, retries, stops or kills.
func (s *story) meddle(d *dice, over time.Duration) {
	do := pick(d,
		func(w *World, id string) { w.control(operation.Cancel, operation.CancelRequest{RunID: id}) },
		func(w *World, id string) { w.control(operation.Cancel, operation.CancelRequest{RunID: id, Kill: true}) },
		func(w *World, id string) { w.control(operation.Retry, operation.RetryRequest{RunID: id}) },
		func(w *World, id string) { w.control(operation.Retry, operation.RetryRequest{RunID: id}) },
		func(w *World, id string) { w.abort(id) },
		func(w *World, id string) { w.Kill(id) },
	)
	i := d.next()
	act := func(w *World) {
		if ids := w.RunIDs(); len(ids) > 0 {
			do(w, ids[int(i%uint64(len(ids)))]) //nolint:gosec // it is below their number
		}
	}
	first := d.between(time.Minute, over+30*time.Minute)
	s.at(first, act)
	if d.chance(0.3) {
		s.at(first+d.between(0, 50*time.Millisecond), act) // another operator does the same
	}
}

func (s *story) at(t time.Duration, do func(*World)) { s.actions = append(s.actions, action{t, do}) }

// objectOnce is S3's event about an object, the same each time it comes.
func (w *World) objectOnce(key string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.objects[key] == "" {
		w.objects[key] = w.Object(key)
	}
	return w.objects[key]
}

// control asks for an operation as the command line does.
func (w *World) control(op operation.Op, request any) {
	payload, err := operation.Payload(op, request)
	if err != nil {
		panic(fmt.Sprintf("encode request: %v", err))
	}
	w.async("control", payload)
}

// abort stops the execution of a run, if it has one that runs.
func (w *World) abort(runID string) {
	if arn := w.Record(runID).Run.Execution; arn != "" {
		w.Stop(arn)
	}
}

// stormStep is how an attempt goes in a storm.
func stormStep(seed uint64, a Attempt, least, most time.Duration) Step {
	d := roll(seed, "step", a.RunID, a.Job, a.Number)
	s := Step{Takes: d.between(least, most), Submits: d.chance(0.7)}
	if d.chance(0.8) { // no longer than a program may take after SIGTERM
		s.Leaves = d.between(0, 35*time.Second)
	}
	switch x := d.float(); {
	case x < 0.10:
		s.ExitCode = 1
	case x < 0.12:
		s.ExitCode, s.Class, s.Reason = 1, job.ClassData, "rows 0"
	case x < 0.14:
		s.Silent = true
	case x < 0.16:
		s.Silent, s.ExitCode = true, 137
	case x >= 0.95:
		s.ExitCode = job.NothingToDo
	case x < 0.17 && most > time.Minute:
		s.Takes = 5 * time.Hour // longer than any deadline
	case x < 0.20 && most > time.Minute:
		s.Takes, s.Deaf = time.Hour, true
	}
	s.Lead = d.between(time.Millisecond, min(s.Takes/2, 20*time.Second))
	return s
}
