package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// destination is a name of a place that a stage can send notices to.
var destination = regexp.MustCompile(`^(chat|webhook|pagerduty):[a-z][a-z0-9-]*$`)

func (r *rules) notify() {
	p, n := root("notify"), r.spec.Notify
	r.targets(p.key("failure"), n.Failure)
	r.targets(p.key("success"), n.Success)
	for i, t := range n.Success {
		if strings.HasPrefix(t, "pagerduty:") {
			r.fault(p.key("success").index(i), "a success is no incident; use a chat or a webhook")
		}
	}
	if n.Deadline == 0 {
		return
	}
	r.duration(p.key("deadline"), n.Deadline, time.Minute, maxTimeout)
	if limit := r.spec.Limits.Deadline; limit != 0 && n.Deadline >= limit {
		r.fault(p.key("deadline"), "the notice must come after the beginning of the run; use less than limits.deadline, %s", limit)
	}
}

func (r *rules) targets(p *place, names []string) {
	r.atMost(p, "targets", len(names), maxList)
	for i, t := range names {
		switch at := p.index(i); {
		case slices.Contains(names[:i], t):
			r.fault(at, "duplicate %q; remove one", t)
		case t == "owner" && r.spec.Owner == "":
			r.fault(at, "the pipeline has no owner to notify; add \"owner: <e-mail address>\"")
		case t == "owner" || isEmail(t):
		default:
			r.destination(at, t)
		}
	}
}

// destination reports a name that the stage does not know.
func (r *rules) destination(at *place, t string) {
	switch {
	case !destination.MatchString(t):
		r.fault(at, "invalid target %q; use owner, an e-mail address, or a destination of the stage like chat:data", t)
	case r.destinations != nil && len(r.destinations) == 0:
		r.fault(at, "the stage has no destination %s; it has none: add it to notices in the stage's file", t)
	case r.destinations != nil && !slices.Contains(r.destinations, t):
		r.fault(at, "the stage has no destination %s; %s", t, didYouMean(closest(t, r.destinations), r.destinations))
	}
}
