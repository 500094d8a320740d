package service_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/bench/service"
	"ephemr/internal/proof/executable"
)

// stage is one whose ephemr is a script.
func stage(t *testing.T, script string) service.Stage {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "ephemr")
	if err := executable.Write(program, "#!/usr/bin/env bash\n"+script+"\n"); err != nil {
		t.Fatal(err)
	}
	return service.Stage{Program: program, Environ: os.Environ(), Dir: dir, S3: awsfake.NewS3("artifacts"), Bucket: "artifacts", Log: io.Discard}
}

// Here ephemr is a script that does at once what a stage would do.
func TestMeasure(t *testing.T) {
	t.Parallel()
	s := stage(t, `case $1 in
submit) sed 's/sleep 0.05/:/' "$3/run.sh" | bash ;;
runs) at=${AWS_ENDPOINT_URL#http://}; exec 3<>"/dev/tcp/${at/://}"; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3; sleep 10 ;;
esac`)
	r, err := s.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Start.Ratio <= 0 || r.Start.Request <= 0 || r.Packages.Ratio <= 0 || r.Lines.Ratio <= 0 || r.Pool.Ratio <= 0 {
		t.Errorf("a ratio is missing: %+v", r)
	}
	got := []int64{int64(r.Start.Rounds), int64(r.Packages.Files), int64(r.Lines.Timed), int64(r.Lines.Many), r.Lines.Bytes, int64(r.Pool.Rounds)}
	if diff := cmp.Diff([]int64{20, 1000, 300, 200_000, 200_000 * 100, 10}, got); diff != "" {
		t.Errorf("starts, files, timed lines, many lines, their bytes, rounds: -want +got:\n%s", diff)
	}
}

// The program's stderr is part of the error.
func TestMeasureTells(t *testing.T) {
	t.Parallel()
	s := stage(t, "echo no such stage >&2; exit 2")
	if _, err := s.Measure(t.Context()); err == nil || !strings.Contains(err.Error(), "no such stage") {
		t.Errorf("error %v", err)
	}
}
