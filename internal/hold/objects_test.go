package hold_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/hold"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// desk has a run that waits for an object.
type desk struct {
	*hold.Objects

	s3  *awsfake.S3
	rec *run.Record
}

func newDesk(objects ...string) desk {
	d := desk{s3: awsfake.NewS3("b-raw"), rec: &run.Record{
		Run:    run.Run{ID: "r", State: run.Running, Execution: "x"},
		Spec:   &pipeline.Spec{Name: "p", WaitFor: &pipeline.WaitFor{Timeout: pipeline.Duration(time.Hour)}},
		Waiter: &run.Waiter{Deadline: time.Now().Add(time.Hour), Objects: objects},
	}}
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk"})
	d.Objects = &hold.Objects{Runs: &store.Runs{DB: db, Table: "runs"}, S3: d.s3}
	return d
}

func (d desk) put(t *testing.T, keys ...string) {
	t.Helper()
	bucket := "b-raw"
	for _, key := range keys {
		if _, err := d.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("")}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	var hidden []string
	for i := range 1100 {
		hidden = append(hidden, fmt.Sprintf("x/_temporary/%04d", i))
	}
	for _, tt := range []struct {
		name    string
		objects []string
		put     []string
		want    bool
	}{
		{"nothing", []string{"s3://b-raw/x"}, nil, false},
		{"the object", []string{"s3://b-raw/x/2026-11-30"}, []string{"x/2026-11-30"}, true},
		{"one that begins like it", []string{"s3://b-raw/x"}, []string{"xy", "x/y"}, false},
		{"it and one that begins like it", []string{"s3://b-raw/x"}, []string{"x-", "x", "x/y"}, true},
		{"one of two", []string{"s3://b-raw/x", "s3://b-raw/y"}, []string{"x"}, false},
		{"both", []string{"s3://b-raw/x", "s3://b-raw/y"}, []string{"x", "y"}, true},
		{"a hidden object by its name", []string{"s3://b-raw/x/_SUCCESS"}, []string{"x/_SUCCESS"}, true},
		{"hidden objects below a prefix", []string{"s3://b-raw/x/"}, []string{"x/", "x/_SUCCESS", "x/.part-0.crc", "x/_temporary/a", "x/sub/"}, false},
		{"data below a prefix", []string{"s3://b-raw/x/"}, []string{"x/_SUCCESS", "x/sub/part"}, true},
		{"data with a name like a hidden one", []string{"s3://b-raw/x/"}, []string{"x/_orders.csv"}, true},
		{"data after a page of hidden objects", []string{"s3://b-raw/x/"}, append(hidden, "x/part"), true},
		{"the whole bucket", []string{"s3://b-raw/"}, []string{"x"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(tt.objects...)
			d.put(t, tt.put...)
			answer, err := d.Look(t.Context(), d.rec, engine.View{})
			if err != nil || (answer != nil) != tt.want || answer != nil && answer.Err != nil {
				t.Errorf("answer %+v, %v", answer, err)
			}
		})
	}
}

// After the deadline the run fails, also when S3 cannot be asked.
func TestObjectsTooLate(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"missing": nil, "not answered": fmt.Errorf("connection reset")} {
		d := newDesk("s3://b-raw/x")
		d.rec.Waiter.Deadline = time.Now().Add(-time.Second)
		if err != nil {
			d.s3.FailNext("ListObjectsV2", err)
		}
		answer, err := d.Look(t.Context(), d.rec, engine.View{})
		if err != nil || answer == nil || fault.NameOf(answer.Err) != fault.Timeout || !strings.Contains(answer.Err.Error(), "s3://b-raw/x") {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

// However many runs wait, the calls of a minute are limited.
func TestObjectsAreAskedForWithinABudget(t *testing.T) {
	t.Parallel()
	d := newDesk("s3://b-raw/x")
	for range 1000 {
		if answer, err := d.Look(t.Context(), d.rec, engine.View{}); answer != nil || err != nil {
			t.Fatal(answer, err)
		}
	}
	if n := d.s3.Calls("ListObjectsV2"); n < 300 || n > 600 { // a minute may end meanwhile
		t.Errorf("%d calls", n)
	}
}

// An object is not missing because it was not looked for: a run whose time is over is
// looked at although the calls of the minute are used up.
func TestObjectsAreLookedForAtTheDeadline(t *testing.T) {
	t.Parallel()
	d := newDesk("s3://b-raw/x")
	for range 1000 {
		if answer, err := d.Look(t.Context(), d.rec, engine.View{}); answer != nil || err != nil {
			t.Fatal(answer, err)
		}
	}
	d.put(t, "x")
	d.rec.Waiter.Deadline = time.Now().Add(-time.Second)
	if answer, err := d.Look(t.Context(), d.rec, engine.View{}); err != nil || answer == nil || answer.Err != nil {
		t.Errorf("answer %+v, %v", answer, err)
	}
}
