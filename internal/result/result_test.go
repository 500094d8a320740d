package result_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/result"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const id = `"runId":"r","job":"a","attempt":1`
	for _, tt := range []struct {
		name, in string
		want     *job.Result
	}{
		{"success", `{` + id + `,"exitCode":0}`, &job.Result{RunID: "r", Job: "a", Attempt: 1}},
		{"unknown keys are a newer runner's", `{` + id + `,"color":"red"}`, &job.Result{RunID: "r", Job: "a", Attempt: 1}},
		{"unknown class", `{` + id + `,"exitCode":1,"class":"evil","reason":"why"}`, &job.Result{RunID: "r", Job: "a", Attempt: 1, ExitCode: 1, Class: job.ClassJob, Reason: `class "evil": why`}},
		{"nothing to do", `{` + id + `,"exitCode":77,"nothingToDo":true}`, &job.Result{RunID: "r", Job: "a", Attempt: 1, ExitCode: 77, NothingToDo: true}},
		{"exit code 77 of an older runner", `{` + id + `,"exitCode":77,"class":"job"}`, &job.Result{RunID: "r", Job: "a", Attempt: 1, ExitCode: 77, Class: job.ClassJob}},
		{"nothing to do with another exit code", `{` + id + `,"exitCode":3,"nothingToDo":true}`, &job.Result{RunID: "r", Job: "a", Attempt: 1, ExitCode: 3}},
		{"nothing to do and a failure", `{` + id + `,"exitCode":77,"nothingToDo":true,"class":"data"}`, &job.Result{RunID: "r", Job: "a", Attempt: 1, ExitCode: 77, Class: job.ClassData}},
		{
			"processes in the background", `{` + id + `,"background":["sleep 4 (pid 1)","` + strings.Repeat("x", 200) + `"]}`,
			&job.Result{RunID: "r", Job: "a", Attempt: 1, Background: []string{"sleep 4 (pid 1)", strings.Repeat("x", 100)}},
		},
		{"empty", ``, nil},
		{"cut off", `{` + id, nil},
		{"no object", `[]`, nil},
		{"null", `null`, nil},
		{"no job", `{"attempt":1}`, nil},
		{"no attempt", `{"job":"a"}`, nil},
		{"wrong kind", `{` + id + `,"exitCode":"0"}`, nil},
		{"output without a name", `{` + id + `,"outputs":{"":"x"}}`, nil},
		{"outputs too large", `{` + id + `,"outputs":{"a":"` + strings.Repeat("x", 70_000) + `"}}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, result.Parse([]byte(tt.in))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever a job writes in its runner's name can be kept in a record.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"runId":"r","job":"a","attempt":1,"exitCode":137,"signal":"SIGKILL","class":"job","reason":"x","outputs":{"a":"b"},"tail":["x"],"checks":[{"dataset":"d"}]}`))
	f.Add([]byte(`{"job":"a","attempt":1,"tail":["` + strings.Repeat("é", 600) + `"]}`))
	f.Add([]byte("{\"job\":\"a\",\"attempt\":1,\"reason\":\"\xff\"}"))
	f.Add([]byte(`{"job":"a","attempt":1,"tail":[` + strings.Repeat(`"x",`, 50) + `"y"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := result.Parse(data)
		if r == nil {
			return
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append([]string{r.Reason, r.Signal}, r.Tail...) {
			if !utf8.ValidString(s) || len(s) > 1000 {
				t.Errorf("%d bytes, valid %t: %.40q", len(s), utf8.ValidString(s), s)
			}
		}
		if len(r.Tail) > 20 || len(text) > 600_000 {
			t.Errorf("%d lines, %d bytes", len(r.Tail), len(text))
		}
	})
}
