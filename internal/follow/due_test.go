package follow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/calendar"
	"ephemr/internal/follow"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// world is a stage with upstreams whose runs succeed.
type world struct {
	t     *testing.T
	store *follow.Store
	specs map[string]*pipeline.Spec
	skips []calendar.Skipped
	since time.Time // when the schedules were registered
}

func newWorld(t *testing.T, files ...string) *world {
	t.Helper()
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk"})
	w := &world{t: t, store: &follow.Store{DB: db, Table: "runs"}, specs: map[string]*pipeline.Spec{}, since: at("2020-01-01T00:00")}
	for _, f := range files {
		spec, err := pipeline.Parse("test.yaml", []byte(f+"\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]"))
		if err != nil {
			t.Fatal(err)
		}
		w.specs[spec.Name] = &spec
	}
	return w
}

func (w *world) Skipped(context.Context, string, time.Time, time.Time) ([]calendar.Skipped, error) {
	return w.skips, nil
}

func (w *world) upstream(_ context.Context, name string) (*follow.Upstream, error) {
	s := w.specs[name]
	if s == nil {
		return nil, nil //nolint:nilnil // unknown is a valid answer
	}
	return &follow.Upstream{Name: name, Matrix: s.Matrix, Schedules: calendar.Schedules(s, 1, w.since)}, nil
}

// done records the success of a run, "up 2026-11-30T03:00 country=pt", and returns what is
// then due of the pipeline d: logical time, date, interval and upstream runs.
func (w *world) done(what string) []string {
	w.t.Helper()
	words := strings.Fields(what)
	r := run.Run{ID: what, Pipeline: words[0], Version: 1, State: run.Succeeded, Trigger: run.Trigger{Kind: run.BySchedule}, LogicalTime: at(words[1]), Params: map[string]string{}}
	o := w.specs[r.Pipeline].OccasionOf(r.LogicalTime, false)
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "kind":
			r.Trigger.Kind = value
		case "date":
			r.Trigger.Kind, o = run.ByRequest, w.specs[r.Pipeline].OccasionOf(r.LogicalTime, true)
		default:
			r.Params[name] = value
		}
	}
	r.LogicalDate, r.Timezone, r.IntervalStart, r.IntervalEnd = o.Date, o.Zone, o.Interval.Start, o.Interval.End
	x, ok := follow.Of(r)
	if !ok {
		w.t.Fatalf("%s is no success", what)
	}
	if err := w.store.Record(w.t.Context(), x); err != nil {
		w.t.Fatal(err)
	}
	due, err := (&follow.Decider{Successes: w.store, Skips: w, Upstream: w.upstream}).Due(w.t.Context(), w.specs["d"], x)
	if err != nil {
		w.t.Fatal(err)
	}
	all := []string{}
	for _, d := range due {
		const layout = "2006-01-02T15:04"
		all = append(all, fmt.Sprintf("%s %s %s-%s %d%v", d.Logical.Format(layout), d.Occasion.Date, d.Occasion.Interval.Start.Format(layout), d.Occasion.Interval.End.Format(layout), len(d.Runs), d.Identity))
	}
	return all
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// hours are the successes of an hourly upstream.
func hours(from string, n int) (all []string) {
	for i := range n {
		all = append(all, "hourly "+at(from).Add(time.Duration(i)*time.Hour).Format("2006-01-02T15:04"))
	}
	return all
}

const (
	daily  = "pipeline: daily\ntriggers: [{schedule: \"0 3 * * *\"}]"
	twice  = "pipeline: twice\ntriggers: [{schedule: \"0 3,15 * * *\"}]"
	hourly = "pipeline: hourly\ntriggers: [{schedule: \"0 * * * *\"}]"
	upload = "pipeline: upload\ntriggers: [{s3: {bucket: raw, prefix: x/}}]"
	lisbon = "pipeline: lisbon\ntriggers: [{schedule: \"30 0 * * *\", timezone: Europe/Lisbon}]"
	values = "pipeline: values\nparams: {c: {}}\nmatrix: {c: [a, b]}\ntriggers: [{schedule: \"0 3 * * *\"}]"
)

func after(triggers string) string { return "pipeline: d\ntriggers: [" + triggers + "]" }

