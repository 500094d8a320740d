package register_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/register"
	"ephemr/internal/stage"
)

type fixture struct {
	*register.Register
	db *awsfake.DynamoDB
}

func newFixture() fixture {
	db := awsfake.NewDynamoDB(awsfake.Table{
		Name: "pipelines", PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: records.ByDue, PK: records.DueName, SK: records.DueOrderName}},
	}, awsfake.Table{Name: "runs", PK: "pk", SK: "sk"})
	return fixture{&register.Register{
		Settings: stage.Settings{Lake: map[string]string{"raw": "b", "curated": "c"}},
		Engines:  engine.Catalog{Default: emr.Capabilities},
		Profiles: &cluster.Profiles{Stage: "test", API: awsfake.NewSSM(map[string]string{
			stage.ProfileParameter("test", "small"): `{"release":"emr-7.14.0","applications":["Spark"],"idleTimeout":"1h","primary":{"types":["m5.xlarge"],"onDemand":1},"fallbacks":[{"types":["m5.2xlarge"]}]}`,
			stage.ProfileParameter("test", "large"): `{"release":"emr-7.14.0","applications":["Spark"],"idleTimeout":"1h","primary":{"types":["m7g.xlarge"],"onDemand":1},
				"core":{"types":["m7g.xlarge"],"spot":1},"task":{"types":["m7g.xlarge"]},
				"overrides":{"primary":{"types":["*"]},"core":{"types":["*"],"units":{"max":9}},"task":{"units":{"max":9}},"maxUnits":{"max":50},"rootGiB":{"max":50},"tags":["*"],"configurations":{"spark-defaults":["*"]}}}`,
		})},
		Store: &register.Store{DB: db, Table: "pipelines"},
	}, db}
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

// sorts are the sort keys of the pipeline's items.
func (f fixture) sorts() []string {
	var keys []string
	for _, it := range f.db.Items("pipelines") {
		if records.Text(it["pk"]) == "p" {
			keys = append(keys, records.Text(it["sk"]))
		}
	}
	return keys
}

// A spec that ephemr apply has not seen cannot change a profile, either.
func TestOverridesOutsideTheProfile(t *testing.T) {
	t.Parallel()
	_, err := newFixture().Apply(t.Context(), register.Input{Spec: simulation.SpecOf("pipeline: p\ncluster: {profile: small, overrides: {maxUnits: 9}}\njobs: [{name: a, type: bash, source: a}]")})
	if want := "cluster.overrides: profile small allows no overrides; remove them"; err == nil || !strings.Contains(err.Error(), want) || fault.NameOf(err) != fault.InvalidInput {
		t.Errorf("%v, want %s", err, want)
	}
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
	if diff := cmp.Diff([]string{"CURRENT", "V#000001", "V#000002"}, f.sorts()); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]string{
		"not JSON":             `{`,
		"unknown zone":         string(file(`triggers: [{s3: {bucket: raw}}]`)[:1]) + `"x":1}`,
		"no package":           `{"pipeline":"p","cluster":{"profile":"small"},"jobs":[{"name":"a","type":"bash","source":"a"}]}`,
		"param without value":  string(file("triggers: [{s3: {bucket: raw}}]\nparams: {country: {}}")),
		"param of one trigger": string(file("triggers: [{schedule: \"0 3 * * *\", params: {country: pt}}, {schedule: \"0 4 * * *\"}]\nparams: {country: {}}")),
		"unknown var":          string(file("params: {secret: {default: '{{.Vars.secret}}'}}")),
		"weekday and monthday": strings.Replace(string(file(`triggers: [{schedule: "0 3 1 * *"}]`)), "0 3 1 * *", "0 3 1 * 1", 1),
	} {
		_, err := newFixture().Apply(t.Context(), register.Input{Spec: json.RawMessage(spec)})
		if fault.NameOf(err) != fault.InvalidInput || err == nil {
			t.Errorf("%s: %v, want InvalidInputError", name, err)
		}
	}
}

