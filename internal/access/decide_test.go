package access_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/access"
)

const (
	ann = "AIDAANNANNANNANNANNAN"           // an IAM user
	bot = "AROABOTBOTBOTBOTBOTBO:nightly-1" // a role's session
	eve = "AIDAEVEEVEEVEEVEEVEEV"           // a caller of no user
)

func user(name string, callers, pipelines []string) access.User {
	return access.User{Name: name, Role: "arn:aws:iam::111122223333:role/" + name, Team: "team-" + name, Callers: callers, Pipelines: pipelines}
}

// with is p with a default user.
func with(name string, p access.Policy) access.Policy {
	p.Default = name
	return p
}

func policy(required bool, users ...access.User) access.Policy {
	p := access.Policy{Required: required, Users: map[string]access.User{}}
	for _, u := range users {
		p.Users[u.Name] = u
	}
	return p
}

// stage has a user for ann, one for the bot, one for both, and two without
// callers that own pipelines.
func stage(required bool) access.Policy {
	return policy(required,
		user("etl", []string{"AROABOTBOTBOTBOTBOTBO:*"}, []string{"flights-*", "sales"}),
		user("reader", []string{ann}, nil),
		user("shared", []string{ann, "AROABOTBOTBOTBOTBOTBO:nightly-*"}, []string{"flights-weekly"}),
		user("root", nil, []string{"vault"}),
		user("hourly", nil, []string{"flights-hourly-*"}),
	)
}

