package backfill_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/backfill"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
)

// known are registered pipelines.
type known map[string]pipeline.Spec

func (k known) Current(_ context.Context, name string) (*register.Version, error) {
	if spec, ok := k[name]; ok {
		return &register.Version{Spec: spec}, nil
	}
	return nil, nil //nolint:nilnil // not registered
}

// history are runs.
type history []run.Run

func (h history) Dated(_ context.Context, _ string, from, until time.Time, visit func(run.Run) error) error {
	for _, r := range h {
		if r.LogicalTime.Before(from) || r.LogicalTime.After(until) {
			continue
		}
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

func pipelines(t *testing.T, files ...string) known {
	t.Helper()
	k := known{}
	for _, file := range files {
		spec, err := pipeline.Parse("p.yaml", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		k[spec.Name] = spec
	}
	return k
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// planned are the dates and values of a plan.
func planned(all []backfill.Entry) (texts []string) {
	for _, e := range all {
		texts = append(texts, strings.TrimSpace(e.Planned.Format("01-02T15:04")+" "+e.Value))
	}
	return texts
}

// The plan has the dates that are asked for, in order.
func TestPlanDates(t *testing.T) {
	t.Parallel()
	const (
		lisbon = "pipeline: lisbon\ntimezone: Europe/Lisbon\n" + rest
		beirut = "pipeline: beirut\ntimezone: Asia/Beirut\n" + rest
		two    = "pipeline: two\nparams: {k: {default: x}}\ntriggers: [{schedule: \"0 3 * * *\", params: {k: a}}, {schedule: \"0 4 * * *\", params: {k: b}}]\n" + rest
	)
	k := pipelines(t, daily, many, none, lisbon, beirut, two)
	for name, tt := range map[string]struct {
		q        backfill.Request
		from, to string
		want     []string
	}{
		"schedule":        {backfill.Request{Pipeline: "p"}, "2025-01-01T00:00:00Z", "2025-01-03T03:00:00Z", []string{"01-01T03:00", "01-02T03:00", "01-03T03:00"}},
		"newest first":    {backfill.Request{Pipeline: "p", Order: "desc"}, "2025-01-01T00:00:00Z", "2025-01-02T03:00:00Z", []string{"01-02T03:00", "01-01T03:00"}},
		"bounds included": {backfill.Request{Pipeline: "p"}, "2025-01-01T03:00:00Z", "2025-01-01T03:00:00Z", []string{"01-01T03:00"}},
		"values":          {backfill.Request{Pipeline: "m", Params: map[string]string{"c": "v2"}}, "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", []string{"01-01T03:00 c=v2"}},
		"every":           {backfill.Request{Pipeline: "none", Every: pipeline.Duration(12 * time.Hour)}, "2025-01-01T06:00:00Z", "2025-01-02T06:00:00Z", []string{"01-01T06:00", "01-01T18:00", "01-02T06:00"}},
		"instead of the schedule": {
			backfill.Request{Pipeline: "p", Every: pipeline.Duration(36 * time.Hour)},
			"2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z",
			[]string{"01-01T00:00", "01-02T12:00"},
		},
		"chunk": {backfill.Request{Pipeline: "none", Chunk: pipeline.Duration(7 * 24 * time.Hour)}, "2025-01-01T00:00:00Z", "2025-01-20T00:00:00Z", []string{"01-01T00:00", "01-08T00:00", "01-15T00:00"}},
		"days where clocks change": { // midnight of each date, winter and summer
			backfill.Request{Pipeline: "lisbon", Every: pipeline.Duration(24 * time.Hour)},
			"2025-10-24T23:00:00Z", "2025-10-27T00:00:00Z",
			[]string{"10-24T23:00", "10-25T23:00", "10-27T00:00"},
		},
		"a date without midnight": { // 2025-03-30 begins at 01:00
			backfill.Request{Pipeline: "beirut", Chunk: pipeline.Duration(24 * time.Hour)},
			"2025-03-28T22:00:00Z", "2025-03-31T12:00:00Z",
			[]string{"03-28T22:00", "03-29T22:00", "03-30T21:00"},
		},
		"two schedules":        {backfill.Request{Pipeline: "two"}, "2025-01-01T00:00:00Z", "2025-01-01T12:00:00Z", []string{"01-01T03:00", "01-01T04:00"}},
		"one of the schedules": {backfill.Request{Pipeline: "two", Params: map[string]string{"k": "b"}}, "2025-01-01T00:00:00Z", "2025-01-01T12:00:00Z", []string{"01-01T04:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.q.From, tt.q.To = instant(t, tt.from), instant(t, tt.to)
			b, all, err := backfill.Entries(t.Context(), &tt.q, k, history{}, instant(t, "2026-01-01T00:00:00Z"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, planned(all)); diff != "" || b.Total != len(tt.want) {
				t.Errorf("%d runs, -want +got:\n%s", b.Total, diff)
			}
			for i, c := range b.Children { // what is shown is what runs
				if id, err := b.RunID(c); err != nil || id != all[i].RunID {
					t.Errorf("child %d is run %s, %v, want %s", i, id, err, all[i].RunID)
				}
			}
		})
	}
}

// The intervals of chunks are as long as the chunks, without gaps.
func TestChunksHaveNoGaps(t *testing.T) {
	t.Parallel()
	k := pipelines(t, "pipeline: lisbon\ntimezone: Europe/Lisbon\n"+rest)
	for _, chunk := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 5 * time.Hour} {
		q := backfill.Request{Pipeline: "lisbon", Chunk: pipeline.Duration(chunk), From: instant(t, "2024-12-31T00:00:00Z"), To: instant(t, "2025-12-31T00:00:00Z")}
		b, _, err := backfill.Entries(t.Context(), &q, k, history{}, instant(t, "2026-01-01T00:00:00Z"))
		if err != nil {
			t.Fatal(err)
		}
		before := q.From
		for _, c := range b.Children {
			start, end, err := b.Interval(c)
			if err != nil || !start.Equal(before) || end.Sub(start) < chunk-time.Hour || end.Sub(start) > chunk+time.Hour {
				t.Fatalf("chunk of %s: %s to %s, %v; the one before ends %s", chunk, start, end, err, before)
			}
			before = end
		}
	}
}

// What is there of a date decides what happens.
func TestPlanActions(t *testing.T) {
	t.Parallel()
	k := pipelines(t, daily)
	at := day(1).Add(3 * time.Hour)
	id := run.ID("p", at, run.OfDate("p", at, nil)...)
	for state, want := range map[run.State]map[string]string{
		"":            {backfill.Missing: "run", backfill.Failed: "none", backfill.All: "run"},
		run.Queued:    {backfill.Missing: "none", backfill.Failed: "none", backfill.All: "none"},
		run.Running:   {backfill.Missing: "none", backfill.Failed: "none", backfill.All: "none"},
		run.Succeeded: {backfill.Missing: "none", backfill.Failed: "none", backfill.All: "none"},
		run.Failed:    {backfill.Missing: "none", backfill.Failed: "retry", backfill.All: "retry"},
		run.Cancelled: {backfill.Missing: "none", backfill.Failed: "retry", backfill.All: "retry"},
		run.Rejected:  {backfill.Missing: "none", backfill.Failed: "run", backfill.All: "run"},
	} {
		for only, action := range want {
			h := history{}
			if state != "" {
				h = history{{ID: id, LogicalTime: at, State: state}}
			}
			q := days(1, 2)
			q.Only = only
			_, all, err := backfill.Entries(t.Context(), &q, k, h, day(31))
			if err != nil || len(all) != 1 || all[0].Action != action {
				t.Errorf("--only %s of a date that is %q: %+v, %v, want %s", only, state, all, err, action)
			}
		}
	}
}

// What is wrong with a request is said at once, with what to do next.
func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	const param = "pipeline: param\nparams: {a: {}, b: {default: x, allowed: [x, y]}, s: {sensitive: true}}\n" + rest
	k := pipelines(t, daily, many, none, param)
	now := instant(t, "2026-01-01T00:00:00Z")
	every := func(d time.Duration) backfill.Request {
		return backfill.Request{Pipeline: "none", Every: pipeline.Duration(d), From: now.AddDate(-1, 0, 0), To: now}
	}
	for want, q := range map[string]backfill.Request{
		"pipeline \"x\" is not known": {Pipeline: "x"},
		"needs --from and --to":       {Pipeline: "p", From: now},
		"--from 2026-01-01T00:00:00Z is after --to 2025-01-01T00:00:00Z; exchange them": {Pipeline: "p", From: now, To: now.AddDate(-1, 0, 0)},
		"--to 2026-01-02T00:00:00Z is in the future":                                    {Pipeline: "p", From: now, To: now.AddDate(0, 0, 1)},
		"--from 2027-01-01T00:00:00Z is in the future":                                  {Pipeline: "p", From: now.AddDate(1, 0, 0), To: now.AddDate(1, 0, 1)},
		"exclude each other": {Pipeline: "p", From: now, To: now, Every: 1, Chunk: 1},
		"need at least 1m":   every(time.Second),
		"more than 5000 runs between --from 2025-01-01T00:00:00Z":                                   every(5 * time.Minute), // 100,000 dates
		"has no param z; use one of [\"c\"]":                                                        {Pipeline: "m", From: now, To: now, Params: map[string]string{"z": "1"}},
		"param a of pipeline param is required; give it a value with --param a=VALUE":               {Pipeline: "param", From: now, To: now, Every: pipeline.Duration(time.Hour)},
		"param b: \"z\" is not allowed; use one of [\"x\" \"y\"]":                                   {Pipeline: "param", From: now, To: now, Every: pipeline.Duration(time.Hour), Params: map[string]string{"a": "1", "b": "z"}},
		"param s of pipeline param is sensitive, and a backfill keeps its params; use ephemr start": {Pipeline: "param", From: now, To: now, Every: pipeline.Duration(time.Hour), Params: map[string]string{"s": "1"}},
	} {
		began := time.Now()
		_, _, err := backfill.Entries(t.Context(), &q, k, history{}, now)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%q took %s", want, took)
		}
	}
}

// The clock of who asks may be ahead a little: the present is no future date.
func TestPresentIsNotTheFuture(t *testing.T) {
	t.Parallel()
	now := instant(t, "2026-01-01T00:00:00Z")
	q := backfill.Request{Pipeline: "p", From: now.AddDate(0, 0, -1), To: now.Add(30 * time.Second)}
	if _, _, err := backfill.Entries(t.Context(), &q, pipelines(t, daily), history{}, now); err != nil || !q.To.Equal(now) {
		t.Errorf("until %s, %v", q.To, err)
	}
}
