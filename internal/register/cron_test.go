package register_test

import (
	"strings"
	"testing"

	"ephemr/internal/register"
)

func TestExpression(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0 3 * * *":          "cron(0 3 * * ? *)",
		"*/15 * * * *":       "cron(*/15 * * * ? *)",
		"0 3 1 * *":          "cron(0 3 1 * ? *)",
		"0 3 1,15 jan-mar *": "cron(0 3 1,15 JAN-MAR ? *)",
		"0 3 * * 0":          "cron(0 3 ? * SUN *)",
		"0 3 * * sun":        "cron(0 3 ? * SUN *)",
		"0 3 * * 1-5":        "cron(0 3 ? * MON,TUE,WED,THU,FRI *)",
		"0 3 * * mon-fri":    "cron(0 3 ? * MON,TUE,WED,THU,FRI *)",
		"0 3 * * 0-1":        "cron(0 3 ? * SUN,MON *)",
		"0 3 * * */2":        "cron(0 3 ? * SUN,TUE,THU,SAT *)",
		"0 3 ? * ?":          "cron(0 3 * * ? *)",
		"0 3 */2 * *":        "cron(0 3 */2 * ? *)",
		"10-20/5 8-18 * * 1": "cron(10-20/5 8-18 ? * MON *)",
	} {
		if got, err := register.Expression(in); err != nil || got != want {
			t.Errorf("%q becomes %q, %v; want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"0 3 * *":       "5 fields",
		"0 3 * * * *":   "5 fields",
		"@daily":        "5 fields",
		"61 3 * * *":    "61",
		"0 3 1 * 1":     "use two schedules",
		"0 3 * * 7":     "above maximum (6)", // Sunday is 0 or sun, as when the file was read
		"0 3 * * 5-7":   "above maximum (6)",
		"0 3 * * 8":     "8",
		"0 3 * * 7-1":   "7-1",
		"0 3 * * never": "never",
	} {
		if got, err := register.Expression(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q becomes %q, %v; want an error with %q", in, got, err, want)
		}
	}
}
