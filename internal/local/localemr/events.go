package localemr

import (
	"encoding/json"
	"fmt"
	"time"
)

// The envelopes of EMR's events and their messages are those of "Monitoring
// Amazon EMR events with CloudWatch" in the EMR Management Guide.
const (
	eventCluster      = "EMR Cluster State Change"
	eventStep         = "EMR Step Status Change"
	eventFleet        = "EMR Instance Fleet Provisioning"
	eventGroup        = "EMR Instance Group Provisioning"
	codeInsufficient  = "EC2 provisioning - Insufficient Instance Capacity"
	eventTimeLayout   = "2006-01-02 15:04 UTC"
	severityInfo      = "INFO"
	severityWarn      = "WARN"
	severityError     = "ERROR"
	severityCritical  = "CRITICAL"
	reorderedHoldTime = 2 * time.Second
)

type clusterDetail struct {
	Severity          string `json:"severity"`
	StateChangeReason string `json:"stateChangeReason"` // a JSON object in a string
	Name              string `json:"name"`
	ClusterID         string `json:"clusterId"`
	State             string `json:"state"`
	Message           string `json:"message"`
}

type stepDetail struct {
	Severity        string `json:"severity"`
	ActionOnFailure string `json:"actionOnFailure"`
	StepID          string `json:"stepId"`
	Name            string `json:"name"`
	ClusterID       string `json:"clusterId"`
	State           string `json:"state"`
	Message         string `json:"message"`
}

type capacityDetail struct {
	Severity          string `json:"severity"`
	ClusterID         string `json:"clusterId"`
	Name              string `json:"name"`
	EventCode         string `json:"eventCode"`
	State             string `json:"state"`
	InstanceFleetID   string `json:"instanceFleetId,omitempty"`
	InstanceFleetType string `json:"instanceFleetType,omitempty"`
	InstanceGroupID   string `json:"instanceGroupId,omitempty"`
	InstanceGroupType string `json:"instanceGroupType,omitempty"`
	Message           string `json:"message"`
}

// sendClusterEvent sends the event of a cluster's state, if EMR has one.
// s.mu must be held.
func (s *Server) sendClusterEvent(c *record) {
	status := c.Cluster.Status
	severity, message := clusterMessage(c)
	if message == "" {
		return
	}
	why, err := json.Marshal(map[string]string{"code": status.StateChangeReason.Code, "message": status.StateChangeReason.Message})
	if err != nil {
		return
	}
	s.events.add(eventCluster, c, status.State, clusterDetail{
		Severity: severity, StateChangeReason: string(why), Name: c.Cluster.Name,
		ClusterID: c.Cluster.ID, State: status.State, Message: message,
	})
}

func clusterMessage(c *record) (severity, message string) {
	who := fmt.Sprintf("%s (%s)", c.Cluster.ID, c.Cluster.Name)
	at := time.Now().UTC().Format(eventTimeLayout)
	code := c.Cluster.Status.StateChangeReason.Code
	switch c.state() {
	case stateStarting:
		return severityInfo, fmt.Sprintf("Amazon EMR cluster %s was requested at %s and is being created.", who, at)
	case stateRunning:
		return severityInfo, fmt.Sprintf("Amazon EMR cluster %s began running steps at %s.", who, at)
	case stateWaiting:
		if len(c.Steps) == 0 {
			return severityInfo, fmt.Sprintf("Amazon EMR cluster %s was created at %s and is ready for use.", who, at)
		}
		return severityInfo, fmt.Sprintf("Amazon EMR cluster %s finished running all pending steps at %s.", who, at)
	case stateTerminated:
		return severityInfo, fmt.Sprintf("Amazon EMR Cluster %s has terminated at %s with a reason of %s.", who, at, code)
	case stateWithErrors:
		return severityCritical, fmt.Sprintf("Amazon EMR Cluster %s has terminated with errors at %s with a reason of %s.", who, at, code)
	default:
		return "", "" // BOOTSTRAPPING and TERMINATING have no event
	}
}

// sendStepEvent sends the event of a step's state; INTERRUPTED has none. s.mu must be held.
func (s *Server) sendStepEvent(c *record, st *stepShape) {
	severity, message := stepMessage(c, st)
	if message == "" {
		return
	}
	s.events.add(eventStep, c, st.Status.State, stepDetail{
		Severity: severity, ActionOnFailure: st.ActionOnFailure, StepID: st.ID, Name: st.Name,
		ClusterID: c.Cluster.ID, State: st.Status.State, Message: message,
	})
}

func stepMessage(c *record, st *stepShape) (severity, message string) {
	who := fmt.Sprintf("%s (%s)", st.ID, st.Name)
	where := fmt.Sprintf("%s (%s)", c.Cluster.ID, c.Cluster.Name)
	at := time.Now().UTC().Format(eventTimeLayout)
	switch st.Status.State {
	case statePending:
		return severityInfo, fmt.Sprintf("Step %s was added to Amazon EMR cluster %s at %s and is pending execution.", who, where, at)
	case stateCancelPending:
		return severityWarn, fmt.Sprintf("Step %s in Amazon EMR cluster %s was cancelled at %s and is pending cancellation.", who, where, at)
	case stateRunning:
		return severityInfo, fmt.Sprintf("Step %s in Amazon EMR cluster %s started running at %s.", who, where, at)
	case stateCompleted:
		t := st.Status.Timeline
		return severityInfo, fmt.Sprintf("Step %s in Amazon EMR cluster %s completed execution at %s. The step started running at %s and took %d minutes to complete.",
			who, where, at, t.StartDateTime.UTC().Format(eventTimeLayout), int(t.EndDateTime.Sub(t.StartDateTime.Time).Minutes()))
	case stateCancelled:
		return severityWarn, fmt.Sprintf("Cancellation request has succeeded for cluster step %s in Amazon EMR cluster %s at %s.", who, where, at)
	case stateFailed:
		return severityError, fmt.Sprintf("Step %s in Amazon EMR cluster %s failed at %s.", who, where, at)
	default:
		return "", ""
	}
}
