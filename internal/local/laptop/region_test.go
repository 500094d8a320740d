package laptop_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/executable"
)

func makeBucket(t *testing.T, r *laptop.Region, name string) {
	t.Helper()
	if _, err := s3.NewFromConfig(r.Config()).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
}

func hasBucket(t *testing.T, r *laptop.Region, name string) bool {
	t.Helper()
	_, err := s3.NewFromConfig(r.Config()).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &name})
	return err == nil
}

func TestSecondUpFindsTheFirst(t *testing.T) {
	t.Parallel()
	o := options(t)
	first := up(t, o)
	makeBucket(t, first, "kept")
	second := up(t, o)
	if first.Endpoint != second.Endpoint || first.EMR != second.EMR || !hasBucket(t, second, "kept") {
		t.Errorf("second up: %s and %s, first: %s and %s", second.Endpoint, second.EMR, first.Endpoint, first.EMR)
	}
	opened, err := laptop.Open(t.Context(), o)
	if err != nil || opened.Endpoint != first.Endpoint {
		t.Errorf("open: %v, %v", opened, err)
	}
}

func TestUpsAtOnceMakeOneRegion(t *testing.T) {
	t.Parallel()
	o := options(t)
	var all [4]*laptop.Region
	var g errgroup.Group
	for i := range all {
		g.Go(func() (err error) {
			all[i], err = laptop.Up(t.Context(), o)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Endpoint != all[0].Endpoint || r.EMR != all[0].EMR {
			t.Errorf("%s and %s beside %s and %s", r.Endpoint, r.EMR, all[0].Endpoint, all[0].EMR)
		}
	}
	if pids := laptop.Marked(o.Dir); len(pids) != 2 {
		t.Errorf("processes %v, want two", pids)
	}
}

func TestRegionsSideBySide(t *testing.T) {
	t.Parallel()
	one, other := options(t), options(t)
	a, b := up(t, one), up(t, other)
	makeBucket(t, a, "same-name")
	if hasBucket(t, b, "same-name") {
		t.Error("two regions share a bucket")
	}
	if err := a.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := laptop.Open(t.Context(), other); err != nil {
		t.Errorf("the other region after down of the first: %v", err)
	}
}

func TestUpRestartsLocalEMRAlone(t *testing.T) {
	t.Parallel()
	o := options(t)
	r := up(t, o)
	makeBucket(t, r, "kept")
	kill(t, readRecord(t, o.Dir).LocalEMR.PID)
	if _, err := laptop.Open(t.Context(), o); !errors.Is(err, laptop.ErrNotRunning) {
		t.Errorf("open of a half region: %v", err)
	}
	again := up(t, o)
	if again.EMR != r.EMR || again.Endpoint != r.Endpoint || !hasBucket(t, again, "kept") {
		t.Errorf("repaired: %s and %s, before: %s and %s", again.EMR, again.Endpoint, r.EMR, r.Endpoint)
	}
}

func TestUpStartsAnewWithoutTheEmulator(t *testing.T) {
	t.Parallel()
	o := options(t)
	r := up(t, o)
	before := readRecord(t, o.Dir)
	makeBucket(t, r, "lost")
	kill(t, before.Emulator.PID)
	again := up(t, o)
	gone(t, before.LocalEMR.PID)
	if hasBucket(t, again, "lost") {
		t.Error("a bucket has survived its emulator")
	}
}

func TestAReusedPidIsLeftAlone(t *testing.T) {
	t.Parallel()
	o := options(t)
	other := stranger(t)
	stale := process{Name: "emulator", URL: "http://127.0.0.1:1", PID: other.Process.Pid, Started: 1}
	writeRecord(t, o.Dir, record{Emulator: stale, LocalEMR: stale})
	r := up(t, o)
	if err := r.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if laptop.Created(other.Process.Pid) == 0 {
		t.Error("a process that only has the pid of the record has been ended")
	}
}

func TestABrokenRecordIsReplaced(t *testing.T) {
	t.Parallel()
	o := options(t)
	if err := os.WriteFile(filepath.Join(o.Dir, "region.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	up(t, o)
}

func TestDownLeavesNothing(t *testing.T) {
	t.Parallel()
	o := options(t)
	up(t, o)
	before := readRecord(t, o.Dir)
	o.Dir, _ = filepath.Abs(o.Dir)
	stray := stranger(t, "EPHEMR_REGION="+o.Dir) // as a step leaves it behind that made a session of its own
	neighbour := stranger(t, "EPHEMR_REGION="+o.Dir+"2")
	go func() { _ = stray.Wait() }()
	hidden := child(t, stranger(t, "EPHEMR_REGION="+o.Dir).Process.Pid)
	if err := laptop.Down(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{before.Emulator.PID, before.LocalEMR.PID, stray.Process.Pid, hidden} {
		gone(t, pid)
	}
	if laptop.Created(neighbour.Process.Pid) == 0 {
		t.Error("a process of another region has been ended")
	}
	left, err := os.ReadDir(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if name := entry.Name(); name != "log" && name != "lock" {
			t.Errorf("down has left %s", name)
		}
	}
	if err := laptop.Down(t.Context(), o); err != nil {
		t.Errorf("second down: %v", err)
	}
}

func TestDownEndsWhatIgnoresIt(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.LocalEMR = filepath.Join(t.TempDir(), "deaf")
	const deaf = `#!/usr/bin/env bash
trap '' TERM
exec python3 -m http.server --bind 127.0.0.1 "${2##*:}" # --addr HOST:PORT comes first
`
	if err := executable.Write(o.LocalEMR, deaf); err != nil {
		t.Fatal(err)
	}
	o.Grace = 300 * time.Millisecond
	r := up(t, o)
	pid := readRecord(t, o.Dir).LocalEMR.PID
	if err := r.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}
