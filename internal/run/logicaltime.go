package run

import (
	"fmt"
	"strings"
	"time"
)

// logicalLayouts are the forms of ISO 8601 that people and programs write;
// Python's isoformat and str among them. A fraction of a second may follow.
var logicalLayouts = []string{
	time.DateOnly,
	"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", time.RFC3339, "2006-01-02T15:04:05Z0700",
}

// IsDate reports whether a logical time is given as a date.
func IsDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// ParseLogicalTime reads a day or a time; one without a zone is in UTC.
func ParseLogicalTime(text string) (time.Time, error) {
	normal := text
	if len(text) > len(time.DateOnly) && text[len(time.DateOnly)] == ' ' {
		normal = text[:len(time.DateOnly)] + "T" + text[len(time.DateOnly)+1:]
	}
	reason := ""
	for _, layout := range logicalLayouts {
		t, err := time.Parse(layout, normal)
		switch {
		case err == nil && (t.Year() < 1970 || t.UTC().Year() > 9999):
			reason = ": the year must be between 1970 and 9999"
		case err == nil:
			return t.UTC(), nil
		default:
			if _, what, ok := strings.Cut(err.Error(), `": `); ok && strings.HasSuffix(what, "out of range") {
				reason = ": " + what
			}
		}
	}
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return time.Time{}, fmt.Errorf("invalid date or time %q%s (examples: 2006-01-02, 2006-01-02T15:04:05Z)", text, reason)
}
