package intake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const (
	jobs   = "cluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\n"
	one    = "pipeline: one\ntriggers: [{s3: {bucket: raw, prefix: in/}}]\nparams: {country: {default: pt, allowed: [pt, es]}}\n" + jobs
	two    = "pipeline: two\ntriggers: [{s3: {bucket: raw, prefix: in/}}]\n" + jobs
	upload = "pipeline: upload\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a, args: [\"{{.Trigger.Key}}\"]}]\n"
	need   = "pipeline: need\nparams: {country: {}}\n" + jobs
)

// inWorld runs f in a world where time passes only for f: nothing is admitted.
func inWorld(t *testing.T, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		for _, p := range []string{one, two, need, upload} {
			w.Apply(p)
		}
		f(t, w)
	})
}

func runs(w *simulation.World) (all []run.Run) {
	for _, id := range w.RunIDs() {
		all = append(all, w.Record(id).Run)
	}
	return all
}

// A request that is wrong is recorded with its reason and moved to the
// dead-letter queue, which says the same; it never comes again.
func TestRejected(t *testing.T) {
	t.Parallel()
	spec := string(simulation.SpecOf("pipeline: adhoc\n" + jobs))
	taken := string(simulation.SpecOf("pipeline: one\n" + jobs))
	for _, tt := range []struct{ name, queue, body, reason string }{
		{"not JSON", "requests", `{"requestId"`, "read request"},
		{"empty", "requests", ` `, "read request"},
		{"a list", "requests", `[]`, "read request"},
		{"null", "requests", `null`, "expected a JSON object, found nothing"},
		{"two requests", "requests", `{"requestId":"1","pipeline":"one"}{"requestId":"2","pipeline":"one"}`, "more than one JSON value"},
		{"unknown key", "requests", `{"requestId":"1","pipeline":"one","when":"now"}`, "when: unknown key; use one of requestId"},
		{"key in another case", "requests", `{"requestId":"1","pipeline":"one","Params":{"country":"es"}}`, "Params: unknown key; did you mean params?"},
		{"duplicate key", "requests", `{"requestId":"1","pipeline":"one","params":{"country":"es"},"params":{}}`, "params: duplicate key; remove one"},
		{"duplicate param", "requests", `{"requestId":"1","pipeline":"one","params":{"country":"es","country":"pt"}}`, "params.country: duplicate key"},
		{"null param", "requests", `{"requestId":"1","pipeline":"one","params":{"country":null}}`, "params.country: no value"},
		{"null params", "requests", `{"requestId":"1","pipeline":"one","params":null}`, "params: null is not a value"},
		{"number as param", "requests", `{"requestId":"1","pipeline":"one","params":{"country":5}}`, "params.country: expected a string, found a number; put it in quotes"},
		{"several faults", "requests", `{"requestId":1,"pipeline":"one","params":{"country":null}}`, "params.country: no value"},
		{"NUL in a param", "requests", `{"requestId":"1","pipeline":"need","params":{"country":"a\u0000b"}}`, "contains a NUL character"},
		{"wrong day", "requests", `{"requestId":"1","pipeline":"one","logicalTime":"2026-02-30"}`, "day out of range"},
		{"template needs an upload", "requests", `{"requestId":"1","pipeline":"upload"}`, "{{.Trigger.Key}}: this run's trigger has no Key"},
		{"SNS envelope", "requests", `{"Type":"Notification","TopicArn":"arn:aws:sns:us-east-1:000000000000:t","Message":"{}"}`, "enable raw message delivery"},
		{"EventBridge envelope", "requests", `{"source":"my.app","detail-type":"Job","detail":{"requestId":"e1","pipeline":"one"}}`, "input path $.detail"},
		{"S3 notification", "events", `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}`, "enable EventBridge notifications"},
		{"wrong kind", "requests", `{"requestId":1}`, "number"},
		{"no id", "requests", `{"pipeline":"one"}`, "1 to 128"},
		{"long id", "requests", `{"requestId":"` + strings.Repeat("x", 129) + `","pipeline":"one"}`, "has 129"},
		{"unknown pipeline", "requests", `{"requestId":"1","pipeline":"three"}`, `"three" is not known`},
		{"no pipeline", "requests", `{"requestId":"1"}`, `"" is not known`},
		{"pipeline that is no name", "requests", `{"requestId":"1","pipeline":"../x\u0000"}`, "is not known"},
		{"missing param", "requests", `{"requestId":"1","pipeline":"need"}`, "country"},
		{"unknown param", "requests", `{"requestId":"1","pipeline":"one","params":{"city":"x"}}`, "city"},
		{"param not allowed", "requests", `{"requestId":"1","pipeline":"one","params":{"country":"de"}}`, "de"},
		{"priority too high", "requests", `{"requestId":"1","pipeline":"one","priority":10}`, "between 0 and 9"},
		{"priority negative", "requests", `{"requestId":"1","pipeline":"one","priority":-1}`, "between 0 and 9"},
		{"no time", "requests", `{"requestId":"1","pipeline":"one","logicalTime":"noon"}`, "noon"},
		{"time long ago", "requests", `{"requestId":"1","pipeline":"one","logicalTime":"0001-01-01"}`, "0001-01-01"},
		{"300 KiB", "requests", `{"requestId":"1","pipeline":"` + strings.Repeat("x", 300<<10) + `"}`, "more than the 131072 allowed"},
		{"wrong spec", "requests", `{"requestId":"1","pipeline":"x","spec":{"pipeline":"x"}}`, "read spec"},
		{"spec without package", "requests", strings.Replace(`{"requestId":"1","pipeline":"adhoc","spec":`+spec+`}`, `"package"`, `"env":{},"package":null,"conf":{},"x"`, 1), ""},
		{"spec with another's name", "requests", `{"requestId":"1","spec":` + taken + `}`, "one is registered"},
		{"not JSON", "events", `<xml/>`, "read event"},
		{"unknown event", "events", `{"source":"aws.ec2","detail-type":"Something"}`, "Something"},
		{"tick of an unknown pipeline", "events", `{"kind":"schedule","pipeline":"three","scheduledTime":"2026-01-02T03:00:00Z"}`, `"three"`},
		{"tick without time", "events", `{"kind":"schedule","pipeline":"one"}`, "scheduledTime"},
		{"upload elsewhere", "events", `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"other"},"object":{"key":"in/a"}}}`, `"other" is not a zone`},
		{"upload of nothing", "events", `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"test-raw"}}}`, "the event has no key"},
		{"upload of another shape", "events", `{"source":"aws.s3","detail-type":"Object Created","detail":{"object":[]}}`, "read S3 event"},
	} {
		t.Run(tt.queue+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				w.Deliver(tt.queue, tt.body)
				time.Sleep(time.Hour)
				all := runs(w)
				if len(all) != 1 || all[0].State != run.Rejected || all[0].Class != job.ClassInvalid || !strings.Contains(all[0].Reason, tt.reason) {
					t.Fatalf("runs %.500v, want one REJECTED for %q", all, tt.reason)
				}
				moved(t, w, tt.queue, tt.body, all[0])
				reported(t, w, all[0])
				if len(all[0].Body) > 4100 {
					t.Errorf("the record keeps %d bytes of the request", len(all[0].Body))
				}
			})
		})
	}
}

