package stage

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"ephemr/internal/pipeline"
)

// Notices says where notices can go, and how often.
type Notices struct {
	// Window is the least time between two messages of a thread, after the first.
	Window pipeline.Duration `json:"window,omitzero"`
	// Destinations are those of pipeline files, such as chat:data-alerts: ARN of the topic
	// of a chat, "" for those that rules of EventBridge pass on to.
	Destinations map[string]string `json:"destinations,omitempty"`
}

// Kinds of destinations.
const (
	Chat      = "chat"
	Webhook   = "webhook"
	PagerDuty = "pagerduty"
)

// DefaultWindow is the window of stages that set none.
const DefaultWindow = 10 * time.Minute

// Every is the window.
func (n Notices) Every() time.Duration { return cmp.Or(n.Window.Std(), DefaultWindow) }

// Names lists the destinations, sorted.
func (n Notices) Names() []string { return slices.Sorted(maps.Keys(n.Destinations)) }
