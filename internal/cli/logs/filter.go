package logs

import (
	"regexp"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/view/follow"
)

// filter returns the filter for o, or a usage error.
func (o Options) filter(now time.Time) (follow.Filter, error) {
	f := follow.Filter{Job: o.Job, Attempt: o.Attempt, Stream: o.Stream, Archived: o.Archived, OfEMR: o.Controller}
	err := o.check()
	if err == nil && o.Grep != "" {
		if f.Match, err = regexp.Compile(o.Grep); err != nil {
			err = exit.Usage("--grep: %w; the syntax is at https://pkg.go.dev/regexp/syntax", err)
		}
	}
	if err == nil && o.Since != "" {
		f.Since, err = since(o.Since, now)
	}
	return f, err
}

// check returns an error for invalid or conflicting options.
func (o Options) check() error {
	switch {
	case o.Stream != "" && o.Stream != "stdout" && o.Stream != "stderr":
		return exit.Usage("invalid stream %q: use stdout or stderr", o.Stream)
	case o.Attempt < 0:
		return exit.Usage("invalid --attempt %d: attempts start at 1", o.Attempt)
	case o.Follow && (o.Archived || o.Controller):
		return exit.Usage("--follow cannot be combined with --archived or --controller")
	case o.Controller && (o.Stream != "" || o.Since != ""):
		return exit.Usage("--controller cannot be combined with --stream or --since: these logs have no timestamps")
	}
	return nil
}

// since parses a duration before now, a time or a day.
func since(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, exit.Usage("invalid --since %q: use a duration (10m, 2h) or a UTC time (2026-11-30T03:00:00Z, 2026-11-30)", text)
}