// A param without default is enough if every trigger sets it.
func TestParamOfTriggers(t *testing.T) {
	t.Parallel()
	newFixture().apply(t, "triggers: [{schedule: \"0 3 * * *\", params: {country: pt}}]\nparams: {country: {}}")
}

// Of two concurrent callers one gets an error; its pipeline is not lost silently.
func TestConflict(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, "")
	f.db.Use(&awsfake.Hooks{Before: beforeWrite(func() { f.apply(t, "owner: b@example.com") })})
	_, err := f.Apply(t.Context(), register.Input{Spec: file("owner: a@example.com")})
	if fault.NameOf(err) != fault.Conflict || !strings.Contains(err.Error(), "apply again") {
		t.Errorf("got %v, want ConflictError", err)
	}
	v, err := f.Store.Current(t.Context(), "p")
	if err != nil || v.Spec.Owner != "b@example.com" || v.Number != 2 {
		t.Errorf("current is %+v, %v", v, err)
	}
}

// beforeWrite runs f once, before the first write.
func beforeWrite(f func()) func(string) error {
	done := false
	return func(op string) error {
		if op == "DynamoDB:TransactWriteItems" && !done {
			done = true
			f()
		}
		return nil
	}
}

const (
	many = `triggers: [{schedule: "0 3 * * *"}, {schedule: "0 4 * * *"}, {schedule: "0 5 * * *"}, {s3: {bucket: raw, prefix: many/}}]`
	few  = `triggers: [{schedule: "0 6 * * *"}, {s3: {bucket: raw, prefix: few/}}]`
	none = ``
)

// In any order of concurrent calls, and when a call dies, the triggers are those of the
// current version.
func TestTriggersAgreeWithVersion(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ before, first, other string }{
		"fewer": {"", many, few}, "more": {"", few, many}, "none any more": {"", many, none}, "some": {"", none, many},
		"fewer than before": {many, many + "\nowner: a@example.com", few}, "none of those before": {many, many + "\nowner: a@example.com", none},
	} {
		for n := range 4 { // the call at which the other one comes
			t.Run(fmt.Sprintf("%s at call %d", name, n), func(t *testing.T) {
				t.Parallel()
				f := newFixture()
				f.apply(t, tt.before+"\ndescription: before")
				f.db.Use(&awsfake.Hooks{Before: nth(n, func() { f.apply(t, tt.other) })})
				_, err := f.Apply(t.Context(), register.Input{Spec: file(tt.first)})
				if err != nil && fault.NameOf(err) != fault.Conflict {
					t.Error(err)
				}
				f.db.Use(nil)
				f.agree(t)
			})
			t.Run(fmt.Sprintf("%s dies at call %d", name, n), func(t *testing.T) {
				t.Parallel()
				f := newFixture()
				f.apply(t, tt.before+"\ndescription: before")
				dead := fmt.Errorf("connection reset")
				calls := 0
				f.db.Use(&awsfake.Hooks{Before: func(string) error {
					if calls++; calls > n {
						return dead
					}
					return nil
				}})
				_, _ = f.Apply(t.Context(), register.Input{Spec: file(tt.first)})
				f.db.Use(nil)
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
	var want []string
	for _, trigger := range v.Spec.Triggers {
		if trigger.Schedule != "" {
			want = append(want, trigger.Schedule+" UTC")
		}
		if trigger.S3 == nil {
			continue
		}
		if names, err := f.Store.Watching(t.Context(), "raw", trigger.S3.Prefix+"x", 1); err != nil || len(names) != 1 {
			t.Errorf("version %d is current, uploads to %s start %v, %v", v.Number, trigger.S3.Prefix, names, err)
		}
	}
	var got []string
	for _, s := range f.schedules(t) {
		if s.Until.IsZero() {
			got = append(got, s.String())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("version %d is current, schedules -want +got:\n%s", v.Number, diff)
	}
	if got := f.apply(t, "description: next"); got.Version != v.Number+1 {
		t.Errorf("after version %d comes %d", v.Number, got.Version)
	}
}

// A caller whose schedules the calendar moves repeatedly gives up with an error.
func TestOvertakenAgainAndAgain(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.apply(t, "")
	n := 0
	f.db.Use(&awsfake.Hooks{Before: func(op string) error {
		if op == "DynamoDB:TransactWriteItems" {
			n++
			return awsfake.TransactionConflict()
		}
		return nil
	}})
	_, err := f.Apply(t.Context(), register.Input{Spec: file(many)})
	if fault.NameOf(err) != fault.Conflict || !strings.Contains(err.Error(), "apply again") || n > 10 {
		t.Errorf("got %v after %d tries, want ConflictError", err, n)
	}
	f.db.Use(nil)
	f.agree(t)
}

// Applying the same file again repairs triggers that were changed.
func TestTriggersAreRepaired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.apply(t, many)
		f.remove(t, records.ScheduleKey("p", 1))
		f.remove(t, records.WatchKey("raw", "p"))
		if out := f.apply(t, many); out.Changed || out.Version != 1 {
			t.Errorf("got %+v, want version 1 unchanged", out)
		}
		f.agree(t)
	})
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
	if _, err := f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &f.Store.Table, Item: bad}); err != nil {
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

// A version with as many schedules and as long a file as there can be fits into a
// transaction.
func TestLargestVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		version := func(minute int) string {
			var triggers []string
			for i := range 10 {
				triggers = append(triggers, fmt.Sprintf(`{schedule: "%d %d * * *"}`, minute, i))
			}
			return "triggers: [" + strings.Join(triggers, ", ") + "]\ndescription: " + strings.Repeat("x", 1000)
		}
		f.apply(t, version(1))
		time.Sleep(48 * time.Hour) // each of the ten owes a date
		f.apply(t, version(2))
		if n := len(f.schedules(t)); n != 20 {
			t.Errorf("%d schedules, want ten and the ten before", n)
		}
	})
}

