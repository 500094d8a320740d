package runner_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/job"
)

func TestQuality(t *testing.T) {
	t.Parallel()
	type row struct {
		ID int64 `parquet:"id"`
	}
	var data bytes.Buffer
	if err := parquet.Write(&data, []row{{1}, {2}, {2}}); err != nil {
		t.Fatal(err)
	}
	const dataset = "s3://bucket/lake/"
	tests := map[string]struct {
		check  job.Check
		change func(*bench)
		want   job.Result
		stdout string
	}{
		"as expected": {
			check: job.Check{Dataset: dataset, Rows: "== 3"},
			want:  job.Result{Outputs: map[string]string{"rows": "3"}},
			stdout: "CHECK  DATASET            EXPECT                  FOUND               SOURCE  READ   TOOK\n" +
				"ok     s3://bucket/lake/  readable Parquet files  1 files, SIZE bytes  footer  SIZE  0.",
		},
		"not as expected": {
			check:  job.Check{Dataset: dataset, Unique: []string{"id"}},
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: "1 of 2 checks failed", Outputs: map[string]string{"rows": "3"}},
			stdout: "FAILED  s3://bucket/lake/  unique id               1 of 3 rows repeat another  read  ",
		},
		"empty": {
			check:  job.Check{Dataset: "s3://bucket/ocean/", Rows: "> 0"},
			want:   job.Result{ExitCode: 65, Class: job.ClassData, Reason: "1 of 1 checks failed", Outputs: map[string]string{"rows": "0"}},
			stdout: "FAILED  s3://bucket/ocean/  readable Parquet files  no files  listing  0 B   0.000 s\n",
		},
		"senseless": {
			check: job.Check{Dataset: dataset, Rows: "many"},
			want: job.Result{
				ExitCode: 64, Class: job.ClassInvalid,
				Reason: `check s3://bucket/lake/: rows: invalid comparison "many": use one of >= <= > < = != and a number (example: ">= 1000")`,
			},
		},
		"refused": {
			check:  job.Check{Dataset: dataset, Rows: "> 0"},
			change: func(b *bench) { b.s3.denied = "part-0" },
			want: job.Result{
				ExitCode: 69, Class: job.ClassPermission,
				Reason: "check s3://bucket/lake/: read s3://bucket/lake/part-0: AccessDenied: no (or it does not exist and the role may not list the bucket)",
			},
		},
		"unreachable": {
			check:  job.Check{Dataset: dataset, Rows: "> 0"},
			change: func(b *bench) { b.s3.fail["get part-0"] = []error{errors.New("connection reset")} },
			want:   job.Result{ExitCode: 71, Class: job.ClassInternal, Reason: "check s3://bucket/lake/: read s3://bucket/lake/part-0: connection reset"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.s3.objects["lake/part-0"] = data.Bytes()
			if tt.change != nil {
				tt.change(b)
			}
			s := b.bash("")
			s.Type, s.Package, s.PackageSHA256, s.Entry, s.Checks = job.Quality, "", "", "", []job.Check{tt.check}
			code, got := b.run(t.Context(), s)
			got.Tail, got.Checks = nil, nil
			if diff := cmp.Diff(tt.want, got, sameResult); diff != "" || code != tt.want.ExitCode {
				t.Errorf("exit %d, result (-want +got):\n%s", code, diff)
			}
			out := strings.ReplaceAll(b.stdout.String(), itoa(data.Len())+" bytes", "SIZE bytes")
			out = strings.ReplaceAll(out, itoa(data.Len())+" B", "SIZE")
			if !strings.Contains(out, tt.stdout) {
				t.Errorf("stdout %q, want %q", out, tt.stdout)
			}
		})
	}
}

// A result is bounded however much the checks find: one that cannot be read is lost.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.bash("")
	s.Type, s.Package, s.PackageSHA256, s.Entry = job.Quality, "", "", ""
	for i := range 3000 {
		s.Checks = append(s.Checks, job.Check{Dataset: fmt.Sprintf("s3://bucket/%s/%d/", strings.Repeat("x", 900), i), Rows: "> 0"})
	}
	_, res := b.run(t.Context(), s)
	data, err := json.Marshal(res)
	if err != nil || len(data) > 250<<10 || len(res.Checks) < 100 || !strings.Contains(res.Reason, "of 3000 checks failed") {
		t.Errorf("%d bytes, %d findings, %s, %v", len(data), len(res.Checks), res.Reason, err)
	}
}
