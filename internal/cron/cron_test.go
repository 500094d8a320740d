package cron_test

import (
	"strings"
	"testing"

	"ephemr/internal/cron"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "5 cron fields", "0 5 * *": "5 cron fields", "0 5 * * ? *": "has 6 fields", "0 0 5 * * *": "has 6 fields", "@daily": `write "0 0 * * *"`, "@reboot": "5 cron fields",
		"? 5 * * *": "minute \"?\": ? is for the day and the weekday only", "0 ? * * *": "hour \"?\"", "0 5 * ? *": "month \"?\"",
		"0,,5 5 * * *": "a value is missing", "*/90 * * * *": "a step of 90 is not shorter than the 60", "0 */24 * * *": "a step of 24", "*/0 * * * *": "not a number from 1 on",
		"60 * * * *": "60 is out of range; use 0 to 59", "0 24 * * *": "use 0 to 23", "0 5 0 * *": "use 1 to 31", "0 5 * 13 *": "use 1 to 12", "0 5 * * 8": "use 0 to 7",
		"0 5 30 2 *": "never fires", "0 5 31W 4 *": "never fires", "0 5 31 4,6 *": "never fires", "0 22-4 * * *": "ends before it begins", "0 5 1 * MON": "use two schedules", "0 5 L * 5": "use two schedules",
		"0 5 LW * *": "each alone", "0 5 L-3 * *": "each alone", "0 5 1W,15W * *": "each alone", "0 5 32W * *": "out of range", "0 5 * * L": "write SAT", "0 5 * * MON#6": "1 to 5",
		"0 5 * * #1": "write one day", "0 5 * * 9L": "write one day", "a * * * *": `"A" is not a value`, "+5 * * * *": "is not a value", "-5 * * * *": "a value is missing",
		"0 5 * * MON-": "a value is missing", "1-5/ * * * *": "not a number", "TZ=UTC 5 * * *": "is not a value", "H H * * *": "is not a value", "0 5 * * MON,": "a value is missing",
	} {
		if _, err := cron.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