// A request that comes again is the same run; one that says something else is
// refused, as it would be lost without a word. Others' ids are others'.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	const (
		ann, eve = "AIDAANNANNANNANNANNAN", "AROAEVEEVEEVEEVEEVEEV:laptop"
		robot    = "AROAROBOTROBOTROBOTRO:task-"
		people   = "AROAPEOPLEPEOPLEPEOPL:"
		first    = `{"requestId":"nightly","pipeline":"one","logicalTime":"2026-11-01"}`
	)
	for name, tt := range map[string]struct {
		before, sender, body string
		runs                 int // that are not refused
		refused              bool
	}{
		"the same":                   {ann, ann, first, 1, false},
		"another date":               {ann, ann, `{"requestId":"nightly","pipeline":"one","logicalTime":"2026-11-02"}`, 1, true},
		"other params":               {ann, ann, `{"requestId":"nightly","pipeline":"one","logicalTime":"2026-11-01","params":{"country":"pt"}}`, 1, true},
		"another pipeline":           {ann, ann, `{"requestId":"nightly","pipeline":"two","logicalTime":"2026-11-01"}`, 1, true},
		"another id":                 {ann, ann, `{"requestId":"again","pipeline":"one","logicalTime":"2026-11-01"}`, 2, false},
		"another sender's":           {ann, eve, `{"requestId":"nightly","pipeline":"two","logicalTime":"2026-11-02"}`, 2, false},
		"another sender's, equal":    {ann, eve, first, 2, false},
		"another session's":          {robot + "1", robot + "2", first, 1, false},
		"another person's, equal":    {people + "ann@example.com", people + "eve@example.com", first, 2, false},
		"another person's":           {people + "ann@example.com", people + "eve@example.com", `{"requestId":"nightly","pipeline":"two"}`, 2, false},
		"without a sender, as SQS's": {"", ann, first, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				w.DeliverFrom(tt.before, "requests", first)
				time.Sleep(time.Hour)
				w.DeliverFrom(tt.sender, "requests", tt.body)
				time.Sleep(time.Hour)
				var good, bad int
				for _, r := range runs(w) {
					if r.State != run.Rejected {
						good++
						continue
					}
					bad++
					if !strings.Contains(r.Reason, "request id nightly was used before, for something else, and made run one-20261101T0000-") {
						t.Errorf("refused for %q", r.Reason)
					}
				}
				if good != tt.runs || (bad == 1) != tt.refused {
					t.Errorf("%d runs, %d refused", good, bad)
				}
			})
		})
	}
}