func TestDecide(t *testing.T) {
	t.Parallel()
	asked := func(sender, user, pipeline string) access.Request {
		return access.Request{Sender: sender, FromQueue: true, User: user, Pipeline: pipeline}
	}
	long := strings.Repeat("x", 100_000)
	for name, tt := range map[string]struct {
		policy  access.Policy
		request access.Request
		user    string // "" = none
		refuse  string // part of the refusal; "" = none
	}{
		"no users, nothing wanted":           {policy(false), asked(eve, "", ""), "", ""},
		"no users, a pipeline":               {policy(false), asked(eve, "", "sales"), "", ""},
		"no users, one wanted":               {policy(false), asked(eve, "etl", ""), "", `may not run as user "etl"`},
		"no users, one wanted of a pipeline": {policy(false), asked(eve, "etl", "sales"), "", "does not run as user"},

		"wanted and allowed":              {stage(false), asked(ann, "reader", ""), "reader", ""},
		"wanted and allowed to a session": {stage(false), asked(bot, "etl", ""), "etl", ""},
		"wanted by another":               {stage(false), asked(ann, "etl", ""), "", `sender "` + ann + `" may not run as user "etl"; it may run as reader, shared`},
		"wanted by unknown sender":        {stage(false), asked(eve, "etl", ""), "", "may not run as any user"},
		"wanted and not there":            {stage(false), asked(ann, "unknown", ""), "", `may not run as user "unknown"; it may run as reader, shared`},
		"wanted without callers":          {stage(false), asked(ann, "root", ""), "", `may not run as user "root"`},
		"several and none wanted":         {stage(false), asked(ann, "", ""), "", "may run as several users; it may run as reader, shared: name one, e.g. ephemr submit -u reader"},
		"several and a default":           {with("shared", stage(false)), asked(ann, "", ""), "shared", ""},
		"a default of others":             {with("root", stage(false)), asked(ann, "", ""), "", "may run as several users"},
		"only one, and a default":         {with("shared", stage(false)), asked("AROABOTBOTBOTBOTBOTBO:daily", "", ""), "etl", ""},
		"a default, and another wanted":   {with("shared", stage(false)), asked(ann, "reader", ""), "reader", ""},
		"unknown sender, a default":       {with("shared", stage(true)), asked(eve, "", ""), "", "may not run as any user"},
		"only one and none wanted":        {policy(false, user("reader", []string{ann}, nil)), asked(ann, "", ""), "reader", ""},
		"unknown sender, no user":         {stage(false), asked(eve, "", ""), "", ""},
		"unknown sender, user required":   {stage(true), asked(eve, "", ""), "", "may not run as any user of this stage"},
		"every sender":                    {policy(true, user("all", []string{"*"}, nil)), asked(eve, "", ""), "all", ""},

		"name of another case":      {stage(false), asked(ann, "Reader", ""), "", `may not run as user "Reader"`},
		"name with a blank":         {stage(false), asked(ann, "reader ", ""), "", `may not run as user "reader "`},
		"a pattern for a name":      {stage(false), asked(ann, "*", ""), "", `may not run as user "*"`},
		"name with a newline":       {stage(false), asked(ann, "x\nreader", ""), "", `may not run as user "x\nreader"`},
		"a very long name":          {stage(false), asked(ann, long, ""), "", "may not run as user"},
		"no sender":                 {stage(false), asked("", "reader", ""), "", `sender "" may not run as user "reader"`},
		"no sender, every caller":   {policy(true, user("all", []string{"*"}, nil)), asked("", "", ""), "", `sender "" may not run as any user`},
		"a sender like a pattern":   {stage(false), asked("AROABOTBOTBOTBOTBOTBO:*", "etl", ""), "", "may not run as"},
		"a star for a sender":       {stage(false), asked("*", "reader", ""), "", "may not run as"},
		"a sender with a newline":   {stage(false), asked(ann+"\n", "reader", ""), "", "may not run as"},
		"another's id behind its":   {stage(false), asked(eve+"\n"+ann, "reader", ""), "", "may not run as"},
		"an id in the session":      {stage(false), asked("AROAEVE:"+ann, "reader", ""), "", "may not run as"},
		"a role's id in a session":  {stage(false), asked("AROAEVE:AROABOTBOTBOTBOTBOTBO:x", "etl", ""), "", "may not run as"},
		"two sessions":              {stage(false), asked("AROABOTBOTBOTBOTBOTBO:a:b", "etl", ""), "", "may not run as"},
		"a role without a session":  {stage(false), asked("AROABOTBOTBOTBOTBOTBO", "etl", ""), "", "may not run as"},
		"an id that begins like it": {stage(false), asked(ann+"X", "reader", ""), "", "may not run as"},
		"an id in small letters":    {stage(false), asked(strings.ToLower(ann), "reader", ""), "", "may not run as"},
		"another session":           {stage(false), asked("AROABOTBOTBOTBOTBOTBO:daily-1", "shared", ""), "", "it may run as etl"},
		"a very long sender":        {stage(false), asked(long, "reader", ""), "", "may not run as"},

		"a pipeline's user":                 {stage(false), asked(bot, "", "flights-daily"), "etl", ""},
		"a pipeline's user, named":          {stage(false), asked(bot, "etl", "flights-daily"), "etl", ""},
		"a pipeline as another":             {stage(false), asked(ann, "reader", "flights-daily"), "", `pipeline flights-daily runs as user etl, not as "reader"`},
		"a pipeline of others":              {stage(false), asked(ann, "", "flights-daily"), "", `sender "` + ann + `" may not request runs of pipeline flights-daily, which runs as user etl`},
		"a pipeline of others, named":       {stage(false), asked(ann, "etl", "flights-daily"), "", "may not request runs of pipeline"},
		"the most specific user":            {stage(false), asked(ann, "", "flights-weekly"), "shared", ""},
		"the longest beginning":             {stage(false), asked(eve, "", "flights-hourly-pt"), "hourly", ""},
		"a pipeline without callers":        {stage(false), asked(eve, "", "vault"), "root", ""},
		"a name that begins like it":        {stage(false), asked(eve, "", "sales-2"), "", ""},
		"a pipeline without user":           {stage(false), asked(eve, "", "other"), "", ""},
		"a pipeline without user, as user":  {stage(false), asked(ann, "reader", "other"), "", `pipeline other does not run as user "reader"`},
		"a pipeline without user, required": {stage(true), asked(ann, "", "other"), "", "no user of this stage owns pipeline other"},
		"a schedule":                        {stage(true), access.Request{Pipeline: "flights-daily"}, "etl", ""},
		"a schedule without user":           {stage(true), access.Request{Pipeline: "other"}, "", "no user of this stage owns pipeline other"},
		"a schedule without user, optional": {stage(false), access.Request{Pipeline: "other"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.policy.Decide(tt.request)
			if tt.refuse != "" {
				if _, ok := errors.AsType[*access.RefusedError](err); !ok || !strings.Contains(err.Error(), tt.refuse) {
					t.Fatalf("got %+v, %v; want a refusal with %q", got, err, tt.refuse)
				}
				if text := err.Error(); len(text) > 1000 || strings.ContainsAny(text, "\n\x00") {
					t.Errorf("the refusal has %d characters, or lines: %q", len(text), text)
				}
				return
			}
			want := access.Grant{}
			if tt.user != "" {
				want = access.Grant{User: tt.user, Role: "arn:aws:iam::111122223333:role/" + tt.user, Team: "team-" + tt.user}
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A refusal names only users that its sender may run as.
func TestRefusalsDiscloseNoOthers(t *testing.T) {
	t.Parallel()
	for _, wanted := range []string{"etl", "root", "unknown", ""} {
		_, err := stage(true).Decide(access.Request{Sender: eve, FromQueue: true, User: wanted})
		for _, name := range []string{"etl", "reader", "shared", "root", "hourly"} {
			if name != wanted && strings.Contains(err.Error(), name) {
				t.Errorf("the refusal of an unknown sender for %q discloses %s: %v", wanted, name, err)
			}
		}
	}
	_, there := stage(true).Decide(access.Request{Sender: eve, FromQueue: true, User: "root"})
	_, not := stage(true).Decide(access.Request{Sender: eve, FromQueue: true, User: "boot"})
	if strings.ReplaceAll(there.Error(), "root", "boot") != not.Error() {
		t.Errorf("refusals disclose which users exist:\n%v\n%v", there, not)
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for pattern, ok := range map[string]bool{
		"*": true, ann: true, "AROABOTBOTBOTBOTBOTBO:*": true, "AROABOTBOTBOTBOTBOTBO:nightly-*": true,
		"AROABOTBOTBOTBOTBOTBO:*@example.com": true, "AROABOTBOTBOTBOTBOTBO:ann@example.com": true, "111122223333": true,
		"": false, "**": false, "A*": false, "AIDA*": false, "AROA*:x": false, "*:ann": false, "AROABOTBOTBOTBOTBOTBO": false,
		"AROABOTBOTBOTBOTBOTBO:": false, "ann": false, "AIDA ANN ANN ANN": false, ann + "\n": false,
		"arn:aws:iam::111122223333:user/ann": false, "AROABOTBOTBOTBOTBOTBO:a:b": false, strings.Repeat("A", 129): false,
	} {
		if why := access.ValidCaller(pattern); (why == "") != ok {
			t.Errorf("caller %q: %q", pattern, why)
		}
	}
	for pattern, ok := range map[string]bool{
		"*": true, "flights-*": true, "flights-daily": true, "f*": true,
		"": false, "*-daily": false, "fl*ts": false, "flights-**": false, "Flights": false, "a\n": false, "?": false,
	} {
		if access.ValidPipelines(pattern) != ok {
			t.Errorf("pipelines %q: want %t", pattern, ok)
		}
	}
}

// Whatever is between stars stays in order, and nothing is used twice.
func TestStars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, session string
		ok               bool
	}{
		{"*", "anything", true},
		{"a*", "a", true},
		{"a*a", "a", false},
		{"a*b*c", "a-c-b", false},
		{"a*b*c", "a.b.b.c", true},
		{"*ab*ab", "ab", false},
		{"x*", "ax", false},
		{"*x", "xa", false},
	} {
		p := policy(true, user("u", []string{"AROABOTBOTBOTBOTBOTBO:" + tt.pattern}, nil))
		if _, err := p.Decide(access.Request{Sender: "AROABOTBOTBOTBOTBOTBO:" + tt.session, FromQueue: true}); (err == nil) != tt.ok {
			t.Errorf("%s and %s: %v", tt.pattern, tt.session, err)
		}
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(ann, "reader", "")
	f.Add(bot, "", "flights-daily")
	f.Add("AROABOTBOTBOTBOTBOTBO:nightly-", "shared", "")
	f.Fuzz(func(t *testing.T, sender, wanted, pipeline string) {
		got, err := stage(false).Decide(access.Request{Sender: sender, FromQueue: true, User: wanted, Pipeline: pipeline})
		if err != nil && got != (access.Grant{}) || wanted != "" && err == nil && got.User != wanted {
			t.Fatalf("%q as %q: %+v, %v", sender, wanted, got, err)
		}
		may := map[string][]string{"AROABOTBOTBOTBOTBOTBO": {"etl", "shared"}, ann: {"reader", "shared"}}
		id, _, _ := strings.Cut(sender, ":")
		if slices.Contains([]string{"etl", "reader", "shared"}, got.User) && !slices.Contains(may[id], got.User) {
			t.Fatalf("%q got %+v", sender, got)
		}
	})
}
