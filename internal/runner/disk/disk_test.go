package disk_test

import (
	"testing"

	"ephemr/internal/runner/disk"
)

func TestOf(t *testing.T) {
	t.Parallel()
	s, err := disk.Of(t.TempDir())
	if err != nil || s.Total <= 0 || s.Free > s.Total {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := disk.Of("/none"); err == nil {
		t.Error("no error")
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		space disk.Space
		want  int64
	}{
		"small":      {disk.Space{Free: 100, Total: 1000}, 50},
		"large":      {disk.Space{Free: 1 << 40, Total: 2 << 40}, 1<<40 - 512<<20},
		"full":       {disk.Space{Free: 10, Total: 1000}, 0},
		"full large": {disk.Space{Free: 1 << 20, Total: 2 << 40}, 0},
	} {
		if got := tt.space.Room(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536 << 20: "1.5 GiB", 1 << 62: "4096.0 PiB"} {
		if got := disk.Size(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
