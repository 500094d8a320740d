// Package access decides who may run what as whom: a stage's users are IAM
// roles that jobs run with, and the sender of a request, as SQS reports it,
// says which of them it may be. Nothing in a message is believed.
package access

import (
	"maps"
	"slices"
	"strings"
)

// User is somebody whom jobs can run as.
type User struct {
	Name      string   `json:"name"`
	Role      string   `json:"role"`                // ARN of the IAM role that the user's steps get
	Team      string   `json:"team,omitempty"`      // whose limits the user's runs count against
	Callers   []string `json:"callers,omitempty"`   // patterns of senders, see ValidCaller
	Pipelines []string `json:"pipelines,omitempty"` // registered pipelines that run as this user, see ValidPipelines
}

// Dir is the prefix of everything about a user's runs, in S3 and in CloudWatch
// Logs: what the user's role may write to, and no other user's.
func Dir(user string) string { return "users/" + user + "/" }

// Policy is what a stage says about its users.
type Policy struct {
	Required bool   // nothing runs without a user
	Default  string // of senders that may be several and name none, if it is among them
	Users    map[string]User
}

// Wish is what somebody asks for.
type Wish struct {
	Sender   string // SQS's SenderId; means something only with Asked
	Asked    bool   // somebody has sent a request; else a schedule, an upload or an execution by hand
	User     string // who it wants to run as; "" = whoever it may be
	Pipeline string // registered pipeline; "" = the request brings its own
}

// Grant is what a run gets. Without a user it is empty: the run has the rights
// of its cluster's instances.
type Grant struct{ User, Role, Team string }

// Decide says whom w runs as, or refuses it with a *RefusedError.
func (p Policy) Decide(w Wish) (Grant, error) {
	if w.Pipeline != "" {
		return p.registered(w)
	}
	return p.own(w)
}

// registered decides about a pipeline that was applied: it runs as the user who
// has it, whoever or whatever asks, and only that user's callers may ask.
func (p Policy) registered(w Wish) (Grant, error) {
	u, found := p.ownerOf(w.Pipeline)
	switch {
	case !found && w.User != "":
		return Grant{}, refuse("pipeline %s does not run as user %q; leave the user out", w.Pipeline, clip(w.User))
	case !found && p.Required:
		return Grant{}, refuse("no user of this stage has pipeline %s; add it to access.users.<name>.pipelines of the stage's configuration", w.Pipeline)
	case !found:
		return Grant{}, nil
	case w.User != "" && w.User != u.Name:
		return Grant{}, refuse("pipeline %s runs as user %s, not as %q; leave the user out", w.Pipeline, u.Name, clip(w.User))
	case w.Asked && len(u.Callers) > 0 && !u.accepts(w.Sender):
		return Grant{}, refuse("sender %q may not ask for runs of pipeline %s, which runs as user %s; %s", clip(w.Sender), w.Pipeline, u.Name, addCaller)
	}
	return u.grant(), nil
}

// own decides about a pipeline that came with the request.
func (p Policy) own(w Wish) (Grant, error) {
	may := p.identities(w.Sender)
	switch {
	case w.User != "":
		// One answer for users that are there and for those that are not.
		if !slices.Contains(may, w.User) {
			return Grant{}, refuse("sender %q may not run as user %q; %s", clip(w.Sender), clip(w.User), choice(may))
		}
		return p.Users[w.User].grant(), nil
	case len(may) == 1:
		return p.Users[may[0]].grant(), nil
	case slices.Contains(may, p.Default):
		return p.Users[p.Default].grant(), nil
	case len(may) > 1:
		return Grant{}, refuse("sender %q does not say whom to run as; %s", clip(w.Sender), choice(may))
	case p.Required:
		return Grant{}, refuse("sender %q may run as no user of this stage; %s", clip(w.Sender), addCaller)
	}
	return Grant{}, nil
}

// ownerOf is the user with the most specific pattern that matches; no two users
// have the same pattern.
func (p Policy) ownerOf(pipeline string) (owner User, found bool) {
	best := -1
	for _, name := range slices.Sorted(maps.Keys(p.Users)) {
		for _, pattern := range p.Users[name].Pipelines {
			if n := fit(pattern, pipeline); n > best {
				best, owner = n, p.Users[name]
			}
		}
	}
	return owner, best >= 0
}

// fit says how well a pattern of pipelines matches: -1 not at all, and a whole
// name better than any prefix.
func fit(pattern, pipeline string) int {
	prefix, open := strings.CutSuffix(pattern, "*")
	switch {
	case !open && pattern == pipeline:
		return len(pipeline) + 1
	case open && strings.HasPrefix(pipeline, prefix):
		return len(prefix)
	}
	return -1
}

// identities are the users that a sender may be, sorted.
func (p Policy) identities(sender string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.Users)) {
		if p.Users[name].accepts(sender) {
			names = append(names, name)
		}
	}
	return names
}

func (u User) accepts(sender string) bool {
	return validSender.MatchString(sender) && slices.ContainsFunc(u.Callers, func(pattern string) bool { return matches(pattern, sender) })
}

func (u User) grant() Grant { return Grant{User: u.Name, Role: u.Role, Team: u.Team} }