// Each row is what succeeds, in this order, and what is due after the last; nothing is due
// before.
func TestDue(t *testing.T) {
	t.Parallel()
	const day = "2026-11-30T00:00 2026-11-30 2026-11-30T00:00-2026-12-01T00:00"
	for name, tt := range map[string]struct {
		files   []string
		succeed []string
		want    []string
	}{
		"date, one upstream": {
			[]string{daily, after("{after: {pipeline: daily}}")}, []string{"daily 2026-11-30T03:00"}, []string{day + " 1[]"},
		},
		"date, two upstreams": {
			[]string{daily, twice, after("{after: {pipeline: daily}}, {after: {pipeline: twice, same: date}}")},
			[]string{"twice 2026-11-30T15:00", "daily 2026-11-29T03:00", "daily 2026-11-30T03:00", "twice 2026-11-30T03:00"},
			[]string{day + " 3[]"},
		},
		"date, several runs a day: all planned ones": {
			[]string{hourly, after("{after: {pipeline: hourly}}")}, hours("2026-11-30T00:00", 24), []string{day + " 24[]"},
		},
		"date, the first of the runs last": {
			[]string{hourly, after("{after: {pipeline: hourly}}")}, append(hours("2026-11-30T01:00", 23), "hourly 2026-11-30T00:00"), []string{day + " 24[]"},
		},
		"date, a person's run for the whole date": {
			[]string{hourly, after("{after: {pipeline: hourly}}")}, []string{"hourly 2026-11-30T03:00", "hourly 2026-11-30T03:30 kind=request", "hourly 2026-11-30T00:00 date=yes"}, []string{day + " 2[]"},
		},
		"date, a person's run for the planned time": {
			[]string{daily, after("{after: {pipeline: daily}}")}, []string{"daily 2026-11-30T04:00 kind=request", "daily 2026-11-30T03:00 kind=request"}, []string{day + " 1[]"},
		},
		"date, upstream without a schedule": {
			[]string{upload, after("{after: {pipeline: upload}}")}, []string{"upload 2026-11-30T11:12 kind=s3"}, []string{day + " 1[]"},
		},
		"date, matrix upstream": {
			[]string{values, after("{after: {pipeline: values}}")}, []string{"values 2026-11-30T03:00 c=b", "values 2026-11-29T03:00 c=a", "values 2026-11-30T03:00 c=a"}, []string{day + " 2[]"},
		},
		"date in other zones": { // 00:30 in Lisbon in summer is 23:30 UTC of the day before
			[]string{lisbon, daily, after("{after: {pipeline: lisbon}}, {after: {pipeline: daily}}") + "\ntimezone: America/New_York"},
			[]string{"daily 2026-07-01T03:00", "lisbon 2026-06-30T23:30"},
			[]string{"2026-07-01T04:00 2026-07-01 2026-07-01T04:00-2026-07-02T04:00 2[]"},
		},
		"date on which clocks change": {
			[]string{daily, after("{after: {pipeline: daily}}") + "\ntimezone: Europe/Lisbon"},
			[]string{"daily 2026-03-29T03:00"},
			[]string{"2026-03-29T00:00 2026-03-29 2026-03-29T00:00-2026-03-29T23:00 1[]"},
		},
		"date, with a schedule of its own at the same time": {
			[]string{daily, after("{after: {pipeline: daily}}, {schedule: \"0 0 * * *\"}")}, []string{"daily 2026-11-30T03:00"}, []string{day + " 1[after]"},
		},
		"date and latest": {
			[]string{daily, upload, after("{after: {pipeline: daily}}, {after: {pipeline: upload, same: latest}}")},
			[]string{"daily 2026-11-29T03:00", "daily 2026-11-30T03:00", "upload 2026-10-01T11:12 kind=s3"},
			[]string{day + " 2[]"},
		},
		"interval, hourly after hourly": {
			[]string{hourly, after("{after: {pipeline: hourly, same: interval}}")}, []string{"hourly 2026-11-30T05:00"}, []string{"2026-11-30T05:00 2026-11-30 2026-11-30T05:00-2026-11-30T06:00 1[]"},
		},
		"interval, daily after hourly": {
			[]string{hourly, after("{after: {pipeline: hourly, same: interval, intervals: \"0 0 * * *\"}}")}, hours("2026-11-30T00:00", 24), []string{day + " 24[]"},
		},
		"interval, a gap that is filled": {
			[]string{hourly, after("{after: {pipeline: hourly, same: interval, intervals: \"0 0 * * *\"}}")},
			slices.Concat(hours("2026-11-30T00:00", 7), hours("2026-11-30T08:00", 16), hours("2026-11-30T07:00", 1)),
			[]string{day + " 24[]"},
		},
		"interval, a day of 25 hours": {
			[]string{hourly, after("{after: {pipeline: hourly, same: interval, intervals: \"0 0 * * *\"}}") + "\ntimezone: Europe/Lisbon"},
			hours("2026-10-24T23:00", 25),
			[]string{"2026-10-24T23:00 2026-10-25 2026-10-24T23:00-2026-10-26T00:00 25[]"},
		},
		"interval, a day of 23 hours": {
			[]string{hourly, after("{after: {pipeline: hourly, same: interval, intervals: \"0 0 * * *\"}}") + "\ntimezone: Europe/Lisbon"},
			hours("2026-03-29T00:00", 23),
			[]string{"2026-03-29T00:00 2026-03-29 2026-03-29T00:00-2026-03-29T23:00 23[]"},
		},
		"interval, hourly after daily": {
			[]string{lisbon, after("{after: {pipeline: lisbon, same: interval, intervals: \"0 */12 * * *\"}}")},
			[]string{"lisbon 2026-11-30T00:30"},
			[]string{"2026-11-30T12:00 2026-11-30 2026-11-30T12:00-2026-12-01T00:00 1[]"},
		},
		"interval of the first of two": {
			[]string{hourly, daily, after("{after: {pipeline: hourly, same: interval}}, {after: {pipeline: daily, same: interval}}")},
			append(hours("2026-11-30T05:00", 2), "daily 2026-11-30T03:00"),
			[]string{"2026-11-30T06:00 2026-11-30 2026-11-30T06:00-2026-11-30T07:00 2[]", "2026-11-30T05:00 2026-11-30 2026-11-30T05:00-2026-11-30T06:00 2[]"},
		},
		"interval, matrix upstream": {
			[]string{values, after("{after: {pipeline: values, same: interval}}")},
			[]string{"values 2026-11-30T03:00 c=b", "values 2026-11-30T03:00 c=a"},
			[]string{"2026-11-30T03:00 2026-11-30 2026-11-30T03:00-2026-12-01T03:00 2[]"},
		},
		"interval, in the zone of the upstream": {
			[]string{lisbon, after("{after: {pipeline: lisbon, same: interval}}")}, []string{"lisbon 2026-06-30T23:30"}, []string{"2026-06-30T23:30 2026-07-01 2026-06-30T23:30-2026-07-01T23:30 1[]"},
		},
		"latest": {
			[]string{upload, after("{after: {pipeline: upload, same: latest}}")}, []string{"upload 2026-11-30T11:12 kind=s3"}, []string{"2026-11-30T11:12 2026-11-30 2026-11-30T00:00-2026-12-01T00:00 1[after upload]"},
		},
		"latest of two": {
			[]string{upload, daily, after("{after: {pipeline: upload, same: latest}}, {after: {pipeline: daily, same: latest}}")},
			[]string{"upload 2026-11-30T11:12 kind=s3", "daily 2026-11-20T03:00"},
			[]string{"2026-11-20T03:00 2026-11-20 2026-11-20T03:00-2026-11-21T03:00 2[after daily]"},
		},
		"latest, matrix upstream": {
			[]string{values, after("{after: {pipeline: values, same: latest}}")},
			[]string{"values 2026-11-29T03:00 c=b", "values 2026-11-30T03:00 c=a", "values 2026-11-30T03:00 c=b"},
			[]string{"2026-11-30T03:00 2026-11-30 2026-11-30T03:00-2026-12-01T03:00 2[after values]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.files...)
			for _, what := range tt.succeed[:len(tt.succeed)-1] {
				if got := w.done(what); len(got) > 0 {
					t.Errorf("due after %s: %v", what, got)
				}
			}
			for range 2 { // the event may come twice
				if diff := cmp.Diff(tt.want, w.done(tt.succeed[len(tt.succeed)-1])); diff != "" {
					t.Errorf("due -want +got:\n%s", diff)
				}
			}
		})
	}
}