// moved holds that a message lies in its queue's dead-letter queue, with the
// reason that its record gives.
func moved(t *testing.T, w *simulation.World, queue, body string, r run.Run) {
	t.Helper()
	url, other := w.Settings.RequestsDLQ, w.Settings.EventsDLQ
	if queue == "events" {
		url, other = other, url
	}
	dead := w.SQS.Messages(url)
	if len(dead) != 1 || *dead[0].MessageBody != body || len(w.SQS.Messages(other)) > 0 {
		t.Fatalf("%d messages in the dead-letter queue", len(dead))
	}
	why, id := dead[0].MessageAttributes["reason"].StringValue, dead[0].MessageAttributes["runId"].StringValue
	if why == nil || id == nil || *id != r.ID || !strings.HasPrefix(r.Reason, strings.TrimSuffix(*why, "…")) {
		t.Errorf("attributes %+v", dead[0].MessageAttributes)
	}
}

// reported holds that the owner of a registered pipeline is notified, once.
func reported(t *testing.T, w *simulation.World, r run.Run) {
	t.Helper()
	sent := w.Mails()
	if !slices.Contains([]string{"one", "two", "need", "upload"}, r.Pipeline) {
		if len(sent) > 0 {
			t.Errorf("notice %q about pipeline %s", *sent[0].Message, r.Pipeline)
		}
		return
	}
	if len(sent) != 1 || !strings.Contains(*sent[0].Message, "REJECTED") || !strings.Contains(*sent[0].Message, r.ID) {
		t.Errorf("%d notices about run %s", len(sent), r.ID)
	}
}

// A request that is sent again, because the answer of SQS was lost, has another message id.
// It is rejected once, unless it is rejected for another reason.
func TestRejectedOnce(t *testing.T) {
	t.Parallel()
	const bad = `{"requestId":"a","pipeline":"one","logicalTime":"2026-11-30T03:00:00Z","params":{"x":"1"}}`
	for name, tt := range map[string]struct {
		first, second string
		want          int
	}{
		"the same":                {bad, bad, 1},
		"a key is wrong":          {strings.Replace(bad, "params", "parms", 1), strings.Replace(bad, "params", "parms", 1), 1},
		"another reason":          {bad, strings.Replace(bad, `"x"`, `"y"`, 1), 2},
		"another request":         {bad, strings.Replace(bad, `"a"`, `"b"`, 1), 2},
		"no logical time":         {strings.Replace(bad, `"logicalTime":"2026-11-30T03:00:00Z",`, "", 1), strings.Replace(bad, `"logicalTime":"2026-11-30T03:00:00Z",`, "", 1), 2},
		"a logical time is wrong": {strings.Replace(bad, "2026", "26", 1), strings.Replace(bad, "2026", "26", 1), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				w.Deliver("requests", tt.first)
				time.Sleep(time.Second)
				w.Deliver("requests", tt.second)
				all := runs(w)
				for _, r := range all {
					if r.State != run.Rejected {
						t.Errorf("run %+v", r)
					}
				}
				if len(all) != tt.want {
					t.Errorf("%d records, want %d", len(all), tt.want)
				}
			})
		})
	}
}

// Keys are taken as they are: S3's events do not encode them.
func TestUploads(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key  string
		size int64
		runs int
	}{
		"plain": {"in/a.csv", 1, 2}, "space": {"in/a b.csv", 1, 2}, "plus": {"in/a+b.csv", 1, 2}, "percent": {"in/a%20b.csv", 1, 2},
		"unicode": {"in/São Tomé/日本.csv", 1, 2}, "dots": {"in/../x", 1, 2}, "empty object": {"in/empty", 0, 2}, "marker": {"in/_SUCCESS", 0, 0},
		"folder of the console": {"in/2026/", 0, 0}, "object called like a folder": {"in/2026/", 7, 2},
		"another prefix": {"out/a.csv", 1, 0}, "another case": {"IN/a.csv", 1, 0}, "longest": {"in/" + strings.Repeat("x", 1021), 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				var e events.Envelope
				var d events.ObjectCreated
				must(t, json.Unmarshal([]byte(w.Object(tt.key)), &e))
				must(t, json.Unmarshal(e.Detail, &d))
				d.Object.Size = tt.size
				e.Detail, _ = json.Marshal(d) //nolint:errchkjson // it came from JSON
				body, err := json.Marshal(e)
				must(t, err)
				w.Deliver("events", string(body))
				all := runs(w)
				if len(all) != tt.runs {
					t.Fatalf("%d runs, want %d", len(all), tt.runs)
				}
				for _, r := range all {
					if r.Trigger.Key != tt.key || r.Trigger.Bucket != "test-raw" || r.Trigger.Size != tt.size {
						t.Errorf("trigger %+v", r.Trigger)
					}
					if o := w.Record(r.ID).Context(stage.Settings{}).Trigger["Object"]; o != "s3://test-raw/"+tt.key {
						t.Errorf("templates see %q", o)
					}
				}
				if len(w.SQS.Messages(w.Settings.EventsDLQ)) > 0 {
					t.Error("something was rejected")
				}
			})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A new version of an object is another run, the same version is not.
