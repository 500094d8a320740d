package laptop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/executable"
)

// checkout makes one with these programs in the place of the region's.
func checkout(t *testing.T, emulator, localEMR string) laptop.Options {
	t.Helper()
	dir := t.TempDir()
	for path, script := range map[string]string{".tools/venv/bin/python": emulator, "dist/bin/localemr": localEMR} {
		file := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if script == "" {
			continue
		}
		if err := executable.Write(file, "#!/bin/sh\n"+script); err != nil {
			t.Fatal(err)
		}
	}
	return laptop.Options{Root: dir, Dir: filepath.Join(dir, ".local"), Grace: time.Second}
}

func TestUpSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ emulator, localEMR, want string }{
		"no tools":         {"", "sleep 60", "run scripts/setup"},
		"not built":        {"sleep 60", "", "run make build"},
		"localemr crashes": {"sleep 60", "echo no such flag >&2; exit 2", "no such flag"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := checkout(t, c.emulator, c.localEMR)
			_, err := laptop.Up(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if pids := laptop.Marked(o.Dir); len(pids) > 0 {
				t.Errorf("processes %v are left", pids)
			}
		})
	}
}

func TestUpThatIsCancelledLeavesNothing(t *testing.T) {
	t.Parallel()
	o := checkout(t, "sleep 60", "sleep 60") // never answers
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := laptop.Up(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that the time is over", err)
	}
	if pids := laptop.Marked(o.Dir); len(pids) > 0 {
		t.Errorf("processes %v are left", pids)
	}
}

func TestOpenWithoutARegion(t *testing.T) {
	t.Parallel()
	o := checkout(t, "", "")
	if _, err := laptop.Open(t.Context(), o); !errors.Is(err, laptop.ErrNotRunning) || !errors.Is(err, laptop.ErrNotRecorded) {
		t.Errorf("open: %v", err)
	}
	if err := laptop.Down(t.Context(), o); err != nil {
		t.Errorf("down: %v", err)
	}
}

// A region that is recorded is another's, also if it does not work.
func TestARecordedRegionIsNotTaken(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a region":        `{"emulator": {"url": "http://127.0.0.1:1"}, "localemr": {"url": "http://127.0.0.1:2"}}`,
		"a broken record": "{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := checkout(t, "sleep 60", "sleep 60")
			file := filepath.Join(o.Dir, "region.json")
			if err := errors.Join(os.MkdirAll(o.Dir, 0o750), os.WriteFile(file, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
			if _, err := laptop.Open(t.Context(), o); errors.Is(err, laptop.ErrNotRecorded) {
				t.Errorf("open: %v", err)
			}
			o.New = true
			if _, err := laptop.Up(t.Context(), o); err == nil || !strings.Contains(err.Error(), "one is recorded in "+o.Dir) {
				t.Errorf("up of a new one: %v", err)
			}
			o.Endpoint = "http://127.0.0.1:3"
			if err := laptop.Down(t.Context(), o); err != nil {
				t.Errorf("down of another: %v", err)
			}
			if left, err := os.ReadFile(file); err != nil || string(left) != text { //nolint:gosec // of the test
				t.Errorf("record: %s, %v", left, err)
			}
			o.Endpoint = ""
			if err := laptop.Down(t.Context(), o); err != nil {
				t.Errorf("down: %v", err)
			}
			if _, err := laptop.Open(t.Context(), o); !errors.Is(err, laptop.ErrNotRecorded) {
				t.Errorf("open after down: %v", err)
			}
		})
	}
}

func TestOverlayKeepsRealAccountsOut(t *testing.T) {
	t.Parallel()
	r := laptop.Region{Endpoint: "http://127.0.0.1:1", EMR: "http://127.0.0.1:2"}
	env := laptop.Overlay([]string{"HOME=/h", "AWS_PROFILE=prod", "AWS_SESSION_TOKEN=x"}, r.Environ())
	for _, want := range []string{"HOME=/h", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_EMR=http://127.0.0.1:2", "EPHEMR_STAGE=local"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in %q", want, env)
		}
	}
	if slices.ContainsFunc(env, func(kv string) bool {
		return strings.HasPrefix(kv, "AWS_PROFILE") || strings.HasPrefix(kv, "AWS_SESSION_TOKEN")
	}) {
		t.Errorf("credentials of a real account are in %q", env)
	}
}

func TestCreated(t *testing.T) {
	t.Parallel()
	age := time.Since(time.UnixMilli(laptop.Created(os.Getpid())))
	if age < -2*time.Second || age > time.Hour {
		t.Errorf("this process was created %s ago", age)
	}
	const unused = 1 << 30
	if got := laptop.Created(unused); got != 0 {
		t.Errorf("a pid without a process: created %d", got)
	}
}
