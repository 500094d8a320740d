package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadPhases(t *testing.T) {
	t.Parallel()
	clock := time.Unix(0, 0)
	tick := func() time.Time {
		clock = clock.Add(time.Second)
		return clock
	}
	got := readPhases(strings.NewReader("\n1. Register the pipeline\nregistered\n\n2. The result: delays of 12 flights\n  MONTH\n"), tick)
	want := []Phase{{"  1. Register the pipeline", Seconds(time.Second)}, {"  2. The result", Seconds(time.Second)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
}

func TestCold(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, ".tools", "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node.log"), []byte("added 3 packages\nsetup: node      7 s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Phase{{"node", Seconds(7 * time.Second)}}, cold(root)); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func TestStepTime(t *testing.T) {
	t.Parallel()
	if got := stepTime("bench/one_by_one/17-0.1161.txt"); got != 116100*time.Microsecond {
		t.Errorf("the step takes %s", got)
	}
}
