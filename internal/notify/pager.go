package notify

import "time"

// pager is an event of PagerDuty's Events API v2 without its routing key, which the
// connection of EventBridge adds:
// https://developer.pagerduty.com/docs/send-alert-event
type pager struct {
	Action  string        `json:"event_action"`
	Key     string        `json:"dedup_key"`
	Client  string        `json:"client,omitempty"`
	Payload *pagerPayload `json:"payload,omitempty"`
}

type pagerPayload struct {
	Summary   string    `json:"summary"`
	Source    string    `json:"source"`
	Severity  string    `json:"severity"`
	Timestamp time.Time `json:"timestamp"`
	Component string    `json:"component,omitempty"`
	Group     string    `json:"group,omitempty"`
	Class     string    `json:"class,omitempty"`
	Details   Message   `json:"custom_details"`
}

// maxSummary is PagerDuty's limit.
const maxSummary = 1024

// Incident reports whether the message begins, continues or ends trouble. Other messages,
// such as a deadline that is near or a rejected request, would be incidents without an end.
func (m Message) Incident() bool { return m.Kind == Failure || m.Kind == Resolved }

// Pager is the message as an event of PagerDuty. Messages of one thread are one incident.
func (m Message) Pager() any {
	if m.Kind == Resolved {
		return pager{Action: "resolve", Key: m.Thread}
	}
	summary := m.Headline
	if m.Cause != "" {
		summary += ": " + m.Cause
	}
	return pager{Action: "trigger", Key: m.Thread, Client: "ephemr", Payload: &pagerPayload{
		Summary: clip(summary, maxSummary), Source: "ephemr " + m.Stage, Severity: "error", Timestamp: m.At.UTC(),
		Component: m.Pipeline, Group: m.Team, Class: m.Class, Details: m,
	}}
}
