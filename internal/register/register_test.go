package register_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/cron"
	"ephemr/internal/emr"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

var _ register.ScheduleAPI = (*awsfake.Scheduler)(nil)

type fixture struct {
	*register.Register
	db        *awsfake.DynamoDB
	scheduler *awsfake.Scheduler
}

func newFixture() fixture {
	db, api := awsfake.NewDynamoDB(awsfake.Table{Name: "pipelines", PK: "pk", SK: "sk"}), awsfake.NewScheduler("group")
	return fixture{&register.Register{
		Settings: stage.Settings{Lake: map[string]string{"raw": "b", "curated": "c"}},
		Engines:  engine.Catalog{Default: emr.Capabilities},
		Profiles: &cluster.Profiles{Stage: "test", API: awsfake.NewSSM(map[string]string{
			stage.ProfileParameter("test", "small"): `{"release":"emr-7.14.0","applications":["Spark"],"idleTimeout":"1h","primary":{"types":["m5.xlarge"],"onDemand":1},"fallbacks":[{"types":["m5.2xlarge"]}]}`,
		})},
		Store: &register.Store{DB: db, Table: "pipelines"},
		Schedules: &register.Schedules{
			API: api, Group: "group", Role: "arn:aws:iam::123456789012:role/r", Target: "arn:aws:sqs:us-east-1:123456789012:events", DLQ: "arn:aws:sqs:us-east-1:123456789012:dlq",
		},
	}, db, api}
}

func file(triggers string) json.RawMessage {
	return simulation.SpecOf("pipeline: p\n" + triggers + "\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]")
}

