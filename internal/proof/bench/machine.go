package bench

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// Machine describes where the figures were measured.
type Machine struct {
	Platform string  `json:"platform"`
	Cores    int     `json:"cores"`
	Memory   int64   `json:"memory"` // bytes; 0 = not known
	Load     float64 `json:"load"`   // load average of the minute before the bench
}

// Busy says whether the machine had other load: then the figures are upper bounds.
func (m Machine) Busy() bool { return m.Load > 0.25*float64(m.Cores) }

func look(ctx context.Context) Machine {
	m := Machine{Platform: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU()}
	if runtime.GOOS == "darwin" {
		m.Memory, _ = strconv.ParseInt(sysctl(ctx, "hw.memsize"), 10, 64)
		m.Load, _ = strconv.ParseFloat(word(strings.Trim(sysctl(ctx, "vm.loadavg"), "{ }"), 0), 64)
		return m
	}
	load, _ := os.ReadFile("/proc/loadavg")
	m.Load, _ = strconv.ParseFloat(word(string(load), 0), 64)
	memory, _ := os.ReadFile("/proc/meminfo") // MemTotal:       24689496 kB
	kib, _ := strconv.ParseInt(word(string(memory), 1), 10, 64)
	m.Memory = kib << 10
	return m
}

func sysctl(ctx context.Context, name string) string {
	out, _ := exec.CommandContext(ctx, "sysctl", "-n", name).Output() //nolint:gosec // a name from above
	return strings.TrimSpace(string(out))
}

func word(text string, n int) string {
	words := strings.Fields(text)
	if n >= len(words) {
		return ""
	}
	return words[n]
}
