// Package access decides which user a run gets. A stage's users are IAM roles
// that jobs run with. The sender of a request, as SQS reports it, determines
// which of them the request may use; the message itself is not trusted.
package access

import (
	"maps"
	"slices"
	"strings"
)

// User is an identity that jobs can run as.
type User struct {
	Name      string   `json:"name"`
	Role      string   `json:"role"`                // ARN of the IAM role that the user's steps get
	Team      string   `json:"team,omitempty"`      // the user's runs count against its limits
	Callers   []string `json:"callers,omitempty"`   // patterns of senders, see ValidCaller
	Pipelines []string `json:"pipelines,omitempty"` // registered pipelines that run as this user, see ValidPipelines
	Secrets   []string `json:"secrets,omitempty"`   // that its jobs may read, see ParseSecrets
}

// Dir is the prefix of the data of a user's runs in S3 and in CloudWatch Logs.
// Only that user's role may write there.
func Dir(user string) string { return "users/" + user + "/" }

// Policy is the stage's configuration of its users.
type Policy struct {
	Required bool   // requests that resolve to no user are refused
	Default  string // for senders that may use several users and name none, if it is among those
	Users    map[string]User
}

// Request is what a run is requested with.
type Request struct {
	Sender    string // SQS's SenderId; only meaningful with FromQueue
	FromQueue bool   // a message on the requests queue; else a schedule, an upload or a manually started execution
	User      string // the user that the request names; "" = resolved from the sender
	Pipeline  string // registered pipeline; "" = the request contains its own
}

// Grant is the user of a run. Without one it is empty: the run has the
// permissions of its cluster's instance profile.
type Grant struct{ User, Role, Team string }

// Decide returns the user that r runs as, or a *RefusedError.
func (p Policy) Decide(r Request) (Grant, error) {
	if r.Pipeline != "" {
		return p.registered(r)
	}
	return p.adHoc(r)
}

// registered decides about a registered pipeline: it always runs as the user that
// owns it, and only that user's callers may request it.
func (p Policy) registered(r Request) (Grant, error) {
	u, found := p.ownerOf(r.Pipeline)
	switch {
	case !found && r.User != "":
		return Grant{}, refuse("pipeline %s does not run as user %q; omit the user", r.Pipeline, clip(r.User))
	case !found && p.Required:
		return Grant{}, refuse("no user of this stage owns pipeline %s; add it to access.users.<name>.pipelines in the stage's configuration", r.Pipeline)
	case !found:
		return Grant{}, nil
	case r.User != "" && r.User != u.Name:
		return Grant{}, refuse("pipeline %s runs as user %s, not as %q; omit the user", r.Pipeline, u.Name, clip(r.User))
	case r.FromQueue && len(u.Callers) > 0 && !u.accepts(r.Sender):
		return Grant{}, refuse("sender %q may not request runs of pipeline %s, which runs as user %s; %s", clip(r.Sender), r.Pipeline, u.Name, addCaller)
	}
	return u.grant(), nil
}

// adHoc decides about a pipeline that is part of the request.
func (p Policy) adHoc(r Request) (Grant, error) {
	may := p.identities(r.Sender)
	switch {
	case r.User != "":
		// The same answer for existing and unknown users, so that it discloses neither.
		if !slices.Contains(may, r.User) {
			return Grant{}, refuse("sender %q may not run as user %q; %s", clip(r.Sender), clip(r.User), choice(may))
		}
		return p.Users[r.User].grant(), nil
	case len(may) == 1:
		return p.Users[may[0]].grant(), nil
	case slices.Contains(may, p.Default):
		return p.Users[p.Default].grant(), nil
	case len(may) > 1:
		return Grant{}, refuse("sender %q may run as several users; %s", clip(r.Sender), choice(may))
	case p.Required:
		return Grant{}, refuse("sender %q may not run as any user of this stage; %s", clip(r.Sender), addCaller)
	}
	return Grant{}, nil
}

// ownerOf returns the user with the most specific matching pattern; patterns are
// unique among users.
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

// fit rates how specifically a pattern of pipelines matches: -1 for no match, and
// an exact name above any prefix.
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

// identities are the users that a sender may run as, sorted.
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
