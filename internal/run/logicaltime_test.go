package run_test

import (
	"strings"
	"testing"
	"time"

	"ephemr/internal/run"
)

func TestParseLogicalTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-11-30": "2026-11-30T00:00:00Z", "2026-11-30T03:00": "2026-11-30T03:00:00Z", "2026-11-30T03:00:00": "2026-11-30T03:00:00Z",
		"2026-11-30 03:00:00": "2026-11-30T03:00:00Z", "2026-11-30T03:00:00Z": "2026-11-30T03:00:00Z", "2026-11-30T03:00Z": "2026-11-30T03:00:00Z",
		"2026-11-30T03:00:00+02:00": "2026-11-30T01:00:00Z", "2026-11-30T03:00:00+0200": "2026-11-30T01:00:00Z",
		"2026-11-30 03:00:00.123456+00:00": "2026-11-30T03:00:00.123456Z", "2026-11-30T03:00:00.5": "2026-11-30T03:00:00.5Z",
	} {
		if got, err := run.ParseLogicalTime(text); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %s, %v; want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for text, want := range map[string]string{
		"": "examples", "noon": "examples", "2026-02-30": "day out of range", "2026-13-01": "month out of range", "2026-11-30T25:00:00": "hour out of range",
		"2026-11-30 ": "examples", "0001-01-01": "between 1970 and 9999", "1764471600": "examples", "30.11.2026": "examples", "2026-11-30T03:00:00Z ": "examples",
	} {
		if got, err := run.ParseLogicalTime(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v; want %q", text, got, err, want)
		}
	}
}
