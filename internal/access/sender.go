package access

import "strings"

// Principal is who a sender is for request ids, bounds and tags: the unique id of
// an IAM user, of a role or of an account. The sessions of a role are one sender,
// because a program gets another session name whenever it starts, and repeats its
// requests under it. A session name with an @ is a person's, as IAM Identity Center
// and other sign-ins set it: people who share a role are different senders.
func Principal(sender string) string {
	role, session, _ := strings.Cut(sender, ":")
	if strings.Contains(session, "@") {
		return sender
	}
	return role
}