// Spaces, the order of keys and escapes, which may change on the way to the function, do
// not make a new version: the digest is that of the pipeline as the CLI encodes it.
func TestDigestOfEncoding(t *testing.T) {
	t.Parallel()
	everything := valid(t, "everything.yaml")
	everything.Triggers = nil // they do not set all params
	for _, spec := range []pipeline.Spec{everything, valid(t, "flights.yaml"), valid(t, "minimal.yaml")} {
		sent, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		var content any
		if err := json.Unmarshal(sent, &content); err != nil {
			t.Fatal(err)
		}
		other, err := json.MarshalIndent(content, "", "  ") // in another order, too
		if err != nil {
			t.Fatal(err)
		}
		f := newFixture()
		f.Settings.Lake["lake"] = "l"
		f.Settings.Vars = map[string]string{"secret": "s"}
		for i, in := range [][]byte{other, sent} {
			out, err := f.Apply(t.Context(), register.Input{Spec: in})
			if err != nil || out.Changed != (i == 0) {
				t.Fatalf("%s, encoding %d: %+v, %v", spec.Name, i, out, err)
			}
		}
		if v, err := f.Store.Current(t.Context(), spec.Name); err != nil || v.Digest != register.Digest(sent) {
			t.Errorf("%s: digest %s, %v, want %s", spec.Name, v.Digest, err, register.Digest(sent))
		}
	}
}

// valid is an example of a pipeline file, with packages.
func valid(t *testing.T, name string) pipeline.Spec {
	t.Helper()
	data, err := os.ReadFile("../pipeline/testdata/valid/" + name) //nolint:gosec // of this checkout
	if err != nil {
		t.Fatal(err)
	}
	spec, err := pipeline.Parse(name, data, pipeline.WithZones("raw", "curated", "lake"), pipeline.WithVars("secret"))
	if err != nil {
		t.Fatal(err)
	}
	sum := strings.Repeat("0a", 32)
	for i := range spec.Jobs {
		spec.Jobs[i].Package = &pipeline.Package{Key: "packages/" + sum + ".zip", SHA256: sum, Size: 1}
	}
	return spec
}
