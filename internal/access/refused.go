package access

import (
	"fmt"
	"strings"
)

// RefusedError explains a refusal and how to resolve it.
type RefusedError struct{ text string }

func (r *RefusedError) Error() string { return r.text }

// Refuse returns a RefusedError.
func Refuse(format string, args ...any) error { return refuse(format, args...) }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// addCaller resolves the refusal of an unknown sender.
const addCaller = "the stage's administrator can add the sender to access.users.<name>.callers in its configuration"

// choice lists the users that a sender may run as, and no others.
func choice(may []string) string {
	if len(may) == 0 {
		return "it may not run as any user: " + addCaller
	}
	return "it may run as " + strings.Join(may, ", ") + ": name one, e.g. ephemr submit -u " + may[0]
}

// clip bounds the length of untrusted text; %q keeps it on a line.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
