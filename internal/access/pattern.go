package access

import (
	"regexp"
	"strings"
)

var (
	// A SenderId is the unique id of an IAM user, that of a role and the name of
	// the session, or an account: "AIDA…", "AROA…:session", "123456789012".
	// Source: Amazon SQS API Reference, ReceiveMessage; IAM User Guide, "Unique identifiers".
	validSender = regexp.MustCompile(`^[A-Z0-9]{4,128}(:[A-Za-z0-9_+=,.@-]{1,64})?$`)

	userName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`) // part of a role's name, of at most 64 characters, and of keys in S3
	teamName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	caller       = regexp.MustCompile(`^(\*|[A-Z0-9]{12,128}(:[A-Za-z0-9_+=,.@*-]{1,64})?)$`)
	pipelineName = regexp.MustCompile(`^([a-z][a-z0-9-]{0,39}\*?|\*)$`)
)

// ValidName says whether name can be a user's.
func ValidName(name string) bool { return userName.MatchString(name) }

// ValidTeam says whether name can be a team's.
func ValidTeam(name string) bool { return teamName.MatchString(name) }

// ValidCaller says what is wrong with a pattern of senders, or "". A pattern is
// "*", which is everybody who may send; the unique id of an IAM user; or that of
// a role, a colon and its sessions, where * stands for any characters. Nothing
// but a session may be left open: whoever assumes a role chooses the session's
// name, and ids alone say who that can be.
func ValidCaller(pattern string) string {
	switch {
	case !caller.MatchString(pattern):
		return `is neither "*" nor a unique id like AIDAEXAMPLE or AROAEXAMPLE:*; aws sts get-caller-identity shows one's own as UserId`
	case strings.HasPrefix(pattern, "AROA") && !strings.Contains(pattern, ":"):
		return `is a role, which sends as a session: write ` + pattern + `:*`
	}
	return ""
}

// ValidPipelines says whether pattern is the name of a pipeline, the beginning
// of names and a *, or a * alone.
func ValidPipelines(pattern string) bool { return pipelineName.MatchString(pattern) }

// matches says whether sender is one of a pattern, in which * stands for any
// characters and everything else for itself.
func matches(pattern, sender string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == sender
	}
	rest, ok := strings.CutPrefix(sender, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[last])
}
