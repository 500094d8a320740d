package footer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/dataset"
	"ephemr/internal/footer"
	"ephemr/internal/proof/awsfake"
)

type order struct {
	ID     int64   `parquet:"id"`
	Status *string `parquet:"status,optional"`
}

type changed struct {
	ID     string  `parquet:"id"`
	Status *string `parquet:"status,optional"`
	New    int32   `parquet:"new"`
}

// put stores objects, and returns what a listing has.
func put(t *testing.T, fake *awsfake.S3, objects map[string][]byte) []dataset.Object {
	t.Helper()
	for key, body := range objects {
		if _, err := fake.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new("lake"), Key: &key, Body: bytes.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := dataset.List(t.Context(), fake, dataset.Address{Bucket: "lake", Prefix: "d/"})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func columns(t *testing.T, s footer.Summary) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, c := range s.Columns {
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		got[c.Name] = strings.ReplaceAll(string(body), `"name":"`+c.Name+`",`, "")
	}
	return got
}

// Columns are merged over files; hours are numbers, and a type that changed is reported.
func TestSummarize(t *testing.T) {
	t.Parallel()
	fake := awsfake.NewS3("lake")
	files := put(t, fake, map[string][]byte{
		"d/dt=2026-01-01/hour=9/a.parquet":  file(t, order{ID: 9, Status: new("paid")}, order{ID: 10}),
		"d/dt=2026-01-02/hour=10/b.parquet": file(t, order{ID: 100, Status: new("new")}),
		"d/_SUCCESS":                        nil,
	})
	s, err := footer.Summarize(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"dt":     `{"type":"partition","nulls":0,"min":{"value":"2026-01-01","exact":true},"max":{"value":"2026-01-02","exact":true},"files":2}`,
		"hour":   `{"type":"partition","nulls":0,"min":{"value":9,"exact":true},"max":{"value":10,"exact":true},"files":2}`,
		"id":     `{"type":"long","nulls":0,"min":{"value":9,"exact":true},"max":{"value":100,"exact":true},"files":2}`,
		"status": `{"type":"string","nulls":1,"min":{"value":"new","exact":false},"max":{"value":"paid","exact":false},"files":2}`,
	}
	if d := cmp.Diff(want, columns(t, s)); d != "" {
		t.Error(d)
	}
	if s.Rows != 3 || s.Files != 2 || s.RowGroups != 2 || s.Reads != 2 || s.Bytes != s.BytesRead || len(s.Broken) != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestSummarize_changedType(t *testing.T) {
	t.Parallel()
	files := put(t, awsfake.NewS3("lake"), map[string][]byte{
		"d/a.parquet": file(t, order{ID: 9}), "d/b.parquet": file(t, order{ID: 8}), "d/c.parquet": file(t, changed{ID: "x", New: 7}),
	})
	s, err := footer.Summarize(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"id":     `{"type":"mixed","nulls":0,"min":null,"max":null,"files":3,"types":{"long":2,"string":1}}`,
		"status": `{"type":"string","nulls":3,"min":null,"max":null,"files":3}`,
		"new":    `{"type":"int","nulls":0,"min":{"value":7,"exact":true},"max":{"value":7,"exact":true},"files":1}`,
	}
	if d := cmp.Diff(want, columns(t, s)); d != "" {
		t.Error(d)
	}
}

// Invalid files, and files of another run that writes, are reported beside the others.
func TestSummarize_broken(t *testing.T) {
	t.Parallel()
	fake := awsfake.NewS3("lake")
	good := file(t, order{ID: 9})
	files := put(t, fake, map[string][]byte{"d/a.parquet": good, "d/b.parquet": good[:30], "d/c.parquet": []byte("x"), "d/d.parquet": good})
	if _, err := fake.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: new("lake"), Key: new("d/d.parquet")}); err != nil {
		t.Fatal(err)
	}
	s, err := footer.Summarize(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	want := []footer.Problem{
		{"d/b.parquet", "is Parquet that was cut short: its last bytes are missing"},
		{"d/c.parquet", "is neither Parquet nor ORC: it has only 1 bytes"},
		{"d/d.parquet", "was replaced or deleted after it was listed"},
	}
	if d := cmp.Diff(want, s.Broken); d != "" || s.Rows != 1 || s.Files != 4 {
		t.Errorf("%s, %d rows in %d files", d, s.Rows, s.Files)
	}
}

// S3 that fails is an error.
func TestSummarize_error(t *testing.T) {
	t.Parallel()
	fake := awsfake.NewS3("lake")
	files := put(t, fake, map[string][]byte{"d/a.parquet": file(t, order{ID: 9})})
	refused := errors.New("refused by the test")
	fake.Use(&awsfake.Hooks{Before: func(op string) error {
		if op == "S3:GetObject" {
			return refused
		}
		return nil
	}})
	if _, err := footer.Summarize(t.Context(), files); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

// A footer larger than the first read takes a second one, and no more.
func TestTwoReads(t *testing.T) {
	t.Parallel()
	fake := awsfake.NewS3("lake")
	var rows []order
	for i := range 3000 { // row groups of two
		rows = append(rows, order{ID: int64(i), Status: new(fmt.Sprint(i))})
	}
	files := put(t, fake, map[string][]byte{"d/a.parquet": file(t, rows...)})
	s, err := footer.Summarize(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	if fake.Calls("GetObject") != 2 || s.Reads != 2 || s.BytesRead <= footer.Tail || s.BytesRead >= s.Bytes || s.RowGroups != 1500 || s.Rows != 3000 {
		t.Errorf("calls %v, summary %+v", fake.AllCalls(), s)
	}
}
