// Package due prints the planned times that have become due while a pipeline was paused.
package due

import (
	"fmt"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/cli/terminal"
)

// Show prints a line for each schedule with dates that are due; then says what happens
// to them.
func Show(io *terminal.IO, all []calendar.Dates, then func(calendar.Dates) string) {
	for _, d := range all {
		io.Printf("  %s %s: %s due, %s; %s\n", d.Schedule, d.Timezone, Count(d.Due), span(d), then(d))
	}
}

// Count is a number of dates; more than calendar.MostDates are not counted.
func Count(n int) string {
	if n >= calendar.MostDates {
		return fmt.Sprintf("at least %d dates", n)
	}
	return terminal.Count(n, "date")
}

// span is the first and the last date that is due, in UTC.
func span(d calendar.Dates) string {
	first := d.First.UTC().Format(time.RFC3339)
	if d.Due == 1 {
		return first
	}
	return first + " to " + d.Last.UTC().Format(time.RFC3339)
}
