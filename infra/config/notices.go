package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/stage"
)

// Notices configures where notices can go beside the stage's topic, by the names that
// pipeline files use: chat:NAME, webhook:NAME, pagerduty:NAME.
type Notices struct {
	Window    pipeline.Duration    `yaml:"window"`    // between two messages of a thread; 0 = stage.DefaultWindow
	Chats     []string             `yaml:"chats"`     // each is a topic for a channel of Amazon Q Developer
	Webhooks  map[string]Webhook   `yaml:"webhooks"`  //
	PagerDuty map[string]PagerDuty `yaml:"pagerduty"` //
}

// Webhook is an HTTPS address that gets messages as JSON.
type Webhook struct {
	URL    string `yaml:"url"`
	Header string `yaml:"header"` // that authenticates; empty = Authorization
	Secret string `yaml:"secret"` // name of the secret in Secrets Manager with the header's value
}

// PagerDuty is a service of PagerDuty with an integration of type Events API v2.
type PagerDuty struct {
	Secret string `yaml:"secret"` // name of the secret in Secrets Manager with the routing key
	URL    string `yaml:"url"`    // empty = PagerDuty's in the US
}

// maxDestinations keeps the messages about all threads of a pipeline in few transactions.
const maxDestinations = 10

var destinationName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)

// Destinations lists the names of all destinations as pipeline files write them, sorted.
func (n Notices) Destinations() []string {
	var all []string
	for kind, names := range map[string][]string{
		stage.Chat: n.Chats, stage.Webhook: slices.Collect(maps.Keys(n.Webhooks)), stage.PagerDuty: slices.Collect(maps.Keys(n.PagerDuty)),
	} {
		for _, name := range names {
			all = append(all, kind+":"+name)
		}
	}
	slices.Sort(all)
	return all
}

func (n Notices) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("notices."+format, args...))
		}
	}
	window := n.Window.Std()
	need(window == 0 || window >= time.Minute && window <= 24*time.Hour, "window %s must be 1m to 24h", n.Window)
	need(len(n.Destinations()) <= maxDestinations, "chats, webhooks and pagerduty must be at most %d together", maxDestinations)
	for i, name := range n.Chats {
		need(!slices.Contains(n.Chats[:i], name), "chats: %q twice; remove one", name)
		need(destinationName.MatchString(name), "chats: name %q must be up to 30 of a-z, 0-9 and -, beginning with a letter", name)
	}
	for name, w := range n.Webhooks {
		need(destinationName.MatchString(name), "webhooks: name %q must be up to 30 of a-z, 0-9 and -, beginning with a letter", name)
		need(secureURL(w.URL), "webhooks.%s.url %q must begin with https://", name, w.URL)
		need(w.Secret != "", "webhooks.%s.secret is missing: the name of a secret in Secrets Manager", name)
	}
	for name, p := range n.PagerDuty {
		need(destinationName.MatchString(name), "pagerduty: name %q must be up to 30 of a-z, 0-9 and -, beginning with a letter", name)
		need(p.URL == "" || secureURL(p.URL), "pagerduty.%s.url %q must begin with https://", name, p.URL)
		need(p.Secret != "", "pagerduty.%s.secret is missing: the name of a secret in Secrets Manager", name)
	}
	return errors.Join(errs...)
}

func secureURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}
