package statemachines_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/smithy-go"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
)

// hush is the value of a sensitive param that is a part of an address.
const hush = "hush-4711"

const secretive = "pipeline: secretive\nparams: {token: {sensitive: true}}\ncluster: {profile: small}\n" + `jobs: [{name: a, type: bash, source: a}]
outputs: ["{{.Lake.curated}}/of={{.Params.token}}/"]
checks: [{dataset: "{{.Lake.curated}}/of={{.Params.token}}/", rows: "> 0"}]`

// Values of sensitive params are in no record and no history after the run, whatever S3
// or a runner says.
func TestSensitiveParamsInAddresses(t *testing.T) {
	t.Parallel()
	file := "of=" + hush + "/a.parquet"
	slow := &smithy.GenericAPIError{Code: "SlowDown", Message: "Please reduce your request rate for " + file}
	denied := &smithy.GenericAPIError{Code: "AccessDenied", Message: "no s3:GetObject on " + file, Fault: smithy.FaultClient}
	for name, tt := range map[string]struct {
		before func(w *simulation.World)
		step   simulation.Step
	}{
		"read":          {},
		"throttled":     {before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", slow, slow, slow, slow, slow) }},
		"denied":        {before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", denied, denied, denied) }},
		"a broken file": {before: func(w *simulation.World) { w.S3.Place(w.Settings.Lake["curated"], file, []byte("PAR1")) }},
		"a runner's reason": {step: simulation.Step{
			ExitCode: 65, Class: job.ClassData, Reason: "wrote nothing to s3://test-curated/" + file, Outputs: map[string]string{"a": "b"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": tt.step})}, func(t *testing.T, w *simulation.World) {
				w.Apply(secretive)
				w.S3.Place(w.Settings.Lake["curated"], file, parquetOf(t, 10, 3))
				if tt.before != nil {
					tt.before(w)
				}
				w.Request(events.Request{RequestID: "1", Pipeline: "secretive", Params: map[string]string{"token": hush}})
				time.Sleep(time.Hour)
				id := w.RunIDs()[0]
				if !w.Record(id).Run.State.Final() {
					t.Fatalf("run %+v", w.Record(id).Run)
				}
				for _, it := range w.DB.Items(w.Settings.RunsTable) {
					var text map[string]any
					if err := attributevalue.UnmarshalMap(it, &text); err != nil {
						t.Fatal(err)
					}
					if found := shows(text); found != "" {
						t.Errorf("%v %v: %s", text["pk"], text["sk"], found)
					}
				}
				if found := shows(w.Result(id)); found != "" {
					t.Errorf("the execution: %s", found)
				}
			})
		})
	}
}

// shows is what v is in JSON if that has the value, else "".
func shows(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if text := string(data); strings.Contains(text, hush) {
		return text
	}
	return ""
}
