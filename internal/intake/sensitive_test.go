package intake_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

const (
	secretive = "pipeline: secretive\nparams: {token: {sensitive: true}, day: {default: d}}\n" +
		"cluster: {profile: small}\njobs: [{name: a, type: bash, source: a, env: {TOKEN: \"{{.Params.token}}\"}}]\n"
	hush = `pa"ss-4711`
)

// The values of sensitive params are in no document about the run, whatever
// becomes of the request; jobs get them until the run ends.
func TestSensitiveParams(t *testing.T) {
	t.Parallel()
	given, err := json.Marshal(hush)
	must(t, err)
	request := fmt.Sprintf(`{"requestId":"1","pipeline":"secretive","params":{"token":%s}}`, given)
	inText := func(s string) string {
		data, err := json.Marshal(s)
		must(t, err)
		return string(data)
	}
	notification := `{"Type":"Notification","TopicArn":"arn:aws:sns:us-east-1:000000000000:t","Message":` + inText(request) + `}`
	adhoc := strings.Replace(string(simulation.SpecOf(strings.ReplaceAll(secretive, "secretive", "adhoc"))), "{{.Params.token}}", "{{int .Params.token}}", 1)
	encoded := base64.StdEncoding.EncodeToString([]byte(request))
	for name, tt := range map[string]struct {
		body  string
		state run.State
	}{
		"accepted":               {`{"requestId":"1","pipeline":"secretive","params":{"token":%s}}`, run.Queued},
		"another param is wrong": {`{"requestId":"1","pipeline":"secretive","params":{"token":%s,"other":"x"}}`, run.Rejected},
		"a key is wrong":         {`{"requestId":"1","pipeline":"secretive","parms":{},"params":{"token":%s}}`, run.Rejected},
		"params of another type": {`{"requestId":"1","pipeline":"secretive","params":[%s]}`, run.Rejected},
		"misspelled key":         {`{"requestId":"1","pipeline":"secretive","Params":{"token":%s}}`, run.Rejected},
		"misspelled param":       {`{"requestId":"1","pipeline":"secretive","params":{"Token":%s}}`, run.Rejected},
		"cut off":                {`{"requestId":"1","pipeline":"secretive","params":{"token":%s}} x`, run.Rejected},
		"not JSON":               {`{"requestId":"1","pipeline":"secretive","params":{"token":%s`, run.Rejected},
		"value that is wrong":    {`{"requestId":"1","pipeline":"adhoc","params":{"token":%s},"spec":` + adhoc + `}`, run.Rejected},
		"SNS notification":       {notification, run.Rejected},
		"SQS records":            {`{"Records":[{"eventSource":"aws:sqs","body":` + inText(request) + `}]}`, run.Rejected},
		"SNS in SQS records":     {`{"Records":[{"eventSource":"aws:sqs","body":` + inText(notification) + `}]}`, run.Rejected},
		"Kinesis records":        {`{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"` + encoded + `"}}]}`, run.Rejected},
		"EventBridge event":      {`{"source":"my.app","detail-type":"Job","detail":` + request + `}`, run.Rejected},
		"list of requests":       {`[{"requestId":"0","pipeline":"one"},` + request + `]`, run.Rejected},
		"several requests":       {`{"requestId":"0","pipeline":"one"}` + "\n" + request, run.Rejected},
		"escaped quotes":         {`{"Type":"Notification","TopicArn":"t","Message":"` + strings.ReplaceAll(strings.ReplaceAll(request, `\`, `\\`), `"`, `\u0022`) + `"}`, run.Rejected},
		"YAML":                   {"requestId: 1\npipeline: secretive\nparams: {token: %s}", run.Rejected},
		"form":                   {`requestId=1&pipeline=secretive&token=4711`, run.Rejected},
		"spec in a notification": {`{"Type":"Notification","TopicArn":"t","Message":` + inText(`{"requestId":"1","params":{"token":"4711"},"spec":`+adhoc+`}`) + `}`, run.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				w.Apply(secretive)
				w.Deliver("requests", strings.ReplaceAll(tt.body, "%s", string(given)))
				all := runs(w)
				if len(all) != 1 || (all[0].State == run.Rejected) != (tt.state == run.Rejected) { // admission may have started it
					t.Fatalf("runs %+v", all)
				}
				rec := w.Record(all[0].ID)
				shown := everything(t, w, rec)
				if hidden := strings.NewReplacer("4711", "", encoded, "").Replace(shown); hidden != shown {
					t.Errorf("the value is shown in %s", shown)
				}
				if tt.state == run.Rejected {
					return
				}
				if rec.Run.Params["token"] != "***" || rec.Context(stage.Settings{}).Params["token"] != hush {
					t.Errorf("params %q, templates see %q", rec.Run.Params, rec.Context(stage.Settings{}).Params)
				}
				time.Sleep(time.Hour)
				if rec = w.Record(rec.Run.ID); len(rec.Run.Secrets) > 0 || !rec.Run.State.Final() {
					t.Errorf("%d values are left, run %s", len(rec.Run.Secrets), rec.Run.State)
				}
			})
		})
	}
}

// A digest in the records recognizes a repeated request, also by the values of sensitive
// params; but who can read the records cannot guess these from it.
func TestFingerprintOfSensitiveParams(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.Apply(secretive)
		ask := func(token, day string) {
			w.Deliver("requests", fmt.Sprintf(`{"requestId":"1","pipeline":"secretive","params":{"token":%q,"day":%q}}`, token, day))
		}
		ask("4711", "mon")
		ask("4711", "mon")
		if all := runs(w); len(all) != 1 || all[0].State == run.Rejected {
			t.Fatalf("runs %+v", all)
		}
		kept := fingerprintOf(t, w, w.RunIDs()[0])
		for _, params := range []map[string]string{{"token": "4711", "day": "mon"}, {"day": "mon"}, {"token": "***", "day": "mon"}} {
			data, err := json.Marshal(events.Request{Pipeline: "secretive", Params: params})
			must(t, err)
			value, err := json.Marshal(map[string]string{"token": "4711"})
			must(t, err)
			for _, guess := range []string{string(data), string(data) + run.Digest(string(value)), string(data) + run.Digest("4711")} {
				if run.Digest(guess) == kept {
					t.Errorf("the digest is that of %s", guess)
				}
			}
		}
		for _, other := range [][]string{{"0815", "mon"}, {"4711", "tue"}} {
			ask(other[0], other[1])
		}
		rejected := 0
		for _, r := range runs(w) {
			if r.State == run.Rejected && strings.Contains(r.Reason, "was used") {
				rejected++
			}
		}
		if rejected != 2 {
			t.Errorf("%d requests with the same id were rejected, want 2: %+v", rejected, runs(w))
		}
	})
}

// fingerprintOf is the digest in the record of a run.
func fingerprintOf(t *testing.T, w *simulation.World, id string) string {
	t.Helper()
	out, err := w.DB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &w.Settings.RunsTable, Key: records.RunKey(id).Attributes()})
	must(t, err)
	digest := records.Text(out.Item["wish"])
	if len(digest) != 64 {
		t.Fatalf("the record has the digest %q", digest)
	}
	return digest
}

// everything is what can be seen of a run.
func everything(t *testing.T, w *simulation.World, rec *run.Record) string {
	t.Helper()
	document, err := json.Marshal(rec)
	must(t, err)
	shown := string(document) + rec.Run.Subject() + rec.Run.Body + rec.Run.Reason
	for _, m := range w.Mails() {
		shown += *m.Message
	}
	for _, m := range w.SQS.Messages(w.Settings.RequestsDLQ) {
		shown += *m.MessageBody
	}
	return shown
}

// Step Functions keeps the input of executions, so these take no sensitive params.
func TestSensitiveParamsOfExecutions(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.Apply(secretive)
		w.Start("by-hand", `{"pipeline":"secretive","params":{"token":"4711"}}`)
		time.Sleep(time.Hour)
		all := runs(w)
		if len(all) != 1 {
			t.Fatalf("runs %v", all)
		}
		r := all[0]
		if r.State != run.Rejected || !strings.Contains(r.Reason, "has sensitive params") || strings.Contains(r.Body, "4711") {
			t.Errorf("%s for %q: %s", r.State, r.Reason, r.Body)
		}
	})
}

// A run that has ended has lost the values, so it cannot be retried.
func TestSensitiveParamsEndWithTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{ExitCode: 1} }})
		defer w.Close()
		w.Apply(secretive)
		w.Deliver("requests", `{"requestId":"1","pipeline":"secretive","params":{"token":"4711"}}`)
		id := w.RunIDs()[0]
		rec := w.Wait(id)
		if len(rec.Run.Secrets) > 0 || rec.Run.Params["token"] != "***" || rec.Run.State != run.Failed {
			t.Errorf("run %s, params %q and %q", rec.Run.State, rec.Run.Params, rec.Run.Secrets)
		}
		for _, key := range w.S3.Keys(w.Settings.LogsBucket) {
			spec := string(w.S3.Object(w.Settings.LogsBucket, key))
			if strings.HasPrefix(path.Base(key), "job.") && !strings.Contains(spec, `"TOKEN":"4711"`) {
				t.Errorf("the job got %s", spec)
			}
		}
		time.Sleep(time.Hour)
		if _, err := w.Runs.Requeue(t.Context(), id, time.Now()); err == nil || !strings.Contains(err.Error(), "sensitive params were removed") {
			t.Errorf("retried: %v", err)
		}
	})
}
