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
	seed    uint64
	plain   bool
	untimed bool
	files   []string
	specs   map[string]*pipeline.Spec
	names   []string
	actions []action
	asks    map[string]int // how often each run is asked for
	objects []string       // what the pipeline with batches is to take, as key@version
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

// newStory makes up what is asked for. On the second engine a story asks for no pools
// and no other sizes, and without ticks nothing waits for a time.
func newStory(of Storm, over time.Duration, untimed bool) *story {
	seed, asks := of.Seed, of.Runs
	d := roll(seed, "story")
	s := &story{seed: seed, plain: of.Instant, untimed: untimed, specs: map[string]*pipeline.Spec{}, asks: map[string]int{}}
	for i := range 2 + d.below(4) {
		s.addPipeline(d, fmt.Sprintf("p%d", i))
	}
	for i := range asks {
		s.ask(d, i, over)
	}
	s.addSchedule(roll(seed, "schedule"))
	s.addBackfills(roll(seed, "backfills"), over)
	s.addFollowers(roll(seed, "followers"))
	for range asks / 4 {
		s.meddle(d, over)
	}
	s.approvers(over)
	s.uploads(roll(seed, "batches"), asks, over)
	return s
}

func (s *story) addPipeline(d *dice, name string) {
	var b strings.Builder
	profile := pick(d, profilesUsed...)
	fmt.Fprintf(&b, "pipeline: %s\ntriggers: [{s3: {bucket: raw, prefix: %s/}}]\ncluster: {profile: %s%s}\n", name, name, profile, s.pooled(d))
	if team := pick(d, teams...); team != "" {
		fmt.Fprintf(&b, "team: %s\n", team)
	}
	fmt.Fprintf(&b, "priority: %d\nlimits: {maxActive: %d, deadline: %s}\n%sjobs:\n", d.below(10), 1+d.below(4), pick(d, "45m", "1h", "2h"), s.waits(name))
	jobs := 1 + d.below(5)*d.below(2) // as often as not a single one
	for i := range jobs {
		var needs []string
		for j := range i {
			if d.chance(0.5) {
				needs = append(needs, fmt.Sprintf("j%d", j))
			}
		}
		retries := d.below(3)
		fmt.Fprintf(&b, "  - {name: j%d, type: bash, source: j%d, needs: [%s], retries: %d%s%s%s%s}\n",
			i, i, strings.Join(needs, ", "), retries, s.resized(d, profile), s.delayed(name, i, retries), s.onlyIf(name, i, needs), s.approve(name, i))
	}
	b.WriteString(s.conditional(roll(s.seed, "conditions", name), jobs))
	b.WriteString(s.publishes(name))
	b.WriteString(s.writes(name))
	b.WriteString(s.queries(name))
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

// waits is what a few pipelines wait for. The objects of most dates come at some time.
func (s *story) waits(name string) string {
	d := roll(s.seed, "waits", name)
	if s.untimed || d.chance(0.8) {
		return ""
	}
	for _, date := range []string{"2000-01-01", "2026-01-01", "2026-01-02"} {
		if at := d.between(0, over); d.chance(0.8) {
			s.at(at, func(w *World) { w.Put(waitKey(name, date)) })
		}
	}
	return fmt.Sprintf("waitFor: {objects: \"{{.Lake.raw}}/%s\", timeout: %s}\n", waitKey(name, "{{.LogicalDate}}"), pick(d, "5m", "30m"))
}

func waitKey(name, date string) string { return "wait/" + name + "/" + date }

// approve is what a few jobs say of approval.
func (s *story) approve(name string, i int) string {
	d := roll(s.seed, "approve", name, i)
	if s.untimed || d.chance(0.85) {
		return ""
	}
	return pick(d, ", approve: {timeout: 20m}", ", approve: {message: 'of {{.LogicalDate}}', timeout: 1h}", ", approve: {timeout: 20m, keep: true}")
}

// approvers decide on all that waits, now and then, and two of them at the same time.
func (s *story) approvers(over time.Duration) {
	d := roll(s.seed, "approvers")
	for at := 10 * time.Minute; at < 2*over; at += d.between(5*time.Minute, 20*time.Minute) {
		for range 2 {
			refuse := d.chance(0.2)
			s.at(at, func(w *World) {
				for _, id := range w.RunIDs() {
					for _, j := range w.Record(id).Jobs {
						if j.Awaiting() {
							w.control(operation.Approve, operation.ApproveRequest{RunID: id, Job: j.Name, Refuse: refuse})
						}
					}
				}
			})
		}
	}
}

// delayed is what a job that may be retried says of delays.
func (s *story) delayed(name string, i, retries int) string {
	d := roll(s.seed, "delays", name, i)
	if s.untimed || retries == 0 || d.chance(0.6) {
		return ""
	}
	return pick(d, ", retryDelay: 30s", ", retryDelay: {delay: 1m, factor: 2, max: 90s}")
}

// onlyIf is the condition of some jobs: on what requested the run, on its time, or on
// how a job before it ended.
func (s *story) onlyIf(name string, i int, needs []string) string {
	d := roll(s.seed, "if", name, i)
	if d.chance(0.75) {
		return ""
	}
	conditions := []string{`{{eq .Trigger.Kind "s3"}}`, `{{lt .LogicalDate "2020-01-01"}}`, "true"}
	if len(needs) > 0 {
		conditions = append(conditions, fmt.Sprintf(`{{eq .Jobs.%s.State "SUCCEEDED"}}`, needs[0]), "false")
	}
	return fmt.Sprintf(", if: '%s'", pick(d, conditions...))
}

// conditional are jobs that depend on how others end, in half of the pipelines.
func (s *story) conditional(d *dice, jobs int) string {
	if d.chance(0.5) {
		return ""
	}
	var b strings.Builder
	if d.chance(0.7) {
		fmt.Fprintf(&b, "  - {name: clean, type: bash, source: c, when: always, retries: %d%s}\n", d.below(2), pick(d, "", "", ", needs: [j0]"))
	}
	if d.chance(0.5) {
		fmt.Fprintf(&b, "  - {name: undo, type: bash, source: u, when: failure, needs: [j%d]}\n", d.below(jobs))
	}
	if d.chance(0.3) {
		b.WriteString("  - {name: report, type: bash, source: r, when: failure}\n")
	}
	return b.String()
}

// writes is what half of the pipelines say of the datasets that they write. One of these
// has a file, whose footer is read.
func (s *story) writes(name string) string {
	d := roll(s.seed, "outputs", name)
	if d.chance(0.5) {
		return ""
	}
	s.at(0, func(w *World) { w.S3.Place(w.Settings.Lake["curated"], name+"/part-00000.parquet", make([]byte, 100)) })
	all := []string{"\"{{.Lake.curated}}/" + name + "/\"", "\"{{.Lake.curated}}/days/" + name + "/dt={{.LogicalDate}}/\""}
	return "outputs: [" + strings.Join(all[:1+d.below(2)], ", ") + "]\n"
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