func TestVersions(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		e := w.Object("in/a.csv")
		w.Deliver("events", e, e, strings.Replace(e, "v-in/a.csv", "v-2", 1), strings.Replace(e, `"v-in/a.csv"`, `""`, 1))
		if n := len(runs(w)); n != 6 {
			t.Errorf("%d runs, want 3 for each pipeline", n)
		}
	})
}

// A planned time is one run, however often the calendar requests it; with other params
// of the trigger it is another.
func TestPlannedTime(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		const tick = `{"kind":"schedule","pipeline":"one","scheduledTime":"2026-01-02T03:00:00Z"`
		w.Deliver("events", tick+`}`, tick+`}`, tick+`,"params":{"country":"es"},"priority":7}`, tick+`,"priority":3,"params":{"country":"es"}}`)
		all := runs(w)
		if len(all) != 2 {
			t.Fatalf("%d runs, want 2", len(all))
		}
		if all[0].Params["country"] != "pt" {
			slices.Reverse(all)
		}
		if all[0].Params["country"] != "pt" || all[1].Params["country"] != "es" || all[1].Priority != 7 || all[0].Trigger.Kind != run.BySchedule {
			t.Errorf("runs %+v", all)
		}
		if want := run.ID("one", all[0].LogicalTime, "schedule", "one", "2026-01-02T03:00:00Z"); all[0].ID != want {
			t.Errorf("run %s, want %s: ids of planned times must not change", all[0].ID, want)
		}
	})
}

// One message that cannot be dealt with now comes again; the others are done.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.DB.FailNext("TransactWriteItems", nil, errors.New("connection reset"))
		var all []events.Request
		for i := range 3 {
			all = append(all, events.Request{RequestID: fmt.Sprint(i), Pipeline: "one"})
		}
		w.Request(all...)
		if n := len(runs(w)); n != 2 {
			t.Errorf("%d runs at first, want 2", n)
		}
		time.Sleep(time.Hour)
		if n := len(runs(w)); n != 3 || len(w.SQS.Messages(w.Settings.RequestsDLQ)) > 0 {
			t.Errorf("%d runs in the end, want 3", n)
		}
	})
}

// A request is accepted although admission could not be invoked.
func TestAdmissionNotWoken(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.Lambda.FailNext("Invoke", errors.New("throttled"))
		w.Request(events.Request{RequestID: "1", Pipeline: "one", Priority: new(9)})
		all := runs(w)
		if len(all) != 1 || all[0].State != run.Queued || all[0].Priority != 9 || all[0].Params["country"] != "pt" || all[0].Trigger.Sender == "" {
			t.Errorf("runs %+v", all)
		}
	})
}

func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"requestId":"1","pipeline":"one","params":{"country":"es"},"priority":3,"logicalTime":"2026-01-02"}`,
		`{"kind":"schedule","pipeline":"one","scheduledTime":"2026-01-02T03:00:00Z"}`,
		`{"source":"aws.s3","detail-type":"Object Created","time":"2026-01-02T03:00:00Z","detail":{"bucket":{"name":"test-raw"},"object":{"key":"in/a","size":1}}}`,
		`{"requestId":"1","spec":` + string(simulation.SpecOf("pipeline: adhoc\n"+jobs)) + `}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	// Whatever comes is either a run, a rejection or nothing to do; it is never
	// left to come again.
	f.Fuzz(func(t *testing.T, body string, request bool) {
		inWorld(t, func(t *testing.T, w *simulation.World) {
			queue := map[bool]string{true: "requests", false: "events"}[request]
			if body == "" {
				return // SQS has no empty messages
			}
			payload, err := json.Marshal(lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{
				{MessageId: "m", Body: body, EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:" + queue},
			}})
			must(t, err)
			reply, err := w.Invoke("intake", payload)
			if err != nil || string(reply) != `{"batchItemFailures":[]}` {
				t.Errorf("message %q: %s, %v", body, reply, err)
			}
			for _, r := range runs(w) {
				if len(r.ID) > 80 || r.State == run.Rejected && r.Reason == "" {
					t.Errorf("run %+v", r)
				}
			}
		})
	})
}