// An older success than the newest requests nothing from a trigger that wants the newest.
func TestLatestIsTheNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, daily, after("{after: {pipeline: daily, same: latest}}"))
	if got := w.done("daily 2026-11-30T03:00"); len(got) != 1 {
		t.Errorf("due: %v", got)
	}
	if got := w.done("daily 2026-11-29T03:00"); len(got) != 0 {
		t.Errorf("due after a backfilled date: %v", got)
	}
}

// Planned times that a policy has skipped, and those before the schedule was registered, are
// not waited for.
func TestDateWithoutSomeTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twice, after("{after: {pipeline: twice}}"))
	w.skips = []calendar.Skipped{{Schedule: "0 3,15 * * * UTC", First: at("2026-11-30T15:00"), Last: at("2026-11-30T15:00")}}
	if got := w.done("twice 2026-11-30T03:00"); len(got) != 1 {
		t.Errorf("due although a time was skipped: %v", got)
	}
	w.since = at("2026-12-01T12:00")
	if got := w.done("twice 2026-12-01T15:00"); len(got) != 1 {
		t.Errorf("due on the date of the registration: %v", got)
	}
	if got := w.done("twice 2026-11-20T03:00"); len(got) != 0 {
		t.Errorf("due when half of a date was backfilled: %v", got)
	}
	if got := w.done("twice 2026-11-20T15:00"); len(got) != 1 {
		t.Errorf("due when all of a date was backfilled: %v", got)
	}
}
