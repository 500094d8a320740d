package terminal

import (
	"fmt"
	"time"
)

// Duration formats d in at most 6 columns: 12.3s, 2m05s, 1h02m, 3d04h.
func Duration(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// Ago formats how long before now t was.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if d := now.Sub(t); d < 48*time.Hour {
		return Duration(d.Truncate(time.Second)) + " ago"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// Dollars formats an estimated cost.
func Dollars(usd float64) string {
	switch {
	case usd <= 0:
		return ""
	case usd < 0.01:
		return fmt.Sprintf("%.4f USD", usd) // a short run on a small cluster
	}
	return fmt.Sprintf("%.2f USD", usd)
}

// About formats an estimated cost for a sentence.
func About(usd float64) string {
	if usd < 0.01 {
		return "less than 0.01 USD"
	}
	return "about " + Dollars(usd)
}

// Count formats a number of things.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Bytes formats a size.
func Bytes(n int64) string {
	size, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		size, unit = size/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}
