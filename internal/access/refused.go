package access

import (
	"fmt"
	"strings"
)

// RefusedError says who may not do what, and what to do about it.
type RefusedError struct{ text string }

func (r *RefusedError) Error() string { return r.text }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// addCaller is what helps a sender who is nobody yet.
const addCaller = "whoever keeps the stage can add the sender to access.users.<name>.callers of its configuration"

// choice says whom a sender may be, and names nobody else.
func choice(may []string) string {
	if len(may) == 0 {
		return "it may run as nobody: " + addCaller
	}
	return "it may run as " + strings.Join(may, ", ") + ": say which, with ephemr submit -u " + may[0]
}

// clip keeps what a stranger wrote short; %q keeps it on a line.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