func (f fixture) apply(t *testing.T, triggers string) register.Output {
	t.Helper()
	out, err := f.Apply(t.Context(), register.Input{Spec: file(triggers)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (f fixture) schedules(t *testing.T) map[string]string {
	t.Helper()
	got := map[string]string{}
	out, err := f.scheduler.ListSchedules(t.Context(), &scheduler.ListSchedulesInput{GroupName: aws.String("group")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out.Schedules {
		d, err := f.scheduler.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: s.Name, GroupName: s.GroupName})
		if err != nil {
			t.Fatal(err)
		}
		got[*d.Name] = *d.ScheduleExpression + " " + *d.ScheduleExpressionTimezone
	}
	return got
}

// Versions count up, and only when something changed; old ones stay.
func TestVersions(t *testing.T) {
	t.Parallel()
	f := newFixture()
	want := register.Output{Pipeline: "p", Version: 1, Changed: true, Schedules: []string{}}
	if diff := cmp.Diff(want, f.apply(t, "")); diff != "" {
		t.Error(diff)
	}
	want.Changed = false
	if diff := cmp.Diff(want, f.apply(t, "")); diff != "" {
		t.Error(diff)
	}
	if out := f.apply(t, "owner: a@example.com"); out.Version != 2 || !out.Changed {
		t.Errorf("got %+v, want version 2", out)
	}
	var keys []string
	for _, it := range f.db.Items("pipelines") {
		sk := struct{ Value string }{}
		data, _ := json.Marshal(it["sk"]) //nolint:errchkjson // a plain struct
		_ = json.Unmarshal(data, &sk)
		keys = append(keys, sk.Value)
	}
	if diff := cmp.Diff([]string{"CURRENT", "V#000001", "V#000002"}, keys); diff != "" {
		t.Error(diff)
	}
}

// Schedules are created, updated and deleted to match the file.
func TestSchedules(t *testing.T) {
	t.Parallel()
	f := newFixture()
	for _, tt := range []struct {
		triggers string
		want     map[string]string
	}{
		{`triggers: [{schedule: "0 3 * * *"}, {schedule: "0 4 * * 1", timezone: Europe/Lisbon}]`, map[string]string{"p-0": "cron(0 3 * * ? *) UTC", "p-1": "cron(0 4 ? * MON *) Europe/Lisbon"}},
		{`triggers: [{schedule: "0 5 * * *"}, {schedule: "0 4 * * 1", timezone: Europe/Lisbon}]`, map[string]string{"p-0": "cron(0 5 * * ? *) UTC", "p-1": "cron(0 4 ? * MON *) Europe/Lisbon"}},
		{`triggers: [{schedule: "0 5 * * *"}]`, map[string]string{"p-0": "cron(0 5 * * ? *) UTC"}},
		{``, map[string]string{}},
	} {
		f.apply(t, tt.triggers)
		if diff := cmp.Diff(tt.want, f.schedules(t)); diff != "" {
			t.Errorf("%s -want +got:\n%s", tt.triggers, diff)
		}
	}
}

// A schedule sends the message that intake reads, with the placeholder unescaped.
func TestScheduleInput(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, `triggers: [{schedule: "0 3 * * *"}]`)
	s, err := f.scheduler.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: aws.String("p-0"), GroupName: aws.String("group")})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"kind":"schedule","pipeline":"p","scheduledTime":"` + events.ScheduledTimePlaceholder + `"}`; *s.Target.Input != want {
		t.Errorf("input %s, want %s", *s.Target.Input, want)
	}
	if s.Target.DeadLetterConfig == nil || s.FlexibleTimeWindow.Mode != types.FlexibleTimeWindowModeOff {
		t.Errorf("target %+v, window %+v", s.Target, s.FlexibleTimeWindow)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"not JSON":             `{`,
		"unknown zone":         string(file(`triggers: [{s3: {bucket: raw}}]`)[:1]) + `"x":1}`,
		"no package":           `{"pipeline":"p","cluster":{"profile":"small"},"jobs":[{"name":"a","type":"bash","source":"a"}]}`,
		"param without value":  string(file("triggers: [{s3: {bucket: raw}}]\nparams: {country: {}}")),
		"unknown var":          string(file("params: {secret: {default: '{{.Vars.secret}}'}}")),
		"weekday and monthday": strings.Replace(string(file(`triggers: [{schedule: "0 3 1 * *"}]`)), "0 3 1 * *", "0 3 1 * 1", 1),
	} {
		_, err := newFixture().Apply(t.Context(), register.Input{Spec: json.RawMessage(spec)})
		if fault.NameOf(err) != fault.InvalidInput || err == nil {
			t.Errorf("%s: %v, want InvalidInputError", name, err)
		}
	}
}

// Of two concurrent callers one gets an error; its pipeline is not lost silently.
func TestConflict(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, "")
	f.db.Use(&awsfake.Hooks{Before: sync(func() { f.apply(t, "owner: b@example.com") })})
	_, err := f.Apply(t.Context(), register.Input{Spec: file("owner: a@example.com")})
	if fault.NameOf(err) != fault.Conflict || !strings.Contains(err.Error(), "apply again") {
		t.Errorf("got %v, want ConflictError", err)
	}
	v, err := f.Store.Current(t.Context(), "p")
	if err != nil || v.Spec.Owner != "b@example.com" || v.Number != 2 {
		t.Errorf("current is %+v, %v", v, err)
	}
}

// In any order of concurrent calls, the triggers are finally those of the current
// version.
func TestTriggersAgreeWithVersion(t *testing.T) {
	t.Parallel()
	const (
		many = `triggers: [{schedule: "0 3 * * *"}, {schedule: "0 4 * * *"}, {schedule: "0 5 * * *"}, {s3: {bucket: raw, prefix: many/}}]`
		few  = `triggers: [{schedule: "0 6 * * *"}, {s3: {bucket: raw, prefix: few/}}]`
		none = ``
	)
	for name, tt := range map[string]struct{ before, first, other string }{
		"fewer": {"", many, few}, "more": {"", few, many}, "none any more": {"", many, none}, "some": {"", none, many},
		"fewer than before": {many, many + "\nowner: a@example.com", few}, "none of those before": {many, many + "\nowner: a@example.com", none},
	} {
		for n := range 24 { // the call at which the other one comes
			t.Run(fmt.Sprintf("%s at call %d", name, n), func(t *testing.T) {
				t.Parallel()
				f := newFixture()
				f.apply(t, tt.before+"\ndescription: before")
				hooks := &awsfake.Hooks{Before: nth(n, func() { f.apply(t, tt.other) })}
				f.db.Use(hooks)
				f.scheduler.Use(hooks)
				_, err := f.Apply(t.Context(), register.Input{Spec: file(tt.first)})
				if err != nil && fault.NameOf(err) != fault.Conflict {
					t.Error(err)
				}
				f.db.Use(nil)
				f.scheduler.Use(nil)
				f.agree(t)
			})
		}
	}
}

// nth runs do before the call after n others.
func nth(n int, do func()) func(string) error {
	return func(string) error {
		if n--; n == -1 {
			do()
		}
		return nil
	}
}

// agree checks that the triggers are those of the current version.
func (f fixture) agree(t *testing.T) {
	t.Helper()
	v, err := f.Store.Current(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, trigger := range v.Spec.Triggers {
		if schedule, err := cron.Parse(trigger.Schedule); err == nil {
			want[fmt.Sprintf("p-%d", len(want))] = schedule.EventBridge() + " UTC"
		}
		if trigger.S3 == nil {
			continue
		}
		if names, err := f.Store.Watching(t.Context(), "raw", trigger.S3.Prefix+"x", 1); err != nil || len(names) != 1 {
			t.Errorf("version %d is current, uploads to %s start %v, %v", v.Number, trigger.S3.Prefix, names, err)
		}
	}
	if diff := cmp.Diff(want, f.schedules(t)); diff != "" {
		t.Errorf("version %d is current, schedules -want +got:\n%s", v.Number, diff)
	}
}

// A caller that is overtaken repeatedly gives up with an error.
func TestOvertakenAgainAndAgain(t *testing.T) {
	t.Parallel()
	f := newFixture()
	n, busy := 0, false
	f.db.Use(&awsfake.Hooks{Before: func(op string) error {
		if op == "DynamoDB:DeleteItem" && !busy { // of the S3 trigger that there is none of
			busy = true
			n++
			f.apply(t, fmt.Sprintf("owner: %d@example.com", n))
			busy = false
		}
		return nil
	}})
	_, err := f.Apply(t.Context(), register.Input{Spec: file("")})
	if fault.NameOf(err) != fault.Conflict || !strings.Contains(err.Error(), "apply again") {
		t.Errorf("got %v after %d others, want ConflictError", err, n)
	}
}

// sync runs f once, before the first write.
func sync(f func()) func(string) error {
	done := false
	return func(op string) error {
		if op == "DynamoDB:PutItem" && !done {
			done = true
			f()
		}
		return nil
	}
}

// Watching finds exactly the pipelines that an upload starts.
func TestWatching(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, `triggers: [{s3: {bucket: raw, prefix: in/, suffix: .csv}}, {s3: {bucket: raw, prefix: other/}}]`)
	for key, want := range map[string]bool{"in/a.csv": true, "in/a.txt": false, "other/x": true, "in": false, "": false, "IN/a.csv": false} {
		names, err := f.Store.Watching(t.Context(), "raw", key, 1)
		if err != nil || (len(names) == 1) != want {
			t.Errorf("%q starts %v, %v", key, names, err)
		}
	}
	f.apply(t, "")
	if names, err := f.Store.Watching(t.Context(), "raw", "in/a.csv", 1); err != nil || len(names) > 0 {
		t.Errorf("a trigger that was taken away still starts %v, %v", names, err)
	}
}

// A pipeline's own step concurrency must fit the memory of its profile's primary.
func TestStepConcurrency(t *testing.T) {
	t.Parallel()
	for steps, refused := range map[int]bool{1: false, 6: false, 7: true, 256: true} {
		f := newFixture()
		spec := simulation.SpecOf(fmt.Sprintf("pipeline: p\ncluster: {profile: small, stepConcurrency: %d}\njobs: [{name: a, type: bash, source: a}]", steps))
		_, err := f.Apply(t.Context(), register.Input{Spec: spec})
		want := fmt.Sprintf("cluster.stepConcurrency: pipeline p and profile small: %d steps side by side need ", steps)
		if refused != (err != nil) || refused && (fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d steps: %v", steps, err)
		}
		if v, _ := f.Store.Current(t.Context(), "p"); refused == (v != nil) {
			t.Errorf("%d steps: stored %v", steps, v)
		}
	}
}

// A trigger that cannot be read keeps no other from starting its pipeline.
func TestWatchingSkipsUnreadable(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, `triggers: [{s3: {bucket: raw, prefix: in/}}]`)
	key := records.WatchKey("raw", "a-broken-one")
	bad := key.Attributes()
	bad["watches"] = records.String("all")
	if _, err := f.Store.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &f.Store.Table, Item: bad}); err != nil {
		t.Fatal(err)
	}
	if names, err := f.Store.Watching(t.Context(), "raw", "in/a.csv", 1); err != nil || len(names) != 1 {
		t.Errorf("starts %v, %v", names, err)
	}
	if got, err := f.Store.Unreadable(t.Context()); err != nil || len(got) != 1 || got[0].Key != key {
		t.Errorf("unreadable: %+v, %v", got, err)
	}
}

// Unknown pipelines are not an error.
func TestUnknownPipeline(t *testing.T) {
	t.Parallel()
	f := newFixture()
	for _, name := range []string{"", "q"} {
		if v, err := f.Store.Current(t.Context(), name); v != nil || err != nil {
			t.Errorf("%q is %v, %v", name, v, err)
		}
	}
}
