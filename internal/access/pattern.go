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

// ValidName reports whether name is a valid name of a user.
func ValidName(name string) bool { return userName.MatchString(name) }

// ValidTeam reports whether name is a valid name of a team.
func ValidTeam(name string) bool { return teamName.MatchString(name) }

// ValidCaller describes what is wrong with a pattern of senders, or returns "". A
// pattern is "*" for every sender; the unique id of an IAM user; or the unique id
// of a role, a colon and a session name, where * stands for any characters. Only
// session names may contain *: they are chosen by the caller of AssumeRole, so
// the unique id must be complete to identify the sender.
func ValidCaller(pattern string) string {
	switch {
	case !caller.MatchString(pattern):
		return `is neither "*" nor a unique id such as AIDAEXAMPLE or AROAEXAMPLE:*; aws sts get-caller-identity prints yours as UserId`
	case strings.HasPrefix(pattern, "AROA") && !strings.Contains(pattern, ":"):
		return `is a role id without a session: write ` + pattern + `:*`
	}
	return ""
}

// ValidPipelines reports whether pattern is the name of a pipeline, a prefix of
// names followed by a *, or a * alone.
func ValidPipelines(pattern string) bool { return pipelineName.MatchString(pattern) }

// matches reports whether sender matches pattern, in which * stands for any
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
